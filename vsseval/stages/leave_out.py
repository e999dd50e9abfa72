"""Turns the kept sums or rows of a distance into its value on all clips, and with groups of clips left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vsseval.border.blame import blame
from vsseval.errors import Unmeasurable, VssevalError
from vsseval.statistics.jackknife import PAIRS_BELOW, neighbours
from vsseval.store.group_rows import join_rows, row_groups, rows_of_group
from vsseval.store.group_sums import subtract_group, total_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from vsseval.metrics.base import Distance, SummedRowsMetric

    Sums = dict[str, np.ndarray]

Groups = tuple[int, ...]
"""Numbers of the groups that are left out."""


class MetricFault(Unmeasurable):
    """A metric raised what it should not have, or a routine below it: no finding about the clips."""


class LeftOut(NamedTuple):
    """A distance on all clips, and with groups of clips left out; None where it cannot be measured or is not finite."""

    value: float | None
    groups: tuple[int, ...]
    """Numbers of the groups, ascending."""
    without: tuple[float | None, ...]
    """The value without each of them; empty for a single group."""
    without_two: tuple[float | None, ...]
    """Without the pairs that `neighbours` names; empty where clips are many."""


def leave_out(metric: Distance, stored: Mapping[int, Sums], clips: int) -> LeftOut:
    """Compute a distance and its leave-out values; of sums, no more than four groups are in memory at a time.

    Args:
        metric: of distributions.
        stored: sums or rows by group, from `store.group_sums.read_sums`; at least one group.
        clips: that they are made of; below `PAIRS_BELOW` neighbouring groups are also left out in pairs.

    Raises:
        Unmeasurable: the distance of all clips cannot be measured.
        MetricFault: the metric raised anything else.
        UsageError: the sums or rows cannot be read.
    """
    numbers = tuple(sorted(stored))
    with _careful(metric):
        value = _of_rows(metric, stored) or _of_sums(metric, stored)
        full = value(())
    if len(numbers) < 2:
        return LeftOut(_number(full), numbers, (), ())
    left_out = _measured(metric, value)
    single = tuple(left_out((group,)) for group in numbers)
    ring = neighbours(len(numbers)) if clips < PAIRS_BELOW else []
    return LeftOut(_number(full), numbers, single, tuple(left_out((numbers[i], numbers[j])) for i, j in ring))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _of_rows(metric: Distance, stored: Mapping[int, Sums]) -> Callable[[Groups], float] | None:
    """Return what computes a metric from rows without some groups, or None where its sums are to be used."""
    if metric.kind == "sums":
        return None
    groups = {group: stored[group] for group in sorted(stored)}
    if metric.kind == "grouped_rows":
        grouped = metric.without(join_rows(groups), row_groups(groups))
        return lambda without: float(grouped(without))
    if metric.kind == "rows":
        return lambda without: float(metric.value(join_rows(groups, without)))
    if not _fewer_than_columns(groups):
        return None
    return lambda without: float(metric.value_of_rows(join_rows(groups, without)))


def _of_sums(metric: Distance, stored: Mapping[int, Sums]) -> Callable[[Groups], float]:
    """Return what computes a metric from sums without some groups."""
    sums = _SummedRows(metric, stored) if metric.kind == "summed_rows" else stored
    total = total_sums(sums)

    def value(without: Groups) -> float:
        left = total
        for group in without:
            left = subtract_group(left, sums[group])
        return float(metric.value(left))

    return value


class _SummedRows(Mapping[int, "Sums"]):
    """Sums of the rows of each group, made when they are asked for."""

    def __init__(self, metric: SummedRowsMetric[...], stored: Mapping[int, Sums]) -> None:
        self._metric = metric
        self._stored = stored

    def __getitem__(self, group: int) -> Sums:
        return self._metric.sums(rows_of_group(self._stored[group]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def _fewer_than_columns(groups: Mapping[int, Sums]) -> bool:
    rows, columns = Counter[str](), {}
    for stored in groups.values():
        for name, value in rows_of_group(stored).items():
            rows[name] += len(value)
            columns[name] = math.prod(value.shape[1:])
    return all(rows[name] < columns[name] for name in rows)


@contextmanager
def _careful(metric: Distance) -> Iterator[None]:
    """Make whatever a metric or a routine below it raises a reason: the cell is lost, and not the run."""
    try:
        yield
    except (Unmeasurable, VssevalError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise MetricFault(f"{metric.spec.id}: {blame(error, metric, 'value')}") from error


def _measured(metric: Distance, value: Callable[[Groups], float]) -> Callable[[Groups], float | None]:
    def measured(without: Groups) -> float | None:
        try:
            with _careful(metric):
                return _number(value(without))
        except Unmeasurable:
            return None  # known to the jackknife: no interval

    return measured
