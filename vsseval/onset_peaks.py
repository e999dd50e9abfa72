"""Where an onset strength peaks: the peak picking of librosa, on its default windows."""

from __future__ import annotations

import math

import numpy as np

BEFORE, AROUND = 0.03, 0.1
"""Seconds: what a peak is not exceeded by and what it blocks; what it is averaged over, to either side."""
RATE = 22_050 / 512
"""Frames a second at librosa's default rate."""


def peaks(strength: np.ndarray, delta: float, rate: float = RATE) -> np.ndarray:
    """Return the frames that `librosa.onset.onset_detect(delta=delta)` finds, in order; int, (k,).

    A frame is a peak if no lower than those within 0.03 s before it, and at least `delta` above the mean from 0.1 s
    before it to 0.1 s after it; the next peak is more than 0.03 s later (Böck et al., ISMIR 2012). At 22.05 kHz these
    are one, four and one frame.

    Args:
        strength: 0 to 1, shape (n,).
        delta: what a peak must rise above its surroundings by.
        rate: frames a second.
    """
    before, reach = math.floor(BEFORE * rate), math.floor(AROUND * rate)
    x = np.asarray(strength, np.float64)
    found: list[int] = []
    if not x.any():
        return np.array(found, int)
    frame = 0
    while frame < len(x):
        around = x[max(0, frame - reach) : frame + reach + 1].mean()
        highest = x[max(0, frame - before) : frame + 1].max()
        if x[frame] >= highest and x[frame] >= around + delta:
            found.append(frame)
            frame += before
        frame += 1
    return np.array(found, int)
