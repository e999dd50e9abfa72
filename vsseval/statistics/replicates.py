"""Turns the kept sums or rows of a distance into its value on all clips, and with groups of clips left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vsseval.border.blame import blame
from vsseval.errors import Unmeasurable, VssevalError
from vsseval.metrics.base import DistributionMetric, GroupedRowsMetric, RowsMetric, SummedRowsMetric
from vsseval.statistics.intervals import PAIRS_BELOW, Estimate, Pair, jackknife, jackknife_difference, neighbours
from vsseval.store.rows import joined, members, of_group
from vsseval.store.sums import added, less

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    Sums = dict[str, np.ndarray]

Groups = tuple[int, ...]
"""Numbers of the groups that are left out."""


Distance = DistributionMetric | RowsMetric | SummedRowsMetric


class Broken(Unmeasurable):
    """A metric raised what it should not have, or a routine below it: no finding about the clips."""


class Replicates(NamedTuple):
    """A distance on all clips, and with groups of clips left out."""

    full: float
    without: dict[int, float]
    """Group -> value without it; NaN where that cannot be measured; empty for a single group."""
    pairs: dict[Pair, float]
    """Places of two groups in the order of `without` -> value without both; empty where clips are many."""


def replicates(metric: Distance, stored: Mapping[int, Sums], clips: int) -> Replicates:
    """Compute a distance and its leave-out values; of sums, no more than four groups are in memory at a time.

    Args:
        metric: of distributions.
        stored: sums or rows by group, from `store.sums.read_sums`; at least one group.
        clips: that they are made of; below `PAIRS_BELOW` neighbouring groups are also left out in pairs.

    Raises:
        Unmeasurable: the distance of all clips cannot be measured.
        Broken: the metric raised anything else.
        UsageError: the sums or rows cannot be read.
    """
    numbers = sorted(stored)
    with _careful(metric):
        value = _of_rows(metric, stored) or _of_sums(metric, stored)
        full = value(())
    if len(numbers) < 2:
        return Replicates(full, {}, {})
    left_out = _measured(metric, value)
    single = {group: left_out((group,)) for group in numbers}
    ring = neighbours(len(numbers)) if clips < PAIRS_BELOW else []
    pairs = {(i, j): left_out((numbers[i], numbers[j])) for i, j in ring}
    return Replicates(full, single, pairs)


def _of_rows(metric: Distance, stored: Mapping[int, Sums]) -> Callable[[Groups], float] | None:
    """Return what computes a metric from rows without some groups, or None where its sums are to be used."""
    if not isinstance(metric, RowsMetric | SummedRowsMetric):
        return None
    groups = {group: stored[group] for group in sorted(stored)}
    if isinstance(metric, GroupedRowsMetric):
        grouped = metric.without(joined(groups), members(groups))
        return lambda without: float(grouped(without))
    if not isinstance(metric, SummedRowsMetric):
        return lambda without: float(metric.value(joined(groups, without)))
    if not _fewer_than_columns(groups):
        return None
    return lambda without: float(metric.value_of_rows(joined(groups, without)))


def _of_sums(metric: Distance, stored: Mapping[int, Sums]) -> Callable[[Groups], float]:
    """Return what computes a metric from sums without some groups."""
    sums = _SummedRows(metric, stored) if isinstance(metric, SummedRowsMetric) else stored
    total = added(sums)

    def value(without: Groups) -> float:
        left = total
        for group in without:
            left = less(left, sums[group])
        return float(metric.value(left))

    return value


class _SummedRows(Mapping[int, "Sums"]):
    """Sums of the rows of each group, made when they are asked for."""

    def __init__(self, metric: SummedRowsMetric, stored: Mapping[int, Sums]) -> None:
        self._metric = metric
        self._stored = stored

    def __getitem__(self, group: int) -> Sums:
        return self._metric.sums(**of_group(self._stored[group]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def _fewer_than_columns(groups: Mapping[int, Sums]) -> bool:
    rows, columns = Counter[str](), {}
    for stored in groups.values():
        for name, value in of_group(stored).items():
            rows[name] += len(value)
            columns[name] = math.prod(value.shape[1:])
    return all(rows[name] < columns[name] for name in rows)


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


@contextmanager
def _careful(metric: Distance) -> Iterator[None]:
    """Make whatever a metric or a routine below it raises a reason: the cell is lost, and not the run."""
    try:
        yield
    except (Unmeasurable, VssevalError):
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Broken(f"{metric.spec.id}: {blame(error, metric, 'value')}") from error


def _measured(metric: Distance, value: Callable[[Groups], float]) -> Callable[[Groups], float]:
    def measured(without: Groups) -> float:
        try:
            with _careful(metric):
                return value(without)
        except Unmeasurable:
            return math.nan  # known to `jackknife`: no interval

    return measured
