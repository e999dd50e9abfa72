"""A row of ids over the frames of a clip, every id for the same time.

The authors have no durations at inference: the ids of the whole transcript are spread evenly over the frames between
start and end of the speech, at 25 frames a second. Their rules of rounding are kept, float error and all.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vsseval.errors import UsageError
from vssflow.reference.phonemes.ids import SILENCE

FRAME_RATE = 25


def stretch_index(length: int, frames: int, first: int = 0, last: int | None = None) -> Tensor:
    """Which of `length` items is heard in each of `frames` frames.

    Where there are fewer items than frames, each is first repeated ceil(frames / length) times; then the nearest is
    taken, in float32 as PyTorch's `interpolate` does.

    Args:
        length: items, at least 1.
        frames: frames over which they are spread.
        first: first frame that is wanted.
        last: frame before which to stop; None means all of them.

    Returns:
        int64, shape (last - first,), never falling.
    """
    repeats = max(1, math.ceil(frames / length))
    scale = torch.tensor(length * repeats / frames, dtype=torch.float32)
    places = torch.arange(first, frames if last is None else last, dtype=torch.float32)
    return (places * scale).floor().long().clamp(max=length * repeats - 1) // repeats


def over_window(ids: list[int], window: tuple[float, float], frames: int) -> Tensor:
    """Ids of each frame of a clip; `SILENCE` outside the window.

    The window lies at frame int(start * 25) and is int((end - start) * 25) frames long. What lies before the clip or
    behind its end is cut off, not squeezed in: the ids are spread over the whole window first.

    Args:
        ids: at least one.
        window: start and end in seconds.
        frames: length of the clip.

    Returns:
        int64, shape (frames,).

    Raises:
        UsageError: a time is not a finite number.
    """
    start, end = window
    if not (math.isfinite(start * FRAME_RATE) and math.isfinite((end - start) * FRAME_RATE)):
        raise UsageError(f"speech window {start} to {end} s: both times must be finite; give null where it is unknown")
    result = torch.full((frames,), SILENCE, dtype=torch.int64)
    offset, length = int(start * FRAME_RATE), int((end - start) * FRAME_RATE)
    first, last = max(0, offset), min(frames, offset + length)
    if first < last:
        result[first:last] = torch.tensor(ids)[stretch_index(len(ids), length, first - offset, last - offset)]
    return result
