"""LRS3: sentences of TED talks, for dubbing and lip-to-speech."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vsseval.datasets import clip_lists, lrs
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import LIP_TO_SPEECH

__all__ = ["lrs3"]

_CROSS = re.compile(r"(?P<talk>.{11})_(?P<voice>\d+)_(?P<target>\d+)(?:\s.*)?")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of the folder `test`, or those of a list: `<talk>/<number>`, or AlignDiT's pairs of numbers.

    Raises:
        UsageError: the list names no clips.
    """
    if source.listed is None:
        return lrs.entries(source, lrs.in_folder(source, "test"))
    paired = source.variant.reference_mode == "same_speaker_fixed"
    parse = _pair if paired else lrs.clip_of
    return lrs.entries(
        source, [clip for _, clip in clip_lists.parsed(source.list, clip_lists.lines(source.list), parse)]
    )


def _pair(cells: list[str]) -> lrs.Clip:
    match = _CROSS.fullmatch(cells[0])
    if match is None:
        raise ValueError(f"{cells[0]!r} is no <talk>_<reference>_<target>: eleven characters and two numbers")
    return lrs.Clip(match["talk"], match["target"], match["voice"])


_PIN = Pin(names=("test.txt",), url="a list of your own")
_ALIGNDIT = Pin(
    names=("lrs3_test_cross_sentence.lst", "lrs3_aligndit_test_cross_sentence.lst"),
    url="AlignDiT's repository",
)

lrs3 = Dataset(
    name="lrs3",
    task="vtts",
    description="Sentences of TED talks.",
    licence="TED terms, CC BY-NC-ND 4.0: never fetched by vsseval",
    citation="Afouras et al., LRS3-TED: A large-scale dataset for visual speech recognition, 2018, arXiv 1809.00496",
    home="https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs3.html",
    layout="test/<talk>/<nnnnn>.mp4 and .txt, or videos/test/..., audios/test/..., text/test/<talk>/<nnnnn>.txt",
    list_clips=list_clips,
    variants=(
        Variant(
            name="test", description="Without a speaker prompt, as lip-to-speech systems are run.", pin=_PIN,
            optional=True,
        ),
        Variant(
            name="aligndit", description="AlignDiT's cross-sentence pairs.", size=517, pin=_ALIGNDIT,
            reference_mode="same_speaker_fixed",
        ),
        Variant(name="setting1", description="For dubbing.", pin=_PIN, optional=True, reference_mode="gt"),
    ),
    metrics=LIP_TO_SPEECH,
    profile="aligndit",
    protocol="Lengths are the videos'. Transcripts in capitals are given in lower case. Intervals go by talk.",
    inputs=("video", "transcript", "speaker"),
    known_losses="None by itself.",
)  # fmt: skip
