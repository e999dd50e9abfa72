"""Turns the runs of one table into its clearly best and clearly second-best system by each metric, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from vsseval.errors import VssevalError
from vsseval.statistics.compare import compare
from vsseval.statistics.flagged import unranked
from vsseval.statistics.run_cache import RunCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.records import Aggregate
    from vsseval.store.record import LoadedRun
    from vsseval.types import MetricSpec

RankingRule = Literal["paired", "distances", "intervals"]
"""What decides: pairs of clips; pairs for distances of sets only, and intervals for the rest; intervals alone."""
RULES: tuple[RankingRule, ...] = get_args(RankingRule)
"""From the finest to the coarsest."""

PAIRED_UP_TO = 12
"""Systems in a table up to which each is compared clip by clip with the best."""
MANY = 1000
"""Clips from which on all intervals are of one form (docs/statistics.md). The standard error of a paired difference is
at most the sum of the two, so that intervals which do not overlap decide without a look at the clips."""


class BestSystems(NamedTuple):
    """The systems of a column that may be set off from the others."""

    best: LoadedRun | None = None
    """Better than each other system beyond its interval."""
    second: LoadedRun | None = None
    """Better than each other system but the best; None where there is no best."""


def ranking_rule(runs: Sequence[LoadedRun]) -> RankingRule:
    """Name the rule that decides for a table of these systems; without their scores only distances can be paired."""
    if len(runs) <= PAIRED_UP_TO and all(run.paths.scores.exists() for run in runs):
        return "paired"
    kept = [{(one.metric, one.subset) for one in run.replicates} for run in runs]
    return "distances" if set.intersection(*kept) else "intervals"


def best_systems(
    runs: Sequence[LoadedRun], spec: MetricSpec, subset: str = "", *, cache: RunCache | None = None
) -> BestSystems:
    """Find the run that is better than each other one beyond its interval, and the one that is so but for it.

    Args:
        runs: systems (no bounds) of one comparable table. One whose files were changed takes no part, nor one whose
            sounds are copies or one sound for many clips.
        spec: the metric.
        subset: part of the benchmark, or empty for all of it.
        cache: what was read before.

    Returns:
        No best if the metric ranks nobody, if fewer than two runs have a value, or if the best does not clearly differ:
        its paired 95 % interval holds zero, or (where clips are not paired) the two intervals overlap. No second
        where there is no best, or where the second does not clearly differ from a third; of two systems the
        other one is no second, for there is nothing that it is better than.
    """
    if not spec.ranked:
        return BestSystems()
    sign = 1.0 if spec.direction == "higher" else -1.0
    ranked = [run for run in runs if not run.problem and not unranked(run.flags)]
    found = [(cell, run) for run in ranked if (cell := _cell(run, spec.id, subset)) is not None]
    found.sort(key=lambda pair: -sign * (pair[0].value or 0.0))
    paired = ranking_rule(runs) == "paired" or all(run.distance(spec.id, subset) for _, run in found)
    seen = cache or RunCache()

    def clear(place: int) -> bool:
        """Whether the run at a place is better than all that come after it; the nearest rival first."""
        (top, leader), rivals = found[place], found[place + 1 :]
        for cell, rival in rivals:
            apart = _apart(top, cell, sign)
            if paired and not (apart and top.n >= MANY):
                apart = _better(leader, rival, spec.id, subset, seen)
            if not apart:
                return False
        return bool(rivals)

    if not found or not clear(0):
        return BestSystems()
    return BestSystems(found[0][1], found[1][1] if clear(1) else None)


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


def _better(leader: LoadedRun, other: LoadedRun, metric: str, subset: str, cache: RunCache) -> bool:
    try:
        (delta,) = compare(leader, other, [metric], subset=subset, allow_partial=True, moved=0, cache=cache)
    except VssevalError:  # no scores to read
        return False
    return delta.better == "a"
