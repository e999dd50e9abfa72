"""Pictures of a video as av-benchmark's reader hands them to its networks: at a fixed rate, the shorter side at 224.

The rate is made by FFmpeg's `fps` filter: every time stamp is rounded to the nearest place, halves up, and each place
shows the last picture rounded to it or before it (av_bench/data/video_dataset.py, through torio).
"""

from __future__ import annotations

import math
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

from vsseval.media import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from torch import Tensor


def at_rate(video: Video, fps: Fraction) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each picture that is shown at `fps`, and how many places it takes; places are counted from the first frame.

    Args:
        video: any frame rate; of a segment, the pictures within it.
        fps: places per second.

    Yields:
        The number of places, and uint8, shape (height, width, 3), red first.

    Raises:
        Unmeasurable: the video cannot be read.
    """
    done, begin, pending = 0, Fraction(0), None
    last = _place(Fraction(video.seconds), fps)
    with closing(video.each()) as frames:
        for shown in frames:
            if pending is None:
                begin = shown.start
            else:
                upto = min(_place(shown.start, fps) - _place(begin, fps), last)
                if upto > done:
                    yield upto - done, pending.picture()
                    done = upto
            pending = shown
        if pending is not None:
            upto = min(_place(pending.stop, fps) - _place(begin, fps), last)
            if upto > done:
                yield upto - done, pending.picture()


def strip(video: Video, fps: Fraction, prepared: Callable[[np.ndarray], Tensor]) -> Tensor | None:
    """Return all pictures at `fps`, each prepared once: shape (T, ...); None where there is not even one.

    Args:
        video: any frame rate.
        fps: pictures per second.
        prepared: makes a tensor of a picture.

    Raises:
        Unmeasurable: the video cannot be read.
    """
    import torch

    pictures: list[Tensor] = []
    for places, picture in at_rate(video, fps):
        pictures += [prepared(picture)] * places
    return torch.stack(pictures) if pictures else None


def _place(stamp: Fraction, fps: Fraction) -> int:
    return math.floor(stamp * fps + Fraction(1, 2))
