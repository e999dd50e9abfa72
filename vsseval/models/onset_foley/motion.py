"""What moves in a clip, and how: the curves and maps that events, intensities and classes are read from.

Pictures of 64 x 64 at 25 a second. The camera's translation is found by least squares on image gradients over the
whole picture (Lucas and Kanade, IJCAI 1981) and taken out of the frame differences; what is left belongs to things
that move. Flow is found the same way in each of 8 x 8 tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FPS", "SIDE", "TILES", "Motion", "analyse"]

FPS = 25.0
"""Frames a second."""
SIDE = 64
"""Height and width of the pictures analysed."""
TILES = 8
"""Tiles along either side."""

_REGULAR = 2e-4
"""Added to the squared gradients: flow is zero where there is no texture."""
_MOVING = 4
"""Tiles that the moving region has at least: curves are means over the strongest of them."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """The motion of one clip of T frames; row i is about the step from frame i - 1 to frame i, row 0 is zero."""

    energy: np.ndarray
    """(T, 64) mean absolute difference of each tile, camera taken out; luminance runs from 0 to 1."""
    flow: np.ndarray
    """(T, 64, 2) pixels per frame in each tile, right and down."""
    returning: np.ndarray
    """(T, 64) how nearly frame i + 1 shows what frame i - 1 showed, 0..1, times the change in between: turning back."""
    light: np.ndarray
    """(T, 64) mean luminance of each tile."""


def analyse(frames: np.ndarray) -> Motion:
    """Measure the motion of a clip.

    Args:
        frames: uint8, shape (T, 64, 64, 3), T >= 1, at 25 frames a second.

    Returns:
        The curves and maps; all zero where T is 1.
    """
    from scipy.ndimage import gaussian_filter

    if frames.ndim != 4 or frames.shape[1:] != (SIDE, SIDE, 3):
        raise ValueError(f"frames must be of shape (T, {SIDE}, {SIDE}, 3), not {frames.shape}")
    gray = frames.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255.0
    smooth = gaussian_filter(gray, (0.0, 0.7, 0.7))
    light = _tiles(gray)
    steps = len(gray) - 1
    energy, flow = np.zeros((steps + 1, TILES**2)), np.zeros((steps + 1, TILES**2, 2))
    returning = np.zeros((steps + 1, TILES**2))
    if steps:
        rest, down, across = _without_camera(smooth)
        energy[1:] = _tiles(np.abs(rest))
        flow[1:] = _flow(rest, down, across)
        if steps > 1:
            apart = _tiles(np.abs(rest[1:] + rest[:-1]))
            together = energy[1:-1] + energy[2:]
            returning[1:-1] = together * np.clip(1.0 - apart / np.maximum(together, 1e-4), 0.0, 1.0)
    return Motion(energy=energy, flow=flow, returning=returning, light=light)


def strongest(values: np.ndarray, count: int = _MOVING) -> np.ndarray:
    """Return the mean of the `count` greatest values along the last axis."""
    return np.asarray(np.partition(values, -count, axis=-1)[..., -count:].mean(axis=-1))


def _tiles(pictures: np.ndarray) -> np.ndarray:
    """Return the mean of each tile, float64, shape (T, 64)."""
    side = SIDE // TILES
    shape = (len(pictures), TILES, side, TILES, side)
    return np.asarray(pictures.reshape(shape).mean(axis=(2, 4), dtype=np.float64).reshape(len(pictures), -1))


def _without_camera(smooth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the differences of neighbouring frames less the camera's motion, and both gradients, each (T - 1, h, w).

    Pixels that change more than the median does belong to things and count less: two rounds of reweighting.
    """
    in_time = np.diff(smooth, axis=0)
    down, across = np.gradient((smooth[1:] + smooth[:-1]) / 2.0, axis=(1, 2))
    rest = in_time
    for _ in range(2):
        spread = np.median(np.abs(rest), axis=(1, 2), keepdims=True) + 1e-3
        weight = 1.0 / (1.0 + (rest / (2.0 * spread)) ** 2)
        u, v = _least_squares(*(_sum(weight * product) for product in _products(in_time, down, across)))
        rest = in_time + u[:, None, None] * across + v[:, None, None] * down
    return rest, down, across


def _flow(rest: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    u, v = _least_squares(*(_tiles(product) for product in _products(rest, down, across)))
    return np.stack([u, v], axis=-1)


def _products(in_time: np.ndarray, down: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, ...]:
    return across**2, across * down, down**2, across * in_time, down * in_time


def _sum(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.mean(axis=(1, 2), dtype=np.float64))


def _least_squares(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, p: np.ndarray, q: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve [a b; b c] (u, v) = -(p, q) with a little regularisation."""
    a, c = a + _REGULAR, c + _REGULAR
    scale = a * c - b * b
    return (b * q - c * p) / scale, (b * p - a * q) / scale
