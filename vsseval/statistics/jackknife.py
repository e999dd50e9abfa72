"""Estimates any statistic from its values without groups of clips: the delete-a-group jackknife.

A distance of two distributions is no ratio of sums, and a plain bootstrap of it is biased by what the bootstrap
repeats; the jackknife (Kott, J. Official Statistics 17, 2001) is not.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from vsseval.statistics.estimate import LEVEL, Estimate, alike, no_interval, same_everywhere, undefined
from vsseval.statistics.student import quantile, two_sided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAIRS_BELOW = 1000
"""Clips below which the jackknife of a distance is corrected by leaving out pairs of groups."""

Pair: TypeAlias = tuple[int, int]


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


def _jackknife(full: float, single: Sequence[float], pairs: Mapping[Pair, float], kind: str) -> Estimate:
    if not math.isfinite(full):
        return undefined("not finite")
    x = np.asarray(single, dtype=np.float64)
    if x.size < 2:
        return no_interval(full, "one group of clips")
    if not np.isfinite(x).all():
        return no_interval(full, "one group undefined")
    ring = neighbours(x.size)
    double = np.array([pairs.get(pair, math.nan) for pair in ring])
    corrected = bool(ring) and bool(np.isfinite(double).all())
    se = math.sqrt(float(jackknife_variance(np.asarray(full), x, double if corrected else None)))
    if kind and alike(full, se):
        return same_everywhere(full, x.size, "groups of clips")
    half = quantile(x.size - 1, LEVEL) * se
    method = f"{kind}jackknife t({x.size - 1})" + (", pairs" if corrected else "")
    p = two_sided(abs(full) / se, x.size - 1) if kind and full else 1.0 if kind else None
    return Estimate(value=full, se=se, low=full - half, high=full + half, method=method, p=p)
