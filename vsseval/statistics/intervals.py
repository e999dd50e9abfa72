"""Turns per-clip values into an estimate of a ratio of sums (a mean, a corpus WER) with a 95 % interval.

How the interval is made goes by the number of clusters (`FEW`, `SMALL`, `LARGE`, found by simulation:
docs/statistics.md). A distance of two distributions has no such sums: `jackknife`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from vsseval.statistics.clustered import (
    ClusterSums,
    Ends,
    bca,
    resamples,
    skew_corrected,
    standard_error,
    student,
    unskewed,
    widened,
)
from vsseval.statistics.estimate import Estimate, alike, no_interval, same_everywhere, undefined
from vsseval.statistics.student import two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "2"
"""Of the rules here and of the jackknife: raised whenever the same scores give another interval."""
FEW = 8
"""Clusters below which their skewness says nothing: Student's t."""
SMALL = 100
"""Clusters below which t is corrected for skewness: a BCa interval is too narrow there."""
LARGE = 1000
"""Clusters from which on Student's t covers as well as the BCa bootstrap, which is taken between the two."""

Values: TypeAlias = "Sequence[float] | np.ndarray"
Labels: TypeAlias = "Sequence[str] | np.ndarray"


def ratio(values: Values, weights: Values, clusters: Labels) -> Estimate:
    """Estimate a ratio of sums: sum(values * weights) / sum(weights).

    Args:
        values: finite, shape (n,), one per clip.
        weights: finite and not negative, shape (n,); 1 for a mean over clips, the number of words for WER.
        clusters: n labels; clips of one cluster (a source video, a speaker) count as dependent.

    Returns:
        The ratio, its linearised standard error with the G / (G - 1) correction, and the interval that suits
        the number G of clusters that have weight: Student's t below 8, t corrected for skewness below 100, BCa
        bootstrap over clusters below 1000, Student's t beyond.
        No clips or no weight: everything None. One cluster: a value without an error.

    Raises:
        ValueError: lengths differ, or an entry is not finite, or a weight is negative.
    """
    v, w, groups = _checked(values, weights, clusters)
    if w.sum() <= 0.0:
        return undefined("no clips" if not v.size else "no weight")
    return _interval([_sums(v, w, groups)], "")


def ratio_difference(values: tuple[Values, Values], weights: tuple[Values, Values], clusters: Labels) -> Estimate:
    """Estimate ratio(a) - ratio(b) on the same clips, paired clip by clip.

    Args:
        values: those of a and those of b, each of shape (n,), in the same order of clips.
        weights: likewise; the two may differ.
        clusters: n labels.

    Returns:
        The difference, with the interval of Student's t, from 8 to 999 clusters widened for skewness. What both
        systems find hard cancels, so it is narrower than that of two independent estimates wherever the systems
        agree on which clips are hard.

    Raises:
        ValueError: as `ratio`, or a and b differ in length.
    """
    va, wa, groups = _checked(values[0], weights[0], clusters)
    vb, wb, _ = _checked(values[1], weights[1], clusters)
    if wa.sum() <= 0.0 or wb.sum() <= 0.0:
        return undefined("no clips in common" if not va.size else "no weight")
    return _interval([_sums(va, wa, groups), _sums(vb, wb, groups)], "paired ")


def _sums(values: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> ClusterSums:
    return ClusterSums(np.bincount(groups, weights=values * weights), np.bincount(groups, weights=weights))


def _interval(sides: list[ClusterSums], kind: str) -> Estimate:
    """Estimate a ratio, or (two sides) a difference of ratios."""
    counted = np.logical_or.reduce([side.x > 0 for side in sides])
    sides = [ClusterSums(side.y[counted], side.x[counted]) for side in sides]
    value, influence = _combined([side.ratio() for side in sides]), _combined([side.influence() for side in sides])
    if influence.size < 2:
        return no_interval(float(value), "one cluster")
    se = float(standard_error(influence))
    if kind and alike(float(value), se):
        return same_everywhere(float(value), influence.size, "clusters")
    ends, method = interval_ends(value, influence, sides)
    return Estimate(
        value=float(value), se=se, low=float(ends.low), high=float(ends.high), method=kind + method,
        p=p_of_no_difference(value, influence) if kind else None,
    )  # fmt: skip


def p_of_no_difference(value: np.ndarray, influence: np.ndarray) -> float:
    """Return 1 less the level of the widest interval of `interval_ends` that leaves out zero, of a difference.

    Args:
        value: the difference, a number.
        influence: of G >= 2 clusters that are not all alike (unless the difference is 0), shape (G,).
    """
    if not value:
        return 1.0
    size = influence.size
    errors = float(value / standard_error(influence))
    if size < FEW or size >= LARGE:
        return two_sided(abs(errors), size - 1)
    other = float(unskewed(value, influence))
    # The wider of two intervals leaves out zero where both do, to the same side.
    return two_sided(min(abs(errors), abs(other)), size - 1) if errors * other > 0 else 1.0


def interval_ends(value: np.ndarray, influence: np.ndarray, sides: Sequence[ClusterSums]) -> tuple[Ends, str]:
    """Choose the estimator by the number of clusters, and return the ends and its name.

    Args:
        value: shape (...).
        influence: shape (..., G).
        sides: what `value` is the ratio of, or the difference of the ratios of.
    """
    size, (first, *other) = influence.shape[-1], sides
    method = f"linearised t({size - 1})"
    if size < FEW or size >= LARGE:
        return student(value, influence), method
    if other:
        return widened(value, influence), f"{method}, widened for skewness"
    if size < SMALL:
        return skew_corrected(value, influence), f"{method}, corrected for skewness"
    return bca(value, influence, first.ratio(_resamples(size))), f"BCa bootstrap of {size} clusters"


@lru_cache(maxsize=2)
def _resamples(clusters: int) -> np.ndarray:
    # All metrics of a benchmark have the same clusters: the same 2000 draws serve them all.
    return resamples(clusters)


def _combined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.asarray(parts[0] - parts[1])


def _checked(values: Values, weights: Values, clusters: Labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, weights and the index of each clip's cluster."""
    v, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    labels = np.asarray(clusters)
    if not v.shape == w.shape == labels.shape or v.ndim != 1:
        raise ValueError(f"values {v.shape}, weights {w.shape} and clusters {labels.shape} differ in length")
    if not (np.isfinite(v).all() and np.isfinite(w).all()) or (w < 0).any():
        raise ValueError("values must be finite, weights finite and not negative: a failed clip has neither")
    return v, w, np.unique(labels, return_inverse=True)[1]
