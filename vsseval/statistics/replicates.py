"""Turns the kept sums of a distance into its value on all clips, and with groups of clips left out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vsseval.errors import Unmeasurable
from vsseval.statistics.intervals import PAIRS_BELOW, Estimate, Pair, jackknife, jackknife_difference, neighbours
from vsseval.store.sums import added, less

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    Sums = dict[str, np.ndarray]


class Distance(Protocol):
    """What is asked of a distribution metric here."""

    def value(self, sums: Sums) -> float:
        """Return the distance from added sums, or raise Unmeasurable."""
        ...


class Replicates(NamedTuple):
    """A distance on all clips, and with groups of clips left out."""

    full: float
    without: dict[int, float]
    """Group -> value without it; NaN where that cannot be measured; empty for a single group."""
    pairs: dict[Pair, float]
    """Places of two groups in the order of `without` -> value without both; empty where clips are many."""


def replicates(metric: Distance, sums: Mapping[int, Sums], clips: int) -> Replicates:
    """Compute a distance and its leave-out values; no more than four groups are in memory at a time.

    Args:
        metric: of distributions.
        sums: by group, from `store.sums.read_sums`; at least one group.
        clips: that the sums are made of; below `PAIRS_BELOW` neighbouring groups are also left out in pairs.

    Raises:
        Unmeasurable: the distance of all clips cannot be measured.
    """
    total, numbers = added(sums), sorted(sums)
    full = float(metric.value(total))
    if len(numbers) < 2:
        return Replicates(full, {}, {})
    value = _measured(metric)
    single = {group: value(less(total, sums[group])) for group in numbers}
    ring = neighbours(len(numbers)) if clips < PAIRS_BELOW else []
    pairs = {(i, j): value(less(less(total, sums[numbers[i]]), sums[numbers[j]])) for i, j in ring}
    return Replicates(full, single, pairs)


def estimate(found: Replicates) -> Estimate:
    """Return a distance with its interval."""
    return jackknife(found.full, [*found.without.values()], found.pairs)


def difference(a: Replicates, b: Replicates) -> Estimate:
    """Return the difference of two distances over the same clips, with its interval.

    Raises:
        ValueError: the groups differ.
    """
    if list(a.without) != list(b.without):
        raise ValueError("the two distances were summed over different groups of clips")
    singles = [*a.without.values()], [*b.without.values()]
    return jackknife_difference((a.full, b.full), singles, (a.pairs, b.pairs))


def _measured(metric: Distance) -> Callable[[Sums], float]:
    def value(sums: Sums) -> float:
        try:
            return float(metric.value(sums))
        except Unmeasurable:
            return math.nan  # known to `jackknife`: no interval

    return value
