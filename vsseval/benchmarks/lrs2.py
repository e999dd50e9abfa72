"""LRS2: sentences of BBC television, for dubbing and lip-to-speech."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists, lrs
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import LIP_TO_SPEECH

__all__ = ["lrs2"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of `test.txt` (a word such as NF after the name is left out).

    Raises:
        UsageError: the list names no clips.
    """
    rows = [clip for _, clip in clip_lists.parsed(source.list, clip_lists.lines(source.list), lrs.clip_of)]
    return lrs.entries(source, rows)


_PIN = Pin(names=("test.txt", "LRS2/test.txt"), url="the data set's page, under its agreement")

lrs2 = Dataset(
    name="lrs2",
    task="vtts",
    description="Sentences of BBC television.",
    licence="BBC research agreement: never fetched by vsseval",
    citation="Afouras et al., Deep audio-visual speech recognition, IEEE TPAMI, 2018",
    home="https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs2.html",
    layout="main/<video>/<nnnnn>.mp4 and .txt, or video_25fps/<video>/..., audios/main/<video>/<nnnnn>.wav; test.txt",
    list_clips=list_clips,
    variants=(
        Variant(name="test", description="Without a speaker prompt, as lip-to-speech systems are run.", pin=_PIN),
        Variant(name="setting1", description="For dubbing.", pin=_PIN, reference_mode="gt"),
    ),
    metrics=LIP_TO_SPEECH,
    profile="aligndit",
    protocol="Lengths are the videos'. Transcripts in capitals are given in lower case. Intervals go by video.",
    inputs=("video", "transcript", "speaker"),
    known_losses="None by itself; papers take subsets (VSSFlow 697 clips).",
)
