"""Pictures scaled as OpenCV scales 8-bit pictures by default: two neighbours in each direction, in whole numbers.

Downwards this skips pixels instead of averaging them; a network that was trained on such pictures wants them so. The
arithmetic is OpenCV's (INTER_LINEAR, weights of 11 bits), so that the results are equal to the last bit.
"""

from __future__ import annotations

import numpy as np

_BITS = 11
"""Of a weight."""


def scaled(picture: np.ndarray, height: int, width: int, factor: float | None = None) -> np.ndarray:
    """Return a picture in another size.

    Args:
        picture: uint8, shape (h >= 1, w >= 1, channels).
        height: wanted.
        width: wanted.
        factor: how many times smaller the old pixels' distances become, where it is not h / height and w / width.

    Returns:
        uint8, shape (height, width, channels).
    """
    down, across = (factor or size / wanted for size, wanted in zip(picture.shape, (height, width), strict=False))
    if (down, across) == (2.0, 2.0):
        # OpenCV averages there
        four = np.stack([picture[y::2, x::2] for y in (0, 1) for x in (0, 1)]).sum(axis=0, dtype=np.uint16)
        return np.asarray(((four + 2) >> 2).astype(np.uint8))
    columns, right, share = _neighbours(picture.shape[1], width, across, clamped=True)
    source = picture.astype(np.int32)
    lines = source[:, columns] * (share[0])[:, None] + source[:, right] * (share[1])[:, None]
    rows, below, share = _neighbours(picture.shape[0], height, down, clamped=False)
    upper = (share[0][:, None, None] * (lines[rows] >> 4)) >> 16
    lower = (share[1][:, None, None] * (lines[below] >> 4)) >> 16
    return np.asarray(((upper + lower + 2) >> 2).astype(np.uint8))


def _neighbours(size: int, wanted: int, factor: float, *, clamped: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the two old places of each new one, and their weights, int32 (2, wanted).

    Beyond the ends, `clamped` weights are 1 and 0; otherwise both places are the end.
    """
    at = ((np.arange(wanted) + 0.5) * factor - 0.5).astype(np.float32)
    first = np.floor(at).astype(np.int64)
    part = at - first.astype(np.float32)
    if clamped:
        outside = (first < 0) | (first >= size - 1)
        part[outside] = 0
    weights = np.stack([(1 - part), part]) * np.float32(1 << _BITS)
    places = np.clip(first, 0, size - 1), np.clip(first + 1, 0, size - 1)
    return places[0], places[1], np.rint(weights).astype(np.int32)
