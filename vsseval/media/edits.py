"""By how much PyAV shows the pictures of an MP4 too early whose edit list begins within a picture.

Files cut without being encoded anew begin so. FFmpeg (8) drops the picture that is on the screen then, and moves all
others ahead until the next one begins at zero; of the sound it drops whole samples, and moves nothing. Read without its
handling of edit lists, packets keep the times that the list gives them, and the two readings of one packet differ by
what was moved.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vsseval.media.opening import opened
from vsseval.media.streams import formats

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["moved_ahead"]

_PLAIN = {"advanced_editlist": "0"}
_LONGEST = Fraction(1, 2)
"""Seconds. No picture of a moving scene is shown for longer; a greater difference has another cause: a list of several
edits, which is not understood without FFmpeg's handling."""


def moved_ahead(path: Path, container: Any, stream: Any) -> Fraction:
    """Return the seconds that are to be added to the times of a video stream; zero in most files.

    Args:
        path: the file.
        container: opened; it is not read from.
        stream: of its pictures.
    """
    if not formats(container) & {"mov", "mp4"}:
        return Fraction(0)
    with opened(path) as edited:
        first = _first(edited, edited.streams[stream.index], None)
    if first is None or not first[2]:
        return Fraction(0)
    with opened(path, options=_PLAIN) as plain:
        same = _first(plain, plain.streams[stream.index], first[0])
    moved = same[1] - first[1] if same is not None else Fraction(0)
    return moved if 0 < moved < _LONGEST else Fraction(0)


def _first(container: Any, stream: Any, position: int | None) -> tuple[int, Fraction, bool] | None:
    """Return the place, the time, and whether others were left out before it, of a packet.

    It is the one at `position`; or where that is None, the one that is shown first.
    """
    shown: tuple[int, Fraction, bool] | None = None
    left_out, seen = False, 0
    for packet in container.demux(stream):
        if packet.pts is None or packet.pos is None:
            continue
        at = Fraction(packet.pts * packet.time_base)
        if position is not None:
            if packet.pos == position:
                return packet.pos, at, False
            continue
        left_out = left_out or packet.is_discard
        if packet.is_discard:
            continue
        if shown is None or at < shown[1]:
            shown = (packet.pos, at, left_out)
        seen += 1
        if seen > _REORDERED:
            break
    return shown


_REORDERED = 32
"""Packets among which the one that is shown first is found; codecs reorder by at most sixteen."""
