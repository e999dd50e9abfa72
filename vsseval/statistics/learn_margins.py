"""Turns reruns of one model with other seeds into proposed margins: wide enough for chance, no wider.

Let s be the standard deviation of a difference between two reruns (the greater of the root mean square of the
observed differences and of their standard errors; both measure it, few reruns give the first a chance to come out
small), and h the widest half of an interval. A rerun passes where its difference plus h is within the margin, so

    margin = h + 3 s

passes 99.9 % of reruns by one metric. A run that is worse by the whole margin passes in 2.5 % of cases at most; one
that is worse by 3 s is stopped half the time, one that is worse by 4.3 s nine times in ten.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import UsageError
from vsseval.statistics.compare import compare
from vsseval.statistics.gate_verdict import worse_by
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.shift import SIGNED, has_detail, shift
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun

SIGMAS = 3.0
"""One rerun in 740 goes further to the one side."""
NINE_IN_TEN = 1.2816
"""Standard deviations below which a normal number lies in 90 % of cases."""
FEWEST = 3
"""Reruns: three pairs are the least from which a spread can be told."""


class Proposal(Record, frozen=True, kw_only=True):
    """A margin in displayed units, and what it was made of."""

    benchmark: str
    metric: str
    detail: str = ""
    """Empty for the metric itself, else the signed detail whose median may move by the margin."""
    unit: str
    margin: float
    noise: float
    """s: standard deviation of a difference between two reruns."""
    half: float
    """h: widest half of a 95 % interval."""
    caught: float
    """A loss of this size is stopped in nine cases of ten."""
    clips: int


class RerunSpread(NamedTuple):
    """How far reruns of one model are apart by one metric."""

    noise: float
    """s: standard deviation of a difference between two of them."""
    half: float
    """h: widest half of an interval."""
    typical: float
    """The mean half."""

    @property
    def margin(self) -> float:
        """H + 3 s."""
        return self.half + SIGMAS * self.noise

    def caught(self, margin: float) -> float:
        """Return the loss that is stopped in nine cases of ten, normal differences assumed."""
        return margin - self.typical + NINE_IN_TEN * self.noise


def propose_margins(runs: Sequence[LoadedRun], cache: RunCache | None = None) -> list[Proposal]:
    """Propose margins from reruns.

    Args:
        runs: finished and complete, at least three for each benchmark that occurs, each with a seed of its own
            (or, of `audio:DIR`, from another folder).
        cache: what was read before.

    Returns:
        By benchmark and metric; margins are rounded up to two digits.

    Raises:
        UsageError: too few runs, other models, the same sounds twice, incomplete runs, runs that are not comparable.
    """
    cache = cache or RunCache()
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        groups.setdefault(run.record.benchmark.name, []).append(run)
    proposals = []
    for benchmark in sorted(groups):
        _reruns(benchmark, groups[benchmark])
        proposals += _proposals(benchmark, groups[benchmark], cache)
    return proposals


def _reruns(benchmark: str, runs: Sequence[LoadedRun]) -> None:
    if len(runs) < FEWEST:
        raise UsageError(
            f"margins need at least {FEWEST} reruns on {benchmark}, there are {len(runs)}. Make more with: "
            f"vsseval run --model {runs[0].record.spec.model} --benchmark {benchmark} --seed {len(runs)}"
        )
    names = sorted({run.record.model.name.partition(":")[0] for run in runs})
    if len(names) > 1:
        raise UsageError(f"reruns are of one model, but on {benchmark} there are {', '.join(names)}. Name one's runs")
    for run in runs:
        if run.record.spec.limit is not None:
            raise UsageError(f"{run.path.name} was made with --limit: margins hold for its N only. Run it without")
        bad = run.record.clips.get("failed", 0) + run.record.clips.get("missing", 0)
        if bad:
            raise UsageError(f"{run.path.name} has {bad} clips without a sound. Run it again to retry them")


def _proposals(benchmark: str, runs: Sequence[LoadedRun], cache: RunCache) -> list[Proposal]:
    pairs = list(combinations(runs, 2))
    deltas = [compare(a, b, any_seed=True, moved=0, cache=cache) for a, b in pairs]
    if all(delta.difference == 0.0 for found in deltas for delta in found):
        raise UsageError(
            f"the runs on {benchmark} do not differ at all: chance cannot be told from one sound. "
            "Rerun the model with other seeds: --seed 1, --seed 2, ..."
        )
    proposals = []
    for each in zip(*deltas, strict=True):
        one = each[0]
        losses = [(worse_by(delta), delta.se) for delta in each]
        found = spread([(loss.value, se, loss.low, loss.high) if loss else (None,) * 4 for loss, se in losses])
        if found is None:
            continue
        known = {"benchmark": benchmark, "metric": one.metric, "clips": one.n}
        finest = 10.0**-one.decimals
        proposals.append(_proposal(known, one.unit, found, one.scale, finest))
        for detail in SIGNED:
            if all(has_detail(run, one.metric, detail, cache) for run in runs):
                moved = [shift(a, b, one.metric, detail, cache) for a, b in pairs]
                wide = spread([(m.value, m.se, m.low, m.high) for m in moved])
                if wide is not None:
                    proposals.append(_proposal({**known, "detail": detail}, one.unit, wide, 1.0, 0.001))
    return proposals


def spread(found: Sequence[tuple[float | None, ...]]) -> RerunSpread | None:
    """Return how far reruns are apart, from differences of pairs.

    Args:
        found: difference, standard error and ends of the interval of each pair.

    Returns:
        None where a difference has no interval.
    """
    noise, errors, half, typical = 0.0, 0.0, 0.0, 0.0
    for value, se, low, high in found:
        if value is None or se is None or low is None or high is None:
            return None
        noise, errors = noise + value**2, errors + se**2
        half, typical = max(half, high - value, value - low), typical + (high - low) / 2
    return RerunSpread(math.sqrt(max(noise, errors) / len(found)), half, typical / len(found))


def _proposal(known: dict[str, object], unit: str, stored: RerunSpread, scale: float, finest: float) -> Proposal:
    found = RerunSpread(*(scale * number for number in stored))
    # Where no rerun differed, one unit of the last digit that tables show stands for nothing at all.
    margin = max(rounded_up(found.margin), finest)
    return Proposal(
        **known,  # type: ignore[arg-type]
        unit=unit,
        margin=margin,
        noise=found.noise,
        half=found.half,
        caught=found.caught(margin),
    )


def rounded_up(value: float) -> float:
    """Round a positive number up to two significant digits."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return round(math.ceil(value / step - 1e-9) * step, 12)
