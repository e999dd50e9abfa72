"""Turns rows and sums into the cells of a table: values with intervals, n of N, and a signature."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable
from vsseval.stages.catalog import is_distance
from vsseval.stages.score import subsets
from vsseval.statistics.intervals import VERSION, Estimate, ratio, within
from vsseval.statistics.replicates import Broken, replicates
from vsseval.statistics.replicates import estimate as replicated
from vsseval.store.record import write_aggregates
from vsseval.store.sums import read_sums
from vsseval.store.tables import Row, read_scores
from vsseval.types import Aggregate, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.stages.catalog import Distance, Measures
    from vsseval.stages.plan import Plan
    from vsseval.types import ExtractorSpec


def aggregate(plan: Plan, measures: Measures) -> list[Aggregate]:
    """Make every cell of a run from its rows and sums, and write `aggregates.json`.

    Args:
        plan: the run.
        measures: metrics and extractors.

    Returns:
        The whole benchmark first, then each named subset; by metric id within each.

    Raises:
        UsageError: the rows or sums cannot be read.
        EnvironmentFault: the run directory cannot be written.
    """
    rows: dict[str, list[Row]] = {name: [] for name in measures.metrics}
    for row in read_scores(plan.paths.scores):
        rows[row.metric].append(row)
    cells = []
    for subset in subsets(plan):
        for name in sorted({*measures.metrics, *measures.unavailable}):
            if name in measures.unavailable:
                cells.append(_unavailable(plan, name, subset, measures.unavailable[name]))
                continue
            chosen = [row for row in rows[name] if subset in {"", row.subset}]
            cells.append(_cell(plan, measures, name, subset, chosen))
    write_aggregates(plan.root, cells)
    return cells


def signature(plan: Plan, measures: Measures, metric: str, counts: str, subset: str = "") -> str:
    """Return all that a number depends on, in the manner of sacreBLEU: `key:value` joined by bars.

    Args:
        plan: the run.
        measures: metrics and extractors.
        metric: metric id.
        counts: `n/N`.
        subset: part of the benchmark, or empty for all of it.
    """
    from importlib.metadata import version

    used = measures.uses(metric).values()
    rates = sorted({x.sample_rate for x in used if x.sample_rate is not None})
    parts = {
        "metric": metric,
        "version": measures.metrics[metric].spec.version,
        "bench": f"{plan.benchmark.name}-{plan.benchmark.version}",
        "manifest": plan.manifest_sha256[:8],
        "limit": plan.spec.limit,
        "subset": subset or None,
        "x": "+".join(_known_as(x) for x in used) or "none",
        "device": "+".join(sorted({x.device for x in used} - {"cpu"})) or None,
        "sr": "+".join(map(str, rates)) or "native",
        "seed": plan.spec.seed,
        "n": counts,
        "intervals": VERSION,
        "vsseval": version("vsseval"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items() if value is not None)


def _known_as(extractor: ExtractorSpec) -> str:
    name = f"{extractor.name}-{extractor.version}-{extractor.weights[:8]}"
    return name if extractor.precision == "float32" else f"{name}-{extractor.precision}"


def _cell(plan: Plan, measures: Measures, name: str, subset: str, rows: Sequence[Row]) -> Aggregate:
    metric = measures.metrics[name]
    counts = Counter(row.status for row in rows)
    n, total = counts["ok"], len(rows) - counts["not_applicable"]
    ok = [row for row in rows if row.status == "ok"]
    reason: str | None = None
    macro: float | None = None
    broken = False
    if is_distance(metric):
        estimate, reason, broken = _distance(metric, plan, subset, n)
    else:
        estimate, macro = _mean(ok)
    estimate = within(estimate, metric.spec)
    status: Status = "ok" if estimate.value is not None else "failed" if broken else _why_none(counts)
    return Aggregate(
        metric=name,
        status=status,
        n=n,
        total=total,
        value=estimate.value,
        se=estimate.se,
        low=estimate.low,
        high=estimate.high,
        method=estimate.method,
        macro=macro,
        failed=counts["failed"],
        missing=counts["missing"],
        not_applicable=counts["not_applicable"],
        reason=None if status == "ok" else reason or _commonest_reason(rows) or estimate.method,
        signature=signature(plan, measures, name, f"{n}/{total}", subset),
        subset=subset,
    )


def _mean(rows: Sequence[Row]) -> tuple[Estimate, float | None]:
    """Return the ratio of sums, and the unweighted mean where the weights differ."""
    values = [row.value or 0.0 for row in rows]
    weights = [row.weight or 0.0 for row in rows]
    estimate = ratio(values, weights, [row.cluster for row in rows])
    return estimate, sum(values) / len(values) if len(set(weights)) > 1 else None


def _distance(metric: Distance, plan: Plan, subset: str, clips: int) -> tuple[Estimate, str | None, bool]:
    """Return the distance with its jackknife interval, or an undefined one, the reason, and whether it is a fault."""
    undefined = Estimate(value=None, se=None, low=None, high=None, method="undefined: no clips")
    if not clips:
        return undefined, None, False
    try:
        found = replicated(replicates(metric, read_sums(plan.paths.sums(metric.spec.id, subset)), clips))
    except Unmeasurable as error:
        return undefined, str(error), isinstance(error, Broken)
    return found, None, found.value is None


def _why_none(counts: Counter[Status]) -> Status:
    """Return the status of a cell without a value, from those of its clips."""
    if counts["failed"]:
        return "failed"
    return "missing" if counts["missing"] else "not_applicable"


def _commonest_reason(rows: Sequence[Row]) -> str | None:
    reasons = Counter(json.loads(row.detail).get("reason") for row in rows if row.status != "ok")
    return reasons.most_common(1)[0][0] if reasons else None


def _unavailable(plan: Plan, name: str, subset: str, reason: str) -> Aggregate:
    total = sum(subset in {"", sample.subset} for sample in plan.samples)
    return Aggregate(metric=name, status="missing", n=0, total=total, missing=total, reason=reason, subset=subset)
