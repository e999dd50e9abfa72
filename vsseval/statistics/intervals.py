"""Turns per-clip values, or leave-one-group-out values, into an estimate with a 95 % interval.

Two kinds of number occur. A ratio of sums (a mean, a corpus WER) has a closed-form error by linearisation
over clusters (Cochran, Sampling Techniques, 3rd edition, chapter 6). A distance of two distributions has
not, and a plain bootstrap of it is biased by what the bootstrap repeats; the delete-a-group jackknife (Kott,
Journal of Official Statistics 17, 2001) is not. Both take a t quantile: clusters and groups are few.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95
"""Coverage of every interval of vsseval."""

Values: TypeAlias = "Sequence[float] | np.ndarray"


class Estimate(Record, frozen=True):
    """A number with what is known of its error; a field is None where it is undefined, and never NaN."""

    value: float | None
    se: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval."""
    method: str
    """How `se` was made and with how many degrees of freedom, or why there is none."""


def ratio(values: Values, weights: Values, clusters: Sequence[str] | np.ndarray) -> Estimate:
    """Estimate a ratio of sums: sum(values * weights) / sum(weights).

    Args:
        values: finite, shape (n,), one per clip.
        weights: finite and not negative, shape (n,); 1 for a mean over clips, the number of words for WER.
        clusters: n labels; clips of one cluster (a source video, a speaker) count as dependent.

    Returns:
        The ratio, its linearised standard error with the G / (G - 1) correction, and the interval with the
        t quantile of G - 1 degrees of freedom, where G is the number of clusters that have weight.
        No clips or no weight: everything None. One cluster: a value without an error.

    Raises:
        ValueError: lengths differ, or an entry is not finite, or a weight is negative.
    """
    v, w, groups = _checked(values, weights, clusters)
    total = float(w.sum())
    if total <= 0.0:
        return _undefined("no clips" if not v.size else "no weight")
    value = float((v * w).sum() / total)
    return _from_clusters(value, w * (v - value) / total, groups[w > 0], groups)


def ratio_difference(
    values: tuple[Values, Values], weights: tuple[Values, Values], clusters: Sequence[str] | np.ndarray
) -> Estimate:
    """Estimate ratio(a) - ratio(b) on the same clips, paired clip by clip.

    Args:
        values: those of a and those of b, each of shape (n,), in the same order of clips.
        weights: likewise; the two may differ.
        clusters: n labels.

    Returns:
        The difference. What both systems find hard cancels, so the interval is narrower than that of two
        independent estimates wherever the systems agree on which clips are hard.

    Raises:
        ValueError: as `ratio`, or a and b differ in length.
    """
    va, wa, groups = _checked(values[0], weights[0], clusters)
    vb, wb, _ = _checked(values[1], weights[1], clusters)
    total_a, total_b = float(wa.sum()), float(wb.sum())
    if total_a <= 0.0 or total_b <= 0.0:
        return _undefined("no clips in common" if not va.size else "no weight")
    a, b = float((va * wa).sum() / total_a), float((vb * wb).sum() / total_b)
    influence = wa * (va - a) / total_a - wb * (vb - b) / total_b
    return _from_clusters(a - b, influence, groups[(wa > 0) | (wb > 0)], groups, paired=True)


def jackknife(full: float, without_group: Sequence[float]) -> Estimate:
    """Estimate any statistic from its value on all clips and its values with one group of clips left out.

    Args:
        full: the statistic of all clips.
        without_group: G values, the g-th without group g.

    Returns:
        `full`, not corrected for bias (it has to be the number that others compute), with the jackknife
        standard error sqrt((G - 1) / G * sum((x_g - mean(x))**2)) and the t interval of G - 1 degrees of
        freedom. Fewer than two groups, or a value that is not finite: no error.
    """
    return _jackknife(full, without_group, paired=False)


def jackknife_difference(full: tuple[float, float], without_group: tuple[Sequence[float], Sequence[float]]) -> Estimate:
    """Estimate a - b, paired: the same group is left out of both.

    Args:
        full: the statistic of a and that of b, on the same clips.
        without_group: the leave-one-out values of a and of b, over the same G groups.

    Raises:
        ValueError: the numbers of groups differ.
    """
    differences = [x - y for x, y in zip(*without_group, strict=True)]
    return _jackknife(full[0] - full[1], differences, paired=True)


def _jackknife(full: float, without_group: Sequence[float], *, paired: bool) -> Estimate:
    if not math.isfinite(full):
        return _undefined("not finite")
    x = np.asarray(without_group, dtype=np.float64)
    if x.size < 2:
        return Estimate(value=full, se=None, low=None, high=None, method="no interval: one group of clips")
    if not np.isfinite(x).all():
        return Estimate(value=full, se=None, low=None, high=None, method="no interval: one group undefined")
    se = math.sqrt(float((x.size - 1) / x.size * ((x - x.mean()) ** 2).sum()))
    return _interval(full, se, x.size - 1, "paired jackknife" if paired else "jackknife")


def _from_clusters(
    value: float, influence: np.ndarray, counted: np.ndarray, groups: np.ndarray, *, paired: bool = False
) -> Estimate:
    """Sum the influence of each clip over clusters; `counted` are the labels of clips that have weight."""
    g = np.unique(counted).size
    if g < 2:
        return Estimate(value=value, se=None, low=None, high=None, method="no interval: one cluster")
    _, index = np.unique(groups, return_inverse=True)
    totals = np.bincount(index, weights=influence)
    se = math.sqrt(g / (g - 1) * float((totals**2).sum()))
    return _interval(value, se, g - 1, "paired linearised" if paired else "linearised")


def _interval(value: float, se: float, degrees: int, method: str) -> Estimate:
    # scipy.special has the same t quantile as scipy.stats, and loads in a tenth of the time.
    from scipy.special import stdtrit

    half = float(stdtrit(degrees, 0.5 + LEVEL / 2)) * se
    return Estimate(value=value, se=se, low=value - half, high=value + half, method=f"{method} t({degrees})")


def _checked(
    values: Values, weights: Values, clusters: Sequence[str] | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    v, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    groups = np.asarray(clusters)
    if not v.shape == w.shape == groups.shape or v.ndim != 1:
        raise ValueError(f"values {v.shape}, weights {w.shape} and clusters {groups.shape} differ in length")
    if not (np.isfinite(v).all() and np.isfinite(w).all()) or (w < 0).any():
        raise ValueError("values must be finite, weights finite and not negative: a failed clip has neither")
    return v, w, groups


def _undefined(why: str) -> Estimate:
    return Estimate(value=None, se=None, low=None, high=None, method=f"undefined: {why}")
