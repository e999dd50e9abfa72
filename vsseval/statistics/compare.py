"""Turns two finished runs of one benchmark into paired differences, or refuses and says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from vsseval.errors import UsageError
from vsseval.statistics.intervals import Estimate, jackknife_difference, ratio, ratio_difference
from vsseval.statistics.readings import Readings, Replicates
from vsseval.types import Direction, MetricSpec, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vsseval.store.record import LoadedRun


IGNORED = frozenset({"n", "vsseval"})
"""Signature keys that may differ between comparable numbers: clips are compared by name, and a new version
of vsseval that changes a number raises the version of the metric."""


class Delta(Record, frozen=True, kw_only=True):
    """Metric of run a minus that of run b, over the clips that both have.

    Numbers are in the stored unit: multiply by `scale` to display. None wherever undefined, with `reason`.
    """

    metric: str
    a: str
    b: str
    """Names of the two models."""
    benchmark: str
    direction: Direction
    unit: str = ""
    scale: float = 1.0
    decimals: int = 2
    value_a: float | None = None
    value_b: float | None = None
    difference: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval of the difference."""
    method: str = ""
    n: int = 0
    """Clips that the difference is made of."""
    only_a: int = 0
    only_b: int = 0
    """Clips that one run measured and the other did not; they are left out."""
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None
    """Clips on which a is better, equal, worse; None for metrics without a value per clip."""
    reason: str | None = None

    @property
    def better(self) -> Literal["a", "b"] | None:
        """Which run is better, where the interval is clear of zero."""
        if self.low is None or self.high is None or self.low <= 0.0 <= self.high:
            return None
        return "a" if (self.low > 0.0) == (self.direction == "higher") else "b"


def compare(
    a: LoadedRun,
    b: LoadedRun,
    metrics: Sequence[str] = (),
    *,
    subset: str = "",
    readings: Readings | None = None,
) -> list[Delta]:
    """Compare two runs clip by clip.

    Args:
        a: a finished run.
        b: a finished run of the same benchmark.
        metrics: metric ids; empty means all that both runs have.
        subset: part of the benchmark, or empty for all of it.
        readings: what was read before, where the same runs are compared more than once.

    Returns:
        One difference per metric, in the order of `metrics` or of run a. A pair that has no difference (a
        clip failed in one run, and the metric is a distance of distributions) has None and a reason.

    Raises:
        UsageError: the runs are not comparable (benchmark, manifest, seed, metric version, extractor, clips),
            all reasons in one message; or a metric is in neither or only one of them.
    """
    wanted = tuple(metrics) or tuple(m for m in a.record.metrics if m in b.record.metrics)
    reasons = differences(a, b, wanted)
    if reasons:
        raise UsageError(
            f"{a.record.model.name} ({a.path.name}) and {b.record.model.name} ({b.path.name}) "
            "cannot be compared:\n" + "\n".join(f"  - {reason}" for reason in reasons)
        )
    readings = readings or Readings()
    for metric in wanted:
        rows_a, rows_b = readings.rows(a, metric, subset), readings.rows(b, metric, subset)
        if set(rows_a.index) != set(rows_b.index):
            raise UsageError(_clip_message(a, b, rows_a, rows_b, metric))
    return [_delta(a, b, metric, subset, readings) for metric in wanted]


def differences(a: LoadedRun, b: LoadedRun, metrics: Sequence[str]) -> list[str]:
    """Say in what two runs differ that forbids to compare `metrics`. Reads no scores."""
    ra, rb = a.record, b.record
    reasons = [f"{run.path.name} is {run.record.status}, not finished" for run in (a, b) if unfinished(run)]
    pairs = (
        (
            "benchmark",
            f"{ra.benchmark.name}-{ra.benchmark.version}",
            f"{rb.benchmark.name}-{rb.benchmark.version}",
        ),
        ("manifest", ra.manifest_sha256[:8], rb.manifest_sha256[:8]),
        ("seed", ra.spec.seed, rb.spec.seed),
        ("limit", ra.spec.limit or "none", rb.spec.limit or "none"),
    )
    reasons += [f"{name}: {x} against {y}" for name, x, y in pairs if x != y]
    for metric in metrics:
        lacking = [run.path.name for run in (a, b) if metric not in run.record.metrics]
        if lacking:
            reasons.append(f"{metric} was not measured in {' and '.join(lacking)}")
            continue
        reasons += signature_differences(metric, signature(a, metric), signature(b, metric))
    return reasons


def unfinished(run: LoadedRun) -> bool:
    """Whether a run has not come to its end."""
    return run.record.status != "finished"


def signature(run: LoadedRun, metric: str) -> dict[str, str]:
    """Take the signature of one metric of a run apart; empty if the run has no such cell."""
    cell = run.cell(metric)
    return dict(part.partition(":")[::2] for part in cell.signature.split("|") if part) if cell else {}


def signature_differences(metric: str, a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    """Name the keys of two signatures that forbid a comparison, with both values."""
    run_level = {"bench", "manifest", "seed", "limit"}  # Said once, for the run.
    keys = sorted((set(a) | set(b)) - IGNORED - run_level) if a and b else []
    return [
        f"{metric}, {key}: {a.get(key, 'none')} against {b.get(key, 'none')}"
        for key in keys
        if a.get(key) != b.get(key)
    ]


def _clip_message(a: LoadedRun, b: LoadedRun, rows_a: pd.DataFrame, rows_b: pd.DataFrame, metric: str) -> str:
    only = [
        sorted({str(i[0]) for i in x.index} - {str(i[0]) for i in y.index})
        for x, y in ((rows_a, rows_b), (rows_b, rows_a))
    ]
    parts = [
        f"{len(names)} only in {run.path.name} (first: {names[0]})"
        for names, run in zip(only, (a, b), strict=True)
        if names
    ]
    return f"the runs have different clips for {metric}: {', '.join(parts) or 'other seeds'}"


def _delta(a: LoadedRun, b: LoadedRun, metric: str, subset: str, readings: Readings) -> Delta:
    spec = a.record.metrics[metric]
    rows = readings.rows(a, metric, subset), readings.rows(b, metric, subset)
    ok_a, ok_b = (r[r["status"] == "ok"] for r in rows)
    common = ok_a.index.intersection(ok_b.index)
    known: dict[str, Any] = {
        "metric": metric, "benchmark": a.record.benchmark.name,
        "a": a.record.model.name, "b": b.record.model.name,
        "direction": spec.direction, "unit": spec.unit, "scale": spec.scale, "decimals": spec.decimals,
        "n": len(common), "only_a": len(ok_a) - len(common), "only_b": len(ok_b) - len(common),
    }  # fmt: skip
    if all(readings.has_sums(run, metric, subset) for run in (a, b)):
        sides = [readings.replicates(run, metric, subset) for run in (a, b)]
        return Delta(**known, **_distribution(sides[0], sides[1], known["only_a"] + known["only_b"]))
    return Delta(**known, **_per_clip(spec, ok_a.loc[common], ok_b.loc[common]))


def _per_clip(spec: MetricSpec, a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    values = a["value"].to_numpy(float), b["value"].to_numpy(float)
    weights = a["weight"].to_numpy(float), b["weight"].to_numpy(float)
    clusters = a["cluster"].astype(str).tolist()
    found = ratio_difference(values, weights, clusters)
    gain = (values[0] - values[1]) * (1.0 if spec.direction == "higher" else -1.0)
    return {
        **_estimate(found),
        "value_a": ratio(values[0], weights[0], clusters).value,
        "value_b": ratio(values[1], weights[1], clusters).value,
        "wins": int((gain > 0).sum()), "ties": int((gain == 0).sum()), "losses": int((gain < 0).sum()),
    }  # fmt: skip


def _distribution(a: Replicates | str, b: Replicates | str, unpaired: int) -> dict[str, Any]:
    if unpaired:
        # A Fréchet distance grows as N falls: over different clips the difference would be that of N.
        return {"reason": f"{unpaired} clips were measured in one run only; a distance needs the same clips"}
    if isinstance(a, str) or isinstance(b, str):
        return {"reason": a if isinstance(a, str) else b}
    if set(a.without) != set(b.without):
        return {"reason": "summed over different groups of clips: run both with one version of vsseval"}
    groups = sorted(a.without)
    found = jackknife_difference((a.full, b.full), ([a.without[g] for g in groups], [b.without[g] for g in groups]))
    return {**_estimate(found), "value_a": a.full, "value_b": b.full}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "difference": found.value, "se": found.se, "low": found.low, "high": found.high,
        "method": found.method,
        "reason": found.method if found.value is None else None,
    }  # fmt: skip
