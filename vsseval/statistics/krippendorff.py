"""Krippendorff's alpha: how far raters agree beyond chance, whoever rated what.

Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): 1 less the disagreement that was observed within units
over that of all values put together at random. 1: all agree, 0: as by chance, below 0: less than that.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vsseval.types import Record

__all__ = ["Alpha", "Scale", "alpha"]

Scale = Literal["nominal", "ordinal", "interval"]
RESAMPLES = 1000
SEED = 2011
FEWEST = 10
"""Units, below which resamples of them say nothing of others."""


class Alpha(Record, frozen=True):
    """Agreement of raters."""

    value: float | None
    """None where no two of them rated the same, or all values are equal."""
    low: float | None = None
    high: float | None = None
    """Percentiles of resamples of units; None with fewer than ten."""
    units: int = 0
    """Things that two or more rated."""


def alpha(values: np.ndarray, units: np.ndarray, scale: Scale) -> Alpha:
    """Return the agreement of raters.

    Args:
        values: what was said, finite, shape (n,).
        units: index of what it was said of, shape (n,).
        scale: what the values are.
    """
    levels, place = np.unique(values, return_inverse=True)
    _, unit = np.unique(units, return_inverse=True)
    counts = np.zeros((int(unit.max(initial=-1)) + 1, levels.size))
    np.add.at(counts, (unit, place), 1)
    counts = counts[counts.sum(1) > 1]
    if not counts.size:
        return Alpha(None)
    value = float(_of(counts, np.ones((1, len(counts))), levels, scale)[0])
    if not np.isfinite(value):
        return Alpha(None, units=len(counts))
    if len(counts) < FEWEST:
        return Alpha(value, units=len(counts))
    drawn = np.random.default_rng(SEED).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLES)
    many = _of(counts, drawn.astype(float), levels, scale)
    low, high = np.nanpercentile(many, [2.5, 97.5])
    return Alpha(value, float(low), float(high), len(counts))


def _of(counts: np.ndarray, weights: np.ndarray, levels: np.ndarray, scale: Scale) -> np.ndarray:
    """Return alpha of each resample, shape (B,).

    Args:
        counts: how often each level was said of each unit, shape (U, L).
        weights: how often each unit is drawn, shape (B, U).
        levels: shape (L,).
        scale: what the levels are.
    """
    share = weights / (counts.sum(1) - 1)
    said = weights @ counts  # (B, L)
    same = share @ counts
    total = said.sum(1)
    found = np.empty(len(weights))
    for i, marginal in enumerate(said):
        distance = _distance(levels, marginal, scale)
        coincident = (counts * share[i][:, None]).T @ counts - np.diag(same[i])
        observed = (coincident * distance).sum() / total[i]
        expected = marginal @ distance @ marginal / (total[i] * (total[i] - 1))
        found[i] = 1 - observed / expected if expected > 0 else np.nan
    return found


def _distance(levels: np.ndarray, marginal: np.ndarray, scale: Scale) -> np.ndarray:
    if scale == "nominal":
        return np.asarray(1.0 - np.eye(levels.size))
    if scale == "interval":
        return np.asarray(np.square(levels[:, None] - levels[None, :]))
    middle = np.cumsum(marginal) - marginal / 2
    return np.asarray(np.square(middle[:, None] - middle[None, :]))
