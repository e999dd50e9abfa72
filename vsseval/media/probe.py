"""What is in a media file, as the decoder finds it."""

from __future__ import annotations

from pathlib import Path

from vsseval.media import wire
from vsseval.media.apart import ask, raw
from vsseval.media.facts import Probe
from vsseval.media.memory import recalled
from vsseval.media.opening import check_file

__all__ = ["check_video", "probe"]


def probe(path: Path | str) -> Probe:
    """Return what a media file holds.

    Headers are believed where the format states exact durations (MP4); elsewhere packets are counted.

    Raises:
        BeyondLimit: its pictures are larger than is allowed (see `vsseval.media.limits`).
        Unmeasurable: the file is missing, empty or unreadable, holds neither video nor audio, or is found
            truncated when its packets are counted.
    """
    path = Path(path)
    check_file(path)
    return recalled("probe", path, lambda: _found(path, whole=False))


def check_video(path: Path | str) -> Probe:
    """Return the probe of a video that can be used: it has a first frame, and packets to its declared end.

    Only the first frame is decoded; the rest of the file is read but not decoded.

    Raises:
        Unmeasurable: missing, empty, unreadable, without a video stream, without frames, or truncated.
    """
    path = Path(path)
    check_file(path)
    return recalled("video", path, lambda: _found(path, whole=True))


def _found(path: Path, *, whole: bool) -> Probe:
    return ask(path, wire.AskProbe(path=raw(path), whole=whole), wire.Probed).probe
