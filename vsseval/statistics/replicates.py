"""Turns the replicates of a distance into an estimate, and those of two runs into their paired difference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vsseval.statistics.estimate import Estimate
from vsseval.statistics.jackknife import jackknife, jackknife_difference, neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.jackknife import Pair
    from vsseval.store.replicates import Replicates


def estimate(found: Replicates) -> Estimate:
    """Return a distance with its interval; where it has no value, with the reason."""
    if found.value is None:
        return Estimate(value=None, se=None, low=None, high=None, method=f"undefined: {found.reason}")
    return jackknife(_number(found.value), _numbers(found.without), _pairs(found))


def difference(a: Replicates, b: Replicates) -> Estimate:
    """Return the difference of two distances over the same clips, with its interval.

    Raises:
        ValueError: the groups, or the clips in them, differ.
    """
    if (a.groups, a.clips) != (b.groups, b.clips):
        raise ValueError("the two distances were measured over different groups of clips")
    full = _number(a.value), _number(b.value)
    return jackknife_difference(full, (_numbers(a.without), _numbers(b.without)), (_pairs(a), _pairs(b)))


def _pairs(found: Replicates) -> dict[Pair, float]:
    if not found.without_two:
        return {}
    return dict(zip(neighbours(len(found.groups)), _numbers(found.without_two), strict=True))


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
