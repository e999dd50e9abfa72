"""Chem: one lecturer of chemistry, cut into sentences (the version of Neural Dubber, from Lip2Wav's videos)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import DUBBING
from vsseval.datasets.speaker_prompts import prompt_clips
from vsseval.datasets.transcripts import transcript_or_reason

__all__ = ["chem"]

_CLIP = re.compile(r"(?:chem_00_)?(?P<sentence>(?P<youtube>.{11})-(?P<number>\d{3,}))")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the sentences of a list (`chem_00_<YouTube id>-<nnn>`), or without one all videos of the folder.

    Raises:
        UsageError: the list holds something else.
    """
    if source.listed is None:
        stems = (path.stem for path in source.tree.media("video"))
        sentences = sorted({match["sentence"] for stem in stems if (match := _CLIP.fullmatch(stem))})
    else:
        sentences = [sentence for _, sentence in clip_lists.parsed(source.list, clip_lists.barred(source.list), _row)]
    voices = prompt_clips(dict.fromkeys(sentences, "chem_00"), source.variant.seed)
    gt = source.variant.reference_mode == "gt"
    return [_entry(source, sentence, sentence if gt else voices[sentence]) for sentence in dict.fromkeys(sentences)]


def _row(cells: list[str]) -> str:
    match = _CLIP.fullmatch(re.sub(r"\.(wav|mp4|lab)$", "", cells[0].rsplit("/", 1)[-1]))
    if match is None:
        raise ValueError(f"{cells[0]!r} is no sentence of Chem: chem_00_<YouTube id>-<nnn>")
    return match["sentence"]


def _entry(source: DatasetSource, sentence: str, voice: str | None) -> ClipEntry:
    names = (sentence, f"chem_00_{sentence}")
    video, sound = source.tree.stem("video", *names), source.tree.stem("audio", *names)
    text, silent = transcript_or_reason(*source.tree.stem("text", *names))
    prompt = source.tree.stem("audio", voice, f"chem_00_{voice}").path if voice else None
    if prompt is None and voice:
        prompt = source.tree.stem("video", voice, f"chem_00_{voice}").path
    lost = None if prompt else "no speaker prompt: there is no other recording, or the chosen one is absent"
    return ClipEntry(
        id=f"chem_00_{sentence}", cluster=sentence[:11], video=video.path, reference=sound.path,
        own_sound=sound.path is None, speaker_prompt=prompt, transcript=text, problem=video.problem or silent or lost,
    )  # fmt: skip


_PIN = Pin(names=("test.txt", "chem_test.txt"), url="the authors of the paper that is followed: no list is public")

chem = Dataset(
    name="chem",
    task="vtts",
    description="One lecturer of chemistry, sentence by sentence.",
    licence="not stated; the videos stay with their owners",
    citation="Prajwal et al., Learning individual speaking styles for accurate lip to speech synthesis, CVPR 2020",
    home="https://github.com/Rudrabha/Lip2Wav",
    layout="sentence_video_25fps/<YouTube id>-<nnn>.mp4, speakers/chem_00/chem_00_<YouTube id>-<nnn>.wav and .lab",
    list_clips=list_clips,
    variants=(
        Variant(
            name="setting2", description="The sentences of your list; papers take 200.", pin=_PIN,
            reference_mode="same_speaker_random",
        ),
        Variant(
            name="setting1", description="The sentences of your list; papers take 200.", pin=_PIN, reference_mode="gt"
        ),
        Variant(name="all", description="All videos of the folder.", reference_mode="same_speaker_random"),
    ),
    metrics=DUBBING,
    profile="v2c",
    protocol="Lengths are the videos'. Intervals are clustered by lecture.",
    inputs=("video", "transcript", "speaker"),
    known_losses="Lip2Wav lists 16 test lectures; the 200 sentences of Neural Dubber are not public.",
)  # fmt: skip
