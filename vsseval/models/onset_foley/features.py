"""What is read off the motion of a clip: curves for events and intensity, one vector for the class."""

from __future__ import annotations

import numpy as np

from vsseval.models.onset_foley.motion import SIDE, Motion, strongest

__all__ = ["RHYTHM", "around", "class_vector", "course", "curves"]

REACH = 4
"""Frames to either side of a moment that are looked at to tell whether it is an event."""

RHYTHM = (*range(-40, -16), *range(-11, -7), -5, -2)
"""Places in `class_vector`'s vector of what tells of the rhythm of the motion alone, whatever moves, and however much:
autocorrelation, peaks against the median, across against down, turning back."""

_CELLS, _ANGLES = 4, 6
_BINS = 3
_LAGS = 24
_EVERY = 4
"""Of so many frames one goes into the still picture."""


def curves(motion: Motion) -> np.ndarray:
    """Return what changes at each frame of the region that moves most, float64, shape (T, 7), each against its clip.

    Columns: motion; motion setting in; motion dying away; change of flow; turning back; change of light; motion
    against the strongest motion of the clip.
    """
    rising = np.diff(motion.energy, axis=0, prepend=motion.energy[:1])
    change = np.diff(motion.flow, axis=0, append=motion.flow[-1:])
    found = np.stack(
        [
            strongest(motion.energy),
            strongest(np.maximum(rising, 0.0)),
            strongest(np.maximum(-rising, 0.0)),
            strongest(np.minimum(np.linalg.norm(change, axis=-1), 2.0)),
            strongest(motion.returning),
            strongest(np.abs(np.diff(motion.light, axis=0, prepend=motion.light[:1]))),
        ],
        axis=1,
    )
    scale = np.percentile(found, 90, axis=0) + 1e-4
    overall = found[:, :1] / (found[:, :1].max() + 1e-4)
    return np.concatenate([np.sqrt(np.minimum(found / scale, 9.0)), overall], axis=1)


def around(values: np.ndarray, reach: int = REACH) -> np.ndarray:
    """Return each row with its neighbours, (T, C) to (T, C * (2 * reach + 1)); the ends are repeated."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.concatenate([padded[lag : lag + len(values)] for lag in range(2 * reach + 1)], axis=1)


def course(motion: Motion) -> np.ndarray:
    """Return slow curves for the intensity of something continuous, float64, shape (T, 6), zero mean, unit variance.

    Columns: log motion of the strongest tiles, of all tiles, change of flow, speed; mean luminance; the first
    principal component of the tiles' luminance, its sign that of the luminance.
    """
    from scipy.ndimage import gaussian_filter1d

    energy = motion.energy.copy()
    speed = np.linalg.norm(motion.flow, axis=-1)
    change = np.linalg.norm(np.diff(motion.flow, axis=0, append=motion.flow[-1:]), axis=-1)
    light = motion.light - motion.light.mean(axis=0)
    left, values, right = np.linalg.svd(light, full_matrices=False)
    component = left[:, 0] * values[0] * (1.0 if right[0].sum() >= 0 else -1.0)
    found = np.stack([strongest(energy), energy.mean(axis=1), strongest(change), strongest(speed)], axis=1)
    if len(found) > 1:
        found[0] = found[1]  # there is no step to the first frame
    found = np.log(gaussian_filter1d(found, 2.0, axis=0) + 1e-4)
    bright = gaussian_filter1d(np.stack([light.mean(axis=1), component], axis=1), 0.7, axis=0)
    both = np.concatenate([found, bright], axis=1)
    return np.asarray((both - both.mean(axis=0)) / (both.std(axis=0) + 1e-3))


def class_vector(frames: np.ndarray, motion: Motion) -> np.ndarray:
    """Return the vector that the class is told by, float32 (D,).

    Args:
        frames: uint8, shape (T, 64, 64, 3).
        motion: of these frames.
    """
    still = np.median(frames[::_EVERY], axis=0).astype(np.float64) / 255.0
    return np.concatenate([_colours(still), _edges(still.mean(axis=2)), _motion(motion)]).astype(np.float32)


def _colours(still: np.ndarray) -> np.ndarray:
    cell = SIDE // _CELLS
    means = still.reshape(_CELLS, cell, _CELLS, cell, 3).mean(axis=(1, 3)).ravel()
    index = np.minimum((still * _BINS).astype(int), _BINS - 1) @ np.array([_BINS**2, _BINS, 1])
    return np.concatenate([means, np.sqrt(np.bincount(index.ravel(), minlength=_BINS**3) / index.size)])


def _edges(gray: np.ndarray) -> np.ndarray:
    """Return histograms of gradient orientation in cells, normalised over the picture (Dalal and Triggs, 2005)."""
    down, across = np.gradient(gray)
    strength = np.hypot(down, across)
    angle = np.minimum(((np.arctan2(down, across) % np.pi) / np.pi * _ANGLES).astype(int), _ANGLES - 1)
    place = np.arange(SIDE) // (SIDE // _CELLS)
    cell = place[:, None] * _CELLS + place[None, :]
    found = np.bincount((cell * _ANGLES + angle).ravel(), strength.ravel(), minlength=_CELLS**2 * _ANGLES)
    return np.asarray(np.sqrt(found / (found.sum() + 1e-3)))


def _motion(motion: Motion) -> np.ndarray:
    """Return where things move, how much, and in what rhythm."""
    where = motion.energy.mean(axis=0)
    top = strongest(motion.energy)
    high = np.percentile(top, [10, 50, 80, 95, 100]) + 1e-4
    centred = top - top.mean()
    power = float(centred @ centred) + 1e-9
    lags = [float(centred[:-lag] @ centred[lag:]) / power if lag < len(top) else 0.0 for lag in range(1, _LAGS + 1)]
    speed = np.abs(motion.flow).mean(axis=(0, 1)) + 1e-4
    flicker = motion.light.std(axis=0)
    scalars = [
        *np.log(high), *np.log(high[1:] / high[:-1]), float(np.log(speed[0])), float(np.log(speed[1])),
        float(np.log(speed[0] / speed[1])), float((where > 0.25 * where.max()).mean()),
        float(np.log(where.sum() + 1e-3)),
        float(strongest(motion.returning).mean() / high[1:].mean()), float(np.log(flicker.max() + 1e-3)),
    ]  # fmt: skip
    return np.concatenate([np.sqrt(where / (where.sum() + 1e-3)), np.sqrt(flicker), lags, scalars])
