"""Where an onset strength peaks: the peak picking of librosa, on its default windows."""

from __future__ import annotations

import numpy as np

BEFORE, MEAN_BEFORE, MEAN_AFTER, WAIT = 1, 4, 5, 1
"""Frames of 512 samples at 22.05 kHz: what a peak is not exceeded by, what it is averaged over, what it blocks."""


def peaks(strength: np.ndarray, delta: float) -> np.ndarray:
    """Return the frames that `librosa.onset.onset_detect(delta=delta)` finds, in order; int, (k,).

    A frame is a peak if no lower than the one before it, and at least `delta` above the mean from four frames before
    it to four after it; the next peak is two frames later at the earliest (Böck et al., ISMIR 2012).

    Args:
        strength: 0 to 1, shape (n,).
        delta: what a peak must rise above its surroundings by.
    """
    x = np.asarray(strength, np.float64)
    found: list[int] = []
    if not x.any():
        return np.array(found, int)
    frame = 0
    while frame < len(x):
        around = x[max(0, frame - MEAN_BEFORE) : frame + MEAN_AFTER].mean()
        highest = x[max(0, frame - BEFORE) : frame + 1].max()
        if x[frame] >= highest and x[frame] >= around + delta:
            found.append(frame)
            frame += WAIT
        frame += 1
    return np.array(found, int)
