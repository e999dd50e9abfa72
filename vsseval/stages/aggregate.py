"""Turns rows and sums into the cells of a table (values with intervals, n of N, a signature), and into replicates.

Nothing that comes after reads sums, features or metrics: the cells, the scores and the replicates are all it needs.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from vsseval.errors import Unmeasurable
from vsseval.records import Aggregate
from vsseval.stages.leave_out import MetricFault, leave_out
from vsseval.stages.own_picture import sees_own_picture
from vsseval.stages.score import subsets
from vsseval.statistics.estimate import Estimate, cut_to_range
from vsseval.statistics.intervals import VERSION, ratio
from vsseval.statistics.replicates import estimate as estimate_distance
from vsseval.statistics.samples import averaged, of_clips, spread_of_sets, spread_of_values
from vsseval.store.group_sums import assign_groups, read_sums
from vsseval.store.record import write_aggregates
from vsseval.store.replicates import Replicates, clips_sha256, write_replicates
from vsseval.store.scores import ScoreRow, read_scores
from vsseval.store.timings import timed
from vsseval.types import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.metrics.base import Distance
    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.plan import Plan
    from vsseval.types import ExtractorSpec


def aggregate(plan: Plan, resolved: ResolvedMetrics) -> list[Aggregate]:
    """Make every cell of a run from its rows and sums, and write `aggregates.json` and `replicates.npz`.

    Args:
        plan: the run.
        resolved: metrics and extractors.

    Returns:
        The whole benchmark first, then each named subset; by metric id within each.

    Raises:
        UsageError: the rows or sums cannot be read.
        EnvironmentFault: the run directory cannot be written.
    """
    rows: dict[str, list[ScoreRow]] = {name: [] for name in resolved.metrics}
    for row in read_scores(plan.paths.scores):
        rows[row.metric].append(row)
    cells, kept = [], []
    for subset in subsets(plan):
        for name in sorted({*resolved.metrics, *resolved.unavailable}):
            if name in resolved.unavailable:
                cells.append(_unavailable(plan, name, subset, resolved.unavailable[name]))
                continue
            chosen = [row for row in rows[name] if subset in {"", row.subset}]
            with timed(plan.store.root, "aggregate", name) as watch:
                cell, replicates = _cell(plan, resolved, name, subset, chosen)
                # A distance of sums costs the same for any number of clips.
                watch.clips = 1 if resolved.metrics[name].kind == "sums" else len(chosen)
            cells.append(cell)
            if replicates is not None:
                kept.append(replicates)
    write_replicates(plan.paths.replicates, kept)
    write_aggregates(plan.root, cells)
    return cells


def signature(plan: Plan, resolved: ResolvedMetrics, metric: str, counts: str, subset: str = "") -> str:
    """Return all that a number depends on, in the manner of sacreBLEU: `key:value` joined by bars.

    Args:
        plan: the run.
        resolved: metrics and extractors.
        metric: metric id.
        counts: `n/N`.
        subset: part of the benchmark, or empty for all of it.
    """
    from importlib.metadata import version

    used = resolved.extractors_of(metric).values()
    rates = sorted({x.sample_rate for x in used if x.sample_rate is not None})
    parts = {
        "metric": metric,
        "version": resolved.metrics[metric].spec.version,
        "bench": f"{plan.benchmark.name}-{plan.benchmark.version}",
        "manifest": plan.manifest_sha256[:8],
        "limit": plan.spec.limit,
        "subset": subset or None,
        "x": "+".join(_known_as(x) for x in used) or "none",
        "picture": "own" if sees_own_picture(plan.model, resolved.metrics[metric].spec) else None,
        "device": "+".join(sorted({x.device for x in used} - {"cpu"})) or None,
        "sr": "+".join(map(str, rates)) or "native",
        "seed": "+".join(map(str, plan.spec.every_seed)),
        "n": counts,
        "intervals": VERSION,
        "vsseval": version("vsseval"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items() if value is not None)


def _known_as(extractor: ExtractorSpec) -> str:
    name = f"{extractor.name}-{extractor.version}-{extractor.weights[:8]}"
    return name if extractor.precision == "float32" else f"{name}-{extractor.precision}"


def _cell(
    plan: Plan, resolved: ResolvedMetrics, name: str, subset: str, rows: Sequence[ScoreRow]
) -> tuple[Aggregate, Replicates | None]:
    metric = resolved.metrics[name]
    samples, rows = rows, of_clips(rows)
    counts = Counter(row.status for row in rows)
    n, total = counts["ok"], len(rows) - counts["not_applicable"]
    ok = [row for row in rows if row.status == "ok"]
    macro: float | None = None
    kept: Replicates | None = None
    broken = False
    if metric.kind != "per_clip":
        sets = [_distance(metric, one, subset, ok, total) for one in plan.by_seed()]
        kept, broken = averaged([found for found, _ in sets]), any(fault for _, fault in sets)
        estimate = estimate_distance(kept)
        spread = spread_of_sets([found for found, _ in sets], estimate.se)
    else:
        estimate, macro = _mean(ok) if n >= metric.spec.least_clips else (_too_few(n, metric.spec.least_clips), None)
        spread = spread_of_values(samples, estimate.se)
    estimate = cut_to_range(estimate, metric.spec)
    status: Status = "ok" if estimate.value is not None else "failed" if broken else _why_none(counts)
    reason = kept.reason if kept is not None and n else None
    cell = Aggregate(
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
        signature=signature(plan, resolved, name, f"{n}/{total}", subset),
        subset=subset,
        spread=spread if status == "ok" else None,
    )
    return cell, kept


def _mean(rows: Sequence[ScoreRow]) -> tuple[Estimate, float | None]:
    """Return the ratio of sums, and the unweighted mean where the weights differ."""
    values = [row.value or 0.0 for row in rows]
    weights = [row.weight or 0.0 for row in rows]
    estimate = ratio(values, weights, [row.cluster for row in rows])
    return estimate, sum(values) / len(values) if len(set(weights)) > 1 else None


def _too_few(n: int, least: int) -> Estimate:
    """Return what is known of a mean over fewer clips than the metric asks for: nothing."""
    method = (
        f"{n} of the {least} clips at least that this metric needs: one clip says little by it" if n else "no clips"
    )
    return Estimate(value=None, se=None, low=None, high=None, method=method)


def _distance(
    metric: Distance, plan: Plan, subset: str, rows: Sequence[ScoreRow], total: int
) -> tuple[Replicates, bool]:
    """Return the replicates of a distance, and whether it is a fault that there are none.

    Args:
        metric: of distributions.
        plan: the run; of several samples of each clip, that of one.
        subset: part of the benchmark, or empty for all of it.
        rows: of the clips that were measured.
        total: clips that ought to have been.
    """
    group_of = assign_groups(sample.cluster for sample in plan.samples)
    clips = clips_sha256((row.sample_id, group_of[row.cluster]) for row in rows)
    known = Replicates(metric=metric.spec.id, subset=subset, n=len(rows), total=total, clips=clips)
    if not rows:
        return replace(known, reason="no clips"), False
    try:
        found = leave_out(metric, read_sums(plan.paths.sums(metric.spec.id, subset)), len(rows))
    except Unmeasurable as error:
        return replace(known, reason=str(error)), isinstance(error, MetricFault)
    if found.value is None:
        return replace(known, reason="not finite"), True
    return replace(known, **found._asdict()), False


def _why_none(counts: Counter[Status]) -> Status:
    """Return the status of a cell without a value, from those of its clips."""
    if counts["failed"]:
        return "failed"
    return "missing" if counts["missing"] else "not_applicable"


def _commonest_reason(rows: Sequence[ScoreRow]) -> str | None:
    reasons = Counter(json.loads(row.detail).get("reason") for row in rows if row.status != "ok")
    return reasons.most_common(1)[0][0] if reasons else None


def _unavailable(plan: Plan, name: str, subset: str, reason: str) -> Aggregate:
    total = sum(subset in {"", sample.subset} for sample in plan.samples)
    return Aggregate(metric=name, status="missing", n=0, total=total, missing=total, reason=reason, subset=subset)
