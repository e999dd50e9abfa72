"""Turns reruns of one model with other seeds into proposed margins: wide enough for chance, no wider.

Let s be the standard deviation of a difference between two reruns (the greater of the root mean square of the
observed differences and of their standard errors; both measure it, few reruns give the first a chance to come out
small), and h the widest half of an interval. A rerun passes where its difference plus h is within the margin, so

    margin = h + 3 s

passes 99.9 % of reruns by one metric. A run that is worse by the whole margin passes in 2.5 % of cases at most; one
that is worse by 3 s is stopped half the time, one that is worse by 4.3 s nine times in ten.

Outputs that are fixed have no reruns. What chance there is lies in the clips alone: s is then the standard error of a
difference between two versions, over clips, and the rest is the same.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from vsseval.errors import UsageError
from vsseval.statistics.compare import compare
from vsseval.statistics.gate_verdict import worse_by
from vsseval.statistics.planning import PowerSettings
from vsseval.statistics.power import power_of_run
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.shift import SIGNED, has_detail, shift
from vsseval.statistics.student import quantile
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.delta import Delta
    from vsseval.store.record import LoadedRun

SIGMAS = 3.0
"""One rerun in 740 goes further to the one side."""
NINE_IN_TEN = 1.2816
"""Standard deviations below which a normal number lies in 90 % of cases."""
CORRELATION = 0.5
"""Of the clips of two versions of one system, where only one is known: what is hard for one is hard for the other."""
FEWEST = 3
"""Reruns: three pairs are the least from which a spread can be told."""


Interval: TypeAlias = "tuple[float | None, float | None, float | None, float | None]"
"""A difference, its standard error, and the ends of its interval."""


class Proposal(Record, frozen=True, kw_only=True):
    """A margin in displayed units, and what it was made of."""

    benchmark: str
    metric: str
    detail: str = ""
    """Empty for the metric itself, else the signed detail whose median may move by the margin."""
    unit: str
    margin: float
    noise: float
    """s: standard deviation of a difference between two reruns; of fixed outputs, over clips, between two versions."""
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
    proposals = []
    for benchmark, group in _by_benchmark(runs).items():
        _reruns(benchmark, group)
        proposals += _proposals(benchmark, group, cache)
    return proposals


def propose_from_clips(
    runs: Sequence[LoadedRun], correlation: float = CORRELATION, *, cache: RunCache | None = None
) -> list[Proposal]:
    """Propose margins for outputs that are fixed, from what their clips vary by.

    Args:
        runs: finished and complete; of each benchmark one, or several versions of the outputs.
        correlation: of the clips of two versions, where there is one run on a benchmark.
        cache: what was read before.

    Returns:
        By benchmark and metric. Of several versions, s is the root mean square of the standard errors of their paired
        differences; how far their values lie apart does not count, for that is no chance. Of one, another is taken to
        spread as much, and there is no margin for a signed detail.

    Raises:
        UsageError: incomplete runs, runs that are not comparable, a correlation that is none.
    """
    cache = cache or RunCache()
    proposals = []
    for benchmark, group in _by_benchmark(runs).items():
        _whole(group)
        proposals += (
            _of_versions(benchmark, group, cache) if len(group) > 1 else _of_one(benchmark, group[0], correlation)
        )
    return proposals


def _by_benchmark(runs: Sequence[LoadedRun]) -> dict[str, list[LoadedRun]]:
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        groups.setdefault(run.record.benchmark.title, []).append(run)
    return dict(sorted(groups.items()))


def _of_versions(benchmark: str, runs: Sequence[LoadedRun], cache: RunCache) -> list[Proposal]:
    pairs = list(combinations(runs, 2))
    deltas = [compare(a, b, any_seed=True, moved=0, cache=cache) for a, b in pairs]
    proposals = []
    for each in zip(*deltas, strict=True):
        one = each[0]
        known = {"benchmark": benchmark, "metric": one.metric, "clips": one.n}
        found = spread([_centred(*_symmetric(delta)) for delta in each])
        if found is not None:
            proposals.append(_proposal(known, one.unit, found, one.scale, 10.0**-one.decimals))
        proposals += _of_details(known, one.unit, runs, pairs, cache, centred=True) if found is not None else []
    return proposals


def _of_one(benchmark: str, run: LoadedRun, correlation: float) -> list[Proposal]:
    proposals = []
    for need in power_of_run(run, (), PowerSettings(correlation=correlation)):
        if need.se is not None and need.clusters > 1:
            half = quantile(need.clusters - 1) * need.se
            found = RerunSpread(need.se, half, half)
            known = {"benchmark": benchmark, "metric": need.metric, "clips": need.n}
            proposals.append(_proposal(known, need.unit, found, need.scale, 10.0**-need.decimals))
    return proposals


def _centred(value: float | None, se: float | None, low: float | None, high: float | None) -> Interval:
    """Take away how far two versions lie apart."""
    if value is None or low is None or high is None:
        return None, None, None, None
    return 0.0, se, low - value, high - value


def _of_details(
    known: dict[str, object],
    unit: str,
    runs: Sequence[LoadedRun],
    pairs: Sequence[tuple[LoadedRun, LoadedRun]],
    cache: RunCache,
    *,
    centred: bool,
) -> list[Proposal]:
    """Propose by how much the median of each signed detail that all runs have may move."""
    proposals, metric = [], str(known["metric"])
    for detail in SIGNED:
        if all(has_detail(run, metric, detail, cache) for run in runs):
            moved = [shift(a, b, metric, detail, cache) for a, b in pairs]
            found: list[Interval] = [(m.value, m.se, m.low, m.high) for m in moved]
            wide = spread([_centred(*one) for one in found] if centred else found)
            if wide is not None:
                proposals.append(_proposal({**known, "detail": detail}, unit, wide, 1.0, 0.001))
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
    _whole(runs)


def _whole(runs: Sequence[LoadedRun]) -> None:
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
            "Rerun the model with other seeds: --seed 1, --seed 2, ... If its outputs are fixed, learn from their "
            "clips with: vsseval gate --learn --from-clips RUN"
        )
    proposals = []
    for each in zip(*deltas, strict=True):
        one = each[0]
        found = spread([_symmetric(delta) for delta in each])
        if found is None:
            continue
        known = {"benchmark": benchmark, "metric": one.metric, "clips": one.n}
        finest = 10.0**-one.decimals
        proposals.append(_proposal(known, one.unit, found, one.scale, finest))
        proposals += _of_details(known, one.unit, runs, pairs, cache, centred=False)
    return proposals


def _symmetric(delta: Delta) -> Interval:
    """Return a difference, its error and Student's ends: either run could be the one that is judged."""
    loss = worse_by(delta)
    if loss is None or loss.high is None:
        return None, None, None, None
    return loss.value, delta.se, 2 * loss.value - loss.high, loss.high


def spread(found: Sequence[Interval]) -> RerunSpread | None:
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
