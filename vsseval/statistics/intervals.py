"""Turns per-clip values, or leave-one-group-out values, into an estimate with a 95 % interval.

Two kinds of number occur. A ratio of sums (a mean, a corpus WER) is estimated over clusters; how its interval is made
goes by the number of clusters (`FEW`, `SMALL`, `LARGE`, found by simulation: docs/statistics.md). A distance of two
distributions has no such sums, and a plain bootstrap of it is biased by what the bootstrap repeats; the
delete-a-group jackknife (Kott, J. Official Statistics 17, 2001) is not.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import msgspec
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
from vsseval.statistics.student import quantile, two_sided
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.types import MetricSpec

LEVEL = 0.95
"""Coverage of every interval of vsseval."""
VERSION = "2"
"""Of the rules below: raised whenever the same scores give another interval."""
FEW = 8
"""Clusters below which their skewness says nothing: Student's t."""
SMALL = 100
"""Clusters below which t is corrected for skewness: a BCa interval is too narrow there."""
LARGE = 1000
"""Clusters from which on Student's t covers as well as the BCa bootstrap, which is taken between the two."""
PAIRS_BELOW = 1000
"""Clips below which the jackknife of a distance is corrected by leaving out pairs of groups."""
ALIKE = 1e-12
"""Part of a difference below which its standard error is rounding: all clusters differ by the same."""

Values: TypeAlias = "Sequence[float] | np.ndarray"
Labels: TypeAlias = "Sequence[str] | np.ndarray"
Pair: TypeAlias = tuple[int, int]


class Estimate(Record, frozen=True):
    """A number with what is known of its error; a field is None where it is undefined, and never NaN."""

    value: float | None
    se: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval."""
    method: str
    """How the interval was made and with how many degrees of freedom, or why there is none."""
    p: float | None = None
    """Of a difference: 1 less the level of the widest interval that leaves out zero. At most 0.05 exactly where the
    95 % interval does, for it is the same interval turned round. None where there is no interval."""


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
        return _undefined("no clips" if not v.size else "no weight")
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
        return _undefined("no clips in common" if not va.size else "no weight")
    return _interval([_sums(va, wa, groups), _sums(vb, wb, groups)], "paired ")


def jackknife(
    full: float, without_group: Sequence[float], without_pair: Mapping[Pair, float] | None = None
) -> Estimate:
    """Estimate any statistic from its value on all clips and its values with one group of clips left out.

    Args:
        full: the statistic of all clips.
        without_group: G values, the g-th without group g.
        without_pair: the statistic without two groups, by their places in `without_group` (`neighbours` names
            the pairs). With them, the variance is corrected for what is quadratic in the clips (Efron and Stein,
            Annals of Statistics 9, 1981), which the jackknife counts twice: it matters where clips are few.

    Returns:
        `full`, not corrected for bias (it has to be the number that others compute), with the jackknife
        standard error sqrt((G - 1) / G * sum((x_g - mean(x))**2)) and the t interval of G - 1 degrees of
        freedom. The interval is for the value that this many clips give on average: a Fréchet distance falls
        with N. Fewer than two groups, or a value that is not finite: no error.
    """
    return _jackknife(full, without_group, without_pair or {}, "")


def jackknife_difference(
    full: tuple[float, float],
    without_group: tuple[Sequence[float], Sequence[float]],
    without_pair: tuple[Mapping[Pair, float], Mapping[Pair, float]] | None = None,
) -> Estimate:
    """Estimate a - b, paired: the same group is left out of both.

    Args:
        full: the statistic of a and that of b, on the same clips.
        without_group: the leave-one-out values of a and of b, over the same G groups.
        without_pair: the leave-two-out values of a and of b; those that both have are used.

    Raises:
        ValueError: the numbers of groups differ.
    """
    gaps = [x - y for x, y in zip(*without_group, strict=True)]
    a, b = without_pair or ({}, {})
    return _jackknife(full[0] - full[1], gaps, {pair: a[pair] - b[pair] for pair in a if pair in b}, "paired ")


def neighbours(groups: int) -> list[Pair]:
    """Return the pairs of groups whose values are asked of `jackknife`: each group and the next, in a ring."""
    return [*pairwise(range(groups)), (0, groups - 1)] if groups > 3 else []


def jackknife_variance(full: np.ndarray, single: np.ndarray, double: np.ndarray | None = None) -> np.ndarray:
    """Return the variance of a statistic, shape (...).

    Args:
        full: shape (...).
        single: without one group each, shape (..., G).
        double: without the pairs of `neighbours`, shape (..., G). With them the part of the variance that is of
            second order (that of a sum over pairs of clips), which the jackknife holds twice, is taken off once;
            no more than half of the whole can be.
    """
    size = single.shape[-1]
    variance = (size - 1) / size * np.square(single - single.mean(-1, keepdims=True)).sum(-1)
    if double is None:
        return np.asarray(variance)
    first, second = np.array(neighbours(size)).T
    # Of a statistic that is a mean over clips every entry is 0; what is left is the interaction of two groups.
    joint = size * full[..., None] - (size - 1) * (single[..., first] + single[..., second]) + (size - 2) * double
    spread = np.square(joint - joint.mean(-1, keepdims=True)).mean(-1)
    twice = size * (size - 1) / 2 * (size - 2) ** 2 / size**4 * spread
    return np.asarray(np.maximum(variance - twice, variance / 2))


def cut_to_range(estimate: Estimate, spec: MetricSpec, *, difference: bool = False) -> Estimate:
    """Cut the ends of an interval to what the metric can be; the value and its error stay as they are.

    Args:
        estimate: of the metric, in its stored unit.
        spec: its declaration; no range, no cut.
        difference: of two values, whose range is that of the metric to both sides.
    """
    minimum, maximum = spec.minimum, spec.maximum
    if difference:
        width = None if minimum is None or maximum is None else maximum - minimum
        minimum, maximum = None if width is None else -width, width
    low, high = estimate.low, estimate.high
    if low is None or high is None:
        return estimate
    return msgspec.structs.replace(
        estimate,
        low=low if minimum is None else max(low, minimum),
        high=high if maximum is None else min(high, maximum),
    )


def _jackknife(full: float, single: Sequence[float], pairs: Mapping[Pair, float], kind: str) -> Estimate:
    if not math.isfinite(full):
        return _undefined("not finite")
    x = np.asarray(single, dtype=np.float64)
    if x.size < 2:
        return _no_interval(full, "one group of clips")
    if not np.isfinite(x).all():
        return _no_interval(full, "one group undefined")
    ring = neighbours(x.size)
    double = np.array([pairs.get(pair, math.nan) for pair in ring])
    corrected = bool(ring) and bool(np.isfinite(double).all())
    se = math.sqrt(float(jackknife_variance(np.asarray(full), x, double if corrected else None)))
    if kind and _alike(full, se):
        return _same_everywhere(full, x.size, "groups of clips")
    half = quantile(x.size - 1, LEVEL) * se
    method = f"{kind}jackknife t({x.size - 1})" + (", pairs" if corrected else "")
    p = two_sided(abs(full) / se, x.size - 1) if kind and full else 1.0 if kind else None
    return Estimate(value=full, se=se, low=full - half, high=full + half, method=method, p=p)


def _sums(values: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> ClusterSums:
    return ClusterSums(np.bincount(groups, weights=values * weights), np.bincount(groups, weights=weights))


def _interval(sides: list[ClusterSums], kind: str) -> Estimate:
    """Estimate a ratio, or (two sides) a difference of ratios."""
    counted = np.logical_or.reduce([side.x > 0 for side in sides])
    sides = [ClusterSums(side.y[counted], side.x[counted]) for side in sides]
    value, influence = _combined([side.ratio() for side in sides]), _combined([side.influence() for side in sides])
    if influence.size < 2:
        return _no_interval(float(value), "one cluster")
    se = float(standard_error(influence))
    if kind and _alike(float(value), se):
        return _same_everywhere(float(value), influence.size, "clusters")
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


def _alike(value: float, se: float) -> bool:
    return value != 0.0 and se <= ALIKE * abs(value)


def _same_everywhere(value: float, size: int, units: str) -> Estimate:
    """Return a difference that is the same everywhere: only the signs can say whether it is one.

    That all of G point to one side has a chance of 2 / 2**G where there is no difference (the sign test), so that six
    are the fewest that show anything.
    """
    p = 2.0 ** (1 - size)
    if p > 1 - LEVEL:
        return _no_interval(value, f"all {size} {units} differ by the same, and so few may do so by chance")
    return Estimate(value=value, se=0.0, low=value, high=value, method=f"sign test of {size} {units}, all alike", p=p)


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


def _undefined(why: str) -> Estimate:
    return Estimate(value=None, se=None, low=None, high=None, method=f"undefined: {why}")


def _no_interval(value: float, why: str) -> Estimate:
    return Estimate(value=value, se=None, low=None, high=None, method=f"no interval: {why}")
