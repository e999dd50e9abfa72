"""The Greatest Hits: a drumstick hits and scratches materials; the onsets of the sounds are annotated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH
from vsseval.errors import UsageError

__all__ = ["greatest_hits"]

_NAMES = ("{}_denoised", "{}_denoised_thumb", "{}", "{}_mic")
"""Names of a recording's files in the download, the cleaned sound first."""


class _Row(NamedTuple):
    name: str
    start: float = 0.0
    end: float | None = None


class _Hits(NamedTuple):
    times: tuple[float, ...] = ()
    label: str | None = None


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the recordings of a list, or the segments `name,start,end` of one; onsets are the events.

    Raises:
        UsageError: the list holds something else, or `<name>_times.txt` is damaged.
    """
    rows = [row for _, row in clip_lists.parsed(source.list, clip_lists.table(source.list), _row)]
    return [_entry(source, row) for row in rows]


def _row(cells: list[str]) -> _Row:
    name = PurePosixPath(cells[0]).name
    for ending in (".mp4", "_thumb", "_denoised"):
        name = name.removesuffix(ending)
    if len(cells) not in {1, 3} or not name[:4].isdigit():
        raise ValueError(f"{','.join(cells)!r} is no recording (2015-02-16-16-49-06) and no `recording,start,end`")
    start, end = (float(cells[1]), float(cells[2])) if len(cells) == 3 else (0.0, math.inf)
    if not 0 <= start < end:
        raise ValueError(f"{start:g} to {end:g} s is no segment of time")
    return _Row(name, start, None if math.isinf(end) else end)


def _entry(source: DatasetSource, row: _Row) -> ClipEntry:
    names = [form.format(row.name) for form in _NAMES]
    candidates = [source.tree.stem("video", name) for name in names]
    video = next((found for found in candidates if found.path), candidates[0])
    sounds = (source.tree.sound_of(video.path, name) for name in names) if video.path else iter(())
    sound = next((path for path in sounds if path), None)
    hits = _hits(_times(video.path, row.name))
    end = math.inf if row.end is None else row.end
    return ClipEntry(
        id=row.name if row.end is None else f"{row.name}_{row.start:g}_{row.end:g}",
        cluster=row.name, video=video.path, reference=sound, own_sound=sound is None, label=hits.label,
        events=tuple(round(time - row.start, 6) for time in hits.times if row.start <= time < end),
        start=row.start, seconds=None if row.end is None else row.end - row.start, problem=video.problem,
    )  # fmt: skip


def _times(video: Path | None, name: str) -> Path | None:
    path = video.parent / f"{name}_times.txt" if video else None
    return path if path and path.is_file() else None


def _hits(path: Path | None) -> _Hits:
    """Read lines of `seconds material action reaction`."""
    if path is None:
        return _Hits()
    rows = [line.split() for _, (line,) in clip_lists.lines(clip_lists.read_list(path))]
    try:
        times = tuple(sorted(float(row[0]) for row in rows))
    except ValueError as error:
        raise UsageError(f"{path} holds no times of hits: {error}") from error
    what = Counter(" ".join(row[1:3]) for row in rows if len(row) > 2 and "None" not in row[1:3])
    return _Hits(times, what.most_common(1)[0][0] if what else None)


greatest_hits = Dataset(
    name="greatest_hits",
    task="v2s",
    description="A drumstick hits and scratches objects of 17 materials.",
    licence="not stated with the data; read its page",
    citation="Owens et al., Visually indicated sounds, CVPR 2016",
    home="https://andrewowens.com/vis/",
    layout="<recording>_denoised.mp4 or _denoised_thumb.mp4, _denoised.wav, _times.txt; test.txt",
    list_clips=list_clips,
    variants=(
        Variant(
            name="test", description="The recordings, or the segments, of test.txt.",
            pin=Pin(names=("test.txt", "TheGreatestHits/test.txt"), url="https://andrewowens.com/vis/"),
        ),
    ),
    metrics=(*AVBENCH, "onset_acc@condfoleygen", "onset_ap@condfoleygen"),
    profile="avbench",
    protocol="Onsets of `_times.txt` are the events. Papers cut segments of 2 to 10 s: name them in the list.",
    inputs=("video",),
    known_losses="None: one archive.",
)  # fmt: skip
