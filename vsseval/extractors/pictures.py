"""Pictures of a video as av-benchmark's reader hands them to its networks: at a fixed rate, the shorter side at 224.

The rate is made by FFmpeg's `fps` filter: every time stamp is rounded to the nearest place, halves up, and each place
shows the last picture rounded to it or before it (av_bench/data/video_dataset.py). Through torio, as that reader
decodes at 050a5cd, places are counted from the first picture; through PyAV, since f351b9a (February 2026,
`start_time=0`), from time stamp 0 of the stream: a first picture that comes later is shown from there on, pictures
before it are left out.
"""

from __future__ import annotations

import math
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from vsseval.media import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from torch import Tensor

    from vsseval.media.video import Shown

Clock = Literal["first picture", "zero"]
"""Where places are counted from: the first picture, or time stamp 0 of the stream (of a segment, its start)."""


def at_rate(video: Video, fps: Fraction, clock: Clock = "first picture") -> Iterator[tuple[int, np.ndarray]]:
    """Yield each picture that is shown at `fps`, and how many places it takes.

    Args:
        video: any frame rate; of a segment, the pictures within it.
        fps: places per second.
        clock: where places are counted from.

    Yields:
        The number of places, and uint8, shape (height, width, 3), red first.

    Raises:
        Unmeasurable: the video cannot be read.
    """
    done, begin, pending = 0, 0, None
    last = _place(Fraction(video.seconds), fps)
    with closing(video.each()) as frames:
        for shown in frames:
            place = _place(_stamp(video, shown, clock), fps)
            if pending is None:
                begin = 0 if clock == "zero" else place
            else:
                upto = min(place - begin, last)
                if upto > done:
                    yield upto - done, pending.picture()
                    done = upto
            pending = shown
        if pending is not None:
            stop = _stamp(video, pending, clock) + (pending.stop - pending.start)
            upto = min(_place(stop, fps) - begin, last)
            if upto > done:
                yield upto - done, pending.picture()


def _stamp(video: Video, shown: Shown, clock: Clock) -> Fraction:
    """Return when a picture begins, in seconds, on the count that a clock starts from."""
    if clock == "zero" and video.start:
        return Fraction(shown.seconds).limit_denominator(1_000_000)
    return shown.start


def strip(
    video: Video, fps: Fraction, prepared: Callable[[np.ndarray], Tensor], clock: Clock = "first picture"
) -> Tensor | None:
    """Return all pictures at `fps`, each prepared once: shape (T, ...); None where there is not even one.

    Args:
        video: any frame rate.
        fps: pictures per second.
        prepared: makes a tensor of a picture.
        clock: where places are counted from.

    Raises:
        Unmeasurable: the video cannot be read.
    """
    import torch

    pictures: list[Tensor] = []
    for places, picture in at_rate(video, fps, clock):
        pictures += [prepared(picture)] * places
    return torch.stack(pictures) if pictures else None


def _place(stamp: Fraction, fps: Fraction) -> int:
    return math.floor(stamp * fps + Fraction(1, 2))
