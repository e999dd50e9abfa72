"""seed-tts-eval: sentences in the voice of a prompt, English of Common Voice and Mandarin of DiDiSpeech-2.

Lines of its lists are `utterance|text of the prompt|prompt.wav|sentence`, or with a fifth cell, the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import SPEECH

__all__ = ["seedtts"]

CELLS = (4, 5)
RATES = {"en": 14.0, "zh": 4.0}
"""Characters a second, by which the length of a sentence without a recording is guessed."""
PAUSE = 1.0


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return every sentence of a list, with its prompt and, where it lies below `wavs`, its recording.

    Raises:
        UsageError: a line has another number of cells.
    """
    folder = _folder(source)
    language = source.variant.name.partition("-")[0]
    language = language if language in RATES else "en"
    rows = clip_lists.parsed(source.list, clip_lists.barred(source.list), _row)
    return [_entry(source, folder, language, *row) for _, row in rows]


def _row(cells: list[str]) -> tuple[str, str, str, str | None]:
    if len(cells) not in CELLS or not all(cells[:4]):
        raise ValueError(f"{len(cells)} cells; expected utterance|text of the prompt|prompt.wav|sentence")
    name = PurePosixPath(cells[0])
    return (
        (name.stem if name.suffix.lower() == ".wav" else name.name),
        cells[2],
        cells[3],
        cells[-1] if len(cells) == CELLS[1] else None,
    )


def _folder(source: DatasetSource) -> str:
    """Return the folder of the list below the root: paths in it are relative to that."""
    path = source.list.path
    if path.is_relative_to(source.tree.root):
        parent = PurePosixPath(path.relative_to(source.tree.root)).parent.as_posix()
        return "" if parent == "." else f"{parent}/"
    return f"{source.variant.name[:2]}/"


def _entry(
    source: DatasetSource, folder: str, language: str, name: str, prompt: str, sentence: str, sound: str | None
) -> ClipEntry:
    voice = source.tree.at(folder + prompt)
    own = source.tree.at(folder + (sound or f"wavs/{name}.wav"))
    return ClipEntry(
        id=name, cluster=PurePosixPath(prompt).stem, transcript=sentence, language=language, speaker_prompt=voice,
        reference=own, seconds=None if own else PAUSE + len(sentence) / RATES[language],
        problem=None if voice else f"absent: no file is named {folder}{prompt}",
    )  # fmt: skip


_ARCHIVE = "https://github.com/BytedanceSpeech/seed-tts-eval (its Google Drive)"

seedtts = Dataset(
    name="seedtts",
    task="tts",
    description="Sentences in the voice of a prompt: 1,000 English and 2,000 Mandarin ones, and hard cases.",
    licence="CC0 (Common Voice), DiDiSpeech-2's terms",
    citation="Anastassiou et al., Seed-TTS: A Family of High-Quality Versatile Speech Generation Models, 2024",
    home="https://github.com/BytedanceSpeech/seed-tts-eval",
    layout="en/meta.lst, en/prompt-wavs/*.wav, en/wavs/*.wav; zh/meta.lst, zh/hardcase.lst and the same",
    list_clips=list_clips,
    prompts=True,
    variants=(
        Variant(name="en", pin=Pin(names=("en/meta.lst", "meta.lst"), url=_ARCHIVE)),
        Variant(name="zh", pin=Pin(names=("zh/meta.lst",), url=_ARCHIVE)),
        Variant(name="zh-hard", pin=Pin(names=("zh/hardcase.lst",), url=_ARCHIVE)),
    ),
    metrics=SPEECH,
    profile="seedtts",
    protocol="No video. English word errors are Whisper large-v3's, by sentence, then averaged (wer@seedtts, with "
    "wer_over50@seedtts); likeness is WavLM-large's to the prompt. Mandarin is heard by Paraformer-zh there, which is "
    "not here: recognisers of English do not apply to zh. Lengths are the recordings', or a guess by the "
    "length of the sentence; what a system makes is not cut to it. Intervals go by prompt.",
    inputs=("transcript", "speaker"),
    known_losses="None known.",
)
