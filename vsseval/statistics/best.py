"""Turns the runs of one table into its clearly best system by each metric, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vsseval.errors import VssevalError
from vsseval.statistics.compare import compare
from vsseval.statistics.readings import Readings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun
    from vsseval.types import Aggregate, MetricSpec

PAIRED_UP_TO = 12
"""Systems in a table up to which each is compared clip by clip with the best."""


def rule(systems: int) -> Literal["paired", "intervals"]:
    """Name the rule that decides for a table of so many systems."""
    return "paired" if systems <= PAIRED_UP_TO else "intervals"


def clear_best(
    runs: Sequence[LoadedRun], spec: MetricSpec, subset: str = "", *, readings: Readings | None = None
) -> LoadedRun | None:
    """Find the run that is better than each other one beyond its interval.

    Args:
        runs: systems (no bounds) of one comparable table.
        spec: the metric.
        subset: part of the benchmark, or empty for all of it.
        readings: what was read before.

    Returns:
        None if fewer than two runs have a value, or if the best does not clearly differ from another one:
        its paired 95 % interval holds zero, or (in tables of more than `PAIRED_UP_TO` systems) the two
        intervals overlap.
    """
    sign = 1.0 if spec.direction == "higher" else -1.0
    measured = [(cell, run) for run in runs if (cell := _cell(run, spec.id, subset)) is not None]
    if len(measured) < 2:
        return None
    measured.sort(key=lambda pair: -sign * (pair[0].value or 0.0))
    (top, leader), others = measured[0], measured[1:]
    if rule(len(runs)) == "intervals":
        clear = all(_apart(top, cell, sign) for cell, _ in others)
    else:
        readings = readings or Readings()
        clear = all(_better(leader, run, spec.id, subset, readings) for _, run in others)
    return leader if clear else None


def _cell(run: LoadedRun, metric: str, subset: str) -> Aggregate | None:
    for cell in run.aggregates:
        if cell.metric == metric and cell.subset == subset and cell.value is not None:
            return cell
    return None


def _apart(top: Aggregate, other: Aggregate, sign: float) -> bool:
    if top.low is None or top.high is None or other.low is None or other.high is None:
        return False
    # Over different clips a system could look better by having failed on the hard ones.
    same_clips = top.n == top.total == other.n == other.total
    return same_clips and (top.low > other.high if sign > 0 else top.high < other.low)


def _better(leader: LoadedRun, other: LoadedRun, metric: str, subset: str, readings: Readings) -> bool:
    try:
        (delta,) = compare(leader, other, [metric], subset=subset, allow_partial=True, moved=0, readings=readings)
    except VssevalError:  # no scores to read, or no plugin to compare with
        return False
    return delta.better == "a"
