"""When a face is seen to speak: the stretch of the clip in which the part of the picture that moves most does so."""

from __future__ import annotations

import numpy as np

__all__ = ["FPS", "SIDE", "visible_speech"]

FPS = 25.0
SIDE = 64
"""Height and width of the pictures looked at."""

_TILES = 16
_MOUTH = 6
"""Tiles that a mouth covers."""
_SHORTEST = 0.4
"""Seconds; what moves for less is no speech."""
_CONTRAST = 2.0
"""Motion while speaking against motion while resting: with less, there is no telling."""
_ACTIVE = 0.4
"""Share of the way from resting to speaking above which the mouth counts as moving."""
_PAUSE = 0.5
"""Seconds of rest that part one stretch of motion from another."""
_BLINK = 0.15
"""Motion of a stretch, relative to the greatest one's, up to which it is no speech."""
_SMOOTHING = 5
"""Frames."""


def visible_speech(frames: np.ndarray) -> tuple[float, float] | None:
    """Find the window of speech.

    The mouth is taken to be the patch of the middle of the picture, its upper fifth left out, that changes most
    against its surroundings; camera and head move whole neighbourhoods and fall out with the median.

    Args:
        frames: luminance, uint8, shape (T, 64, 64), at 25 frames a second.

    Returns:
        Start and end in seconds, or None where motion does not tell.
    """
    if len(frames) < 2 * _SMOOTHING:
        return None
    side = SIDE // _TILES
    change = np.abs(np.diff(frames.astype(np.float32), axis=0)).reshape(-1, _TILES, side, _TILES, side).mean((2, 4))
    change = np.maximum(change - np.median(change, axis=(1, 2), keepdims=True), 0.0)
    likely = np.zeros((_TILES, _TILES), bool)
    likely[_TILES // 5 :, _TILES // 6 : _TILES - _TILES // 6] = True
    total = np.where(likely, change.mean(axis=0), 0.0).ravel()
    mouth = change.reshape(len(change), -1)[:, np.argsort(total)[-_MOUTH:]].mean(axis=1)
    smooth = np.convolve(np.pad(mouth, _SMOOTHING // 2, mode="edge"), np.full(_SMOOTHING, 1 / _SMOOTHING), "valid")
    rest, speech = np.percentile(smooth, [5, 80])
    if speech < _CONTRAST * rest + 0.2:
        return None
    active = np.flatnonzero(smooth > rest + _ACTIVE * (speech - rest))
    runs = np.split(active, np.flatnonzero(np.diff(active) > _PAUSE * FPS) + 1)
    moved = [float(smooth[run].sum()) for run in runs]
    kept = [run for run, amount in zip(runs, moved, strict=True) if amount > _BLINK * max(moved)]
    first, last = float(kept[0][0]) / FPS, float(kept[-1][-1] + 2) / FPS
    return (first, min(last, len(frames) / FPS)) if last - first >= _SHORTEST else None
