"""Where to look for a sounding object when somebody speaks: to the left and to the right of the face."""

from __future__ import annotations

import numpy as np

from vsseval.models.onset_foley.motion import SIDE

__all__ = ["windows"]

_TOP, _HEIGHT, _WIDTH = 19, 27, 27
"""Pixels of 64: two fifths of the picture, above its middle."""
_LEFT, _RIGHT = 1, 36


def windows(frames: np.ndarray) -> list[np.ndarray]:
    """Cut two windows and enlarge each to the size of a picture.

    Args:
        frames: uint8, shape (T, 64, 64, 3).

    Returns:
        Left and right, uint8, same shape.
    """
    return [enlarged(frames[:, _TOP : _TOP + _HEIGHT, left : left + _WIDTH]) for left in (_LEFT, _RIGHT)]


def enlarged(frames: np.ndarray) -> np.ndarray:
    """Scale pictures up to 64 x 64 by linear interpolation: uint8 (T, h, w, 3) to (T, 64, 64, 3)."""
    down, across = _ramp(frames.shape[1]), _ramp(frames.shape[2])
    tall = np.tensordot(frames.astype(np.float32), down, axes=(1, 1))
    wide = np.tensordot(tall, across, axes=(1, 1))
    return np.asarray(np.rint(wide.transpose(0, 2, 3, 1)), np.uint8)


def _ramp(size: int) -> np.ndarray:
    """Return the weights (64, size) of linear interpolation between pixel centres."""
    place = np.clip((np.arange(SIDE) + 0.5) * size / SIDE - 0.5, 0.0, size - 1.0)
    low = np.minimum(place.astype(int), size - 2)
    found = np.zeros((SIDE, size), np.float32)
    found[np.arange(SIDE), low] = 1.0 - (place - low)
    found[np.arange(SIDE), low + 1] = place - low
    return found
