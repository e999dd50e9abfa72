"""LJSpeech: one reader; plain text-to-speech."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import SPEECH

__all__ = ["ljspeech"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the sentences of a list: `LJ001-0001|raw|normalised`, or `DUMMY/LJ001-0001.wav|text`.

    Raises:
        UsageError: the list holds something else.
    """
    rows = [row for _, row in clip_lists.parsed(source.list, clip_lists.barred(source.list), _row)]
    return [_entry(source, clip, text) for clip, text in rows]


def _row(cells: list[str]) -> tuple[str, str]:
    clip = cells[0].rsplit("/", 1)[-1].removesuffix(".wav")
    if len(cells) not in {2, 3} or not clip.startswith("LJ") or not (text := cells[-1] or cells[1]):
        raise ValueError(f"{'|'.join(cells)[:60]!r} is no LJ001-0001|text and no LJ001-0001|text|normalised text")
    return clip, text


def _entry(source: DatasetSource, clip: str, text: str) -> ClipEntry:
    sound = source.tree.stem("audio", clip)
    return ClipEntry(
        id=clip, cluster=clip.partition("-")[0], reference=sound.path, transcript=text, problem=sound.problem
    )  # fmt: skip


ljspeech = Dataset(
    name="ljspeech",
    task="tts",
    description="Read sentences of one speaker.",
    licence="public domain",
    citation="Ito and Johnson, The LJ Speech dataset, 2017",
    home="https://keithito.com/LJ-Speech-Dataset/",
    layout="wavs/LJ001-0001.wav, metadata.csv",
    list_clips=list_clips,
    variants=(
        Variant(
            name="test", description="The test list of Tacotron 2.",
            pin=Pin(
                names=("ljs_audio_text_test_filelist.txt", "filelists/ljs_audio_text_test_filelist.txt"),
                url="https://github.com/NVIDIA/tacotron2, filelists/ljs_audio_text_test_filelist.txt",
            ),
        ),
        Variant(name="all", description="All sentences.", pin=Pin(names=("metadata.csv",), url="the data set itself")),
    ),
    metrics=SPEECH,
    profile="seedtts",
    protocol="No video. Lengths are the references'. No speaker prompt: one voice. Intervals go by book.",
    inputs=("transcript",),
    known_losses="None.",
)  # fmt: skip
