"""The VSSFlow authors' list of AudioSet clips with speech: sound and speech together, timed by a recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import JOINT

__all__ = ["vssflow_joint"]

_SECONDS = 10.0
"""What the authors' model makes."""
_LEAST_SPEECH = 0.3
"""Seconds."""
_FASTEST = 6.0
"""Words per second; more is a recogniser's mistake."""


class _Row(NamedTuple):
    stem: str
    text: str
    start: float
    end: float


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of `av_metadata_500.tsv`: id, path, transcript, start and end of the speech.

    Speech is cut where the clip ends. A row whose speech begins after that, lasts less than 0.3 s or has more than six
    words a second is no fair task: it stays in N with a problem.

    Raises:
        UsageError: the list holds something else.
    """
    rows = [row for _, row in clip_lists.parsed(source.list, clip_lists.table(source.list, "\t"), _row)]
    return [_entry(source, row) for row in rows]


def _row(cells: list[str]) -> _Row:
    if len(cells) != 5:
        raise ValueError(f"{len(cells)} cells between tabs: expected id, path, transcript, start and end")
    stem = PurePosixPath(cells[1]).name.removesuffix(".mp4")
    if not stem.startswith(cells[0]) or len(cells[0]) != 11:
        raise ValueError(f"{cells[1]!r} is no video of {cells[0]!r}")
    return _Row(stem, cells[2], float(cells[3]), float(cells[4]))


def _entry(source: DatasetSource, row: _Row) -> ClipEntry:
    found = source.tree.stem("video", row.stem)
    end = min(row.end, _SECONDS)
    spoken = max(end - row.start, 0.0)
    words = len(row.text.split())
    unfair = None
    if row.start >= _SECONDS:
        unfair = f"unfair: the speech begins at {row.start:g} s, after the end"
    elif spoken < _LEAST_SPEECH:
        unfair = f"unfair: the speech lasts {spoken:.2f} s"
    elif words > _FASTEST * (row.end - row.start):
        unfair = f"unfair: {words} words in {row.end - row.start:.2f} s"
    return ClipEntry(
        id=row.stem, cluster=row.stem[:11], video=found.path, own_sound=True, transcript=row.text,
        speech_window=None if unfair else (row.start, end), problem=found.problem or unfair,
    )  # fmt: skip


vssflow_joint = Dataset(
    name="vssflow_joint",
    task="joint",
    description="AudioSet clips in which somebody speaks.",
    licence="the list comes with VSSFlow's code; the videos stay with their owners",
    citation="VSSFlow: the authors' data/av_metadata_500.tsv",
    home="the authors' repository",
    layout="<YouTube id>_<start, one decimal>.mp4 anywhere below; av_metadata_500.tsv",
    list_clips=list_clips,
    variants=(
        Variant(
            name="av500", description="495 rows, in spite of the name.", size=495, seconds=_SECONDS,
            pin=Pin(names=("av_metadata_500.tsv", "data/av_metadata_500.tsv"), url="VSSFlow's repository"),
        ),
    ),
    metrics=JOINT,
    profile="vssflow",
    protocol=(
        "No speaker prompt. Transcripts are automatic, so WER has an unknown floor: score the reference first. Speech "
        "that goes beyond ten seconds (382 clips) cannot all be said."
    ),
    inputs=("video", "transcript"),
    known_losses="All clips are of AudioSet's balanced training set: systems trained on AudioSet have seen them.",
)  # fmt: skip
