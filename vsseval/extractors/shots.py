"""Where one shot ends and the next begins: hue, saturation and brightness change at once.

The rule of PySceneDetect 0.5.1 with its defaults, which SyncNet's pipeline is published with.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

THRESHOLD = 30.0
"""Mean change of the three, of 255 (180 for hues), from which a picture begins a shot."""
SHORTEST = 15
"""Pictures from one cut to the next."""

_COARSER = {3200: 12, 2100: 8, 1700: 6, 1200: 5, 900: 4, 600: 3, 400: 2}
"""Of pictures of such a width or more, one pixel in so many is looked at."""
_BITS = 12
"""Of the fixed-point arithmetic in which OpenCV converts 8-bit pictures."""


class Cuts:
    """Is shown pictures one by one, and notes where shots begin."""

    def __init__(self) -> None:
        """Begin with no picture."""
        self.at: list[int] = []
        self._shown = 0
        self._last: np.ndarray | None = None

    def show(self, picture: np.ndarray, places: int = 1) -> None:
        """Take in a picture, uint8 (height, width, 3), red first, that is shown for some places."""
        step = next((factor for width, factor in _COARSER.items() if picture.shape[1] >= width), 1)
        seen = hue_saturation_brightness(picture[::step, ::step])
        if self._last is not None:
            change = float(np.abs(seen - self._last).mean(axis=(0, 1)).sum()) / 3
            if change >= THRESHOLD and (not self.at or self._shown - self.at[-1] >= SHORTEST):
                self.at.append(self._shown)
        self._last = seen
        self._shown += places

    def shots(self) -> list[tuple[int, int]]:
        """Return the first place of each shot, and the one after its last."""
        edges = [0, *self.at, self._shown]
        return list(pairwise(edges))


def hue_saturation_brightness(picture: np.ndarray) -> np.ndarray:
    """Return a picture (height, width, 3), red first, as int32 hue 0..179, saturation and brightness 0..255.

    Equal to OpenCV's conversion of 8-bit pictures, to the bit.
    """
    red, green, blue = (picture[..., channel].astype(np.int32) for channel in range(3))
    bright = np.maximum(np.maximum(red, green), blue)
    spread = bright - np.minimum(np.minimum(red, green), blue)
    counts = np.arange(1, 256)
    shares = np.concatenate([[0], np.rint((255 << _BITS) / counts)]).astype(np.int32)
    turns = np.concatenate([[0], np.rint((180 << _BITS) / (6.0 * counts))]).astype(np.int32)
    half = 1 << (_BITS - 1)
    saturation = (spread * shares[bright] + half) >> _BITS
    sector = np.where(
        bright == red,
        green - blue,
        np.where(bright == green, blue - red + 2 * spread, red - green + 4 * spread),
    )
    hue = (sector * turns[spread] + half) >> _BITS
    return np.stack([np.where(hue < 0, hue + 180, hue), saturation, bright], axis=-1)
