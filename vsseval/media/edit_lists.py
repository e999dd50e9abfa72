"""What the edit lists of an MP4 or QuickTime file say: when each track ends for a player, and how many edits there are.

FFmpeg follows such lists, but what it says of a track's length is the shorter of the list's and the media's own, which
is neither where a list begins with nothing, shows a part twice or holds a gap. And it takes time and memory by the
number of edits times that of packets, so that a file of two megabytes keeps it busy for an hour.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from vsseval.errors import Unmeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MOST_EDITS", "edited_ends", "require_few_edits"]

MOST_EDITS = 1000
"""Of all tracks together; a film that is cut a thousand times is written anew, and not by a list."""
_MOST_BOXES = 10_000
_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"uuid"})
"""Boxes that such a file begins with."""
_HEAD, _LONG = struct.Struct(">I4s"), struct.Struct(">Q")
_NARROW, _WIDE = struct.Struct(">Ii4x"), struct.Struct(">Qq4x")
"""Length and begin of an edit; its rate is not followed."""


class _Box(NamedTuple):
    kind: bytes
    start: int
    """Byte at which its content begins."""
    end: int


def require_few_edits(path: Path) -> None:
    """Raise Unmeasurable where the tracks of a file have more than `MOST_EDITS` edits."""
    with path.open("rb") as file:
        edits = sum(_count(file, box) for box in _all(file, b"moov", b"trak", b"edts", b"elst"))
    if edits > MOST_EDITS:
        raise Unmeasurable(
            f"{path.name}: its edit lists have {edits:,} edits, more than the {MOST_EDITS:,} that are followed; "
            "write it anew with ffmpeg"
        )


def edited_ends(path: Path) -> dict[int, float]:
    """Return when each track of several edits ends, in seconds on the time line of the player, by its number.

    Of those with one, as most have, FFmpeg knows. Empty for files of other formats, and for those in fragments, whose
    headers do not know.
    """
    found: dict[int, float] = {}
    with path.open("rb") as file:
        for movie in _all(file, b"moov"):
            if any(True for _ in _all(file, b"mvex", within=movie)):
                return {}
            scale = _scale(file, movie, b"mvhd")
            for track in _all(file, b"trak", within=movie):
                number, end = _track(file, track, scale)
                if end is not None:
                    found[number] = end
    return found


def _track(file: BinaryIO, track: _Box, scale: int) -> tuple[int, float | None]:
    """Return the number of a track and when it ends; None where FFmpeg knows, or nobody."""
    number, media = 0, 0.0
    for box in _all(file, b"tkhd", within=track):
        number = _number(file, box.start + (20 if _version(file, box) else 12))
    for box in _all(file, b"mdia", b"mdhd", within=track):
        own = _scale_at(file, box)
        length = _number(file, box.start + 24, 8) if _version(file, box) else _number(file, box.start + 16)
        media = length / own if own else 0.0
    edits = [edit for box in _all(file, b"edts", b"elst", within=track) for edit in _edits(file, box)]
    if len(edits) < 2 or not media or not scale:
        return number, None
    return number, sum(length / scale if begin == -1 else min(length / scale, media) for length, begin in edits)


def _edits(file: BinaryIO, box: _Box) -> Iterator[tuple[int, int]]:
    """Yield the length of each edit in units of the movie, and its begin in units of the media; -1 for nothing."""
    count, form = _count(file, box), _form(file, box)
    file.seek(box.start + 8)
    data = file.read(min(count, MOST_EDITS) * form.size)
    yield from form.iter_unpack(data[: len(data) // form.size * form.size])


def _count(file: BinaryIO, box: _Box) -> int:
    """Return how many edits a list has: as many as it says, if there is room for them."""
    return max(min(_number(file, box.start + 4), (box.end - box.start - 8) // _form(file, box).size), 0)


def _form(file: BinaryIO, box: _Box) -> struct.Struct:
    return _WIDE if _version(file, box) else _NARROW


def _scale(file: BinaryIO, movie: _Box, kind: bytes) -> int:
    return next((_scale_at(file, box) for box in _all(file, kind, within=movie)), 0)


def _scale_at(file: BinaryIO, box: _Box) -> int:
    """Return the units a second that a header of a movie or of media says."""
    return _number(file, box.start + (20 if _version(file, box) else 12))


def _version(file: BinaryIO, box: _Box) -> int:
    file.seek(box.start)
    return int.from_bytes(file.read(1), "big")


def _number(file: BinaryIO, at: int, size: int = 4) -> int:
    file.seek(at)
    return int.from_bytes(file.read(size), "big")


def _all(file: BinaryIO, *kinds: bytes, within: _Box | None = None) -> Iterator[_Box]:
    """Yield all boxes of a kind within one, or in the file: the last of `kinds`, in boxes of the others."""
    kind, *rest = kinds
    for box in _boxes(file, within):
        if box.kind == kind:
            yield from _all(file, *rest, within=box) if rest else (box,)


def _boxes(file: BinaryIO, within: _Box | None) -> Iterator[_Box]:
    """Yield the boxes in one, or in the file; none where it is of another format, and no more after a damaged one."""
    at, end = (within.start, within.end) if within else (0, file.seek(0, 2))
    for number in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = _HEAD.unpack_from(head)
        start = at + 8
        if size == 1 and len(head) == 16:
            (size,), start = _LONG.unpack_from(head, 8), at + 16
        size = size or end - at
        if size < start - at or (number == 0 and within is None and kind not in _FIRST):
            return
        yield _Box(kind, start, min(at + size, end))
        at += size
