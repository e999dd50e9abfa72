"""Turns two finished runs of one benchmark into paired differences, or refuses and says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.comparable import (
    clip_differences,
    differences,
    signature,
    signature_differences,
    unfinished,
)
from vsseval.statistics.delta import ClipChange, Delta
from vsseval.statistics.estimate import Estimate, cut_to_range
from vsseval.statistics.intervals import ratio_difference
from vsseval.statistics.replicates import difference
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.significance import hedges, holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.run_cache import ClipValues
    from vsseval.store.record import LoadedRun
    from vsseval.store.replicates import Replicates
    from vsseval.types import MetricSpec

__all__ = ["ClipChange", "Delta", "compare", "differences", "signature", "signature_differences", "unfinished"]

MOVED = 5
"""Clips that are named as having moved most."""


def compare(
    a: LoadedRun,
    b: LoadedRun,
    metrics: Sequence[str] = (),
    *,
    subset: str = "",
    allow_partial: bool = False,
    any_seed: bool = False,
    moved: int = MOVED,
    cache: RunCache | None = None,
) -> list[Delta]:
    """Compare two runs clip by clip.

    Args:
        a: a finished run.
        b: a finished run of the same benchmark.
        metrics: metric ids; empty means all that both runs have. Holm's adjustment is over these.
        subset: part of the benchmark, or empty for all of it.
        allow_partial: compare on the clips that both runs measured, where these are not the same ones; the
            counts of both runs are in the result. A distance of distributions has no difference then.
        any_seed: compare runs with different `--seed` too, as reruns of one model are.
        moved: how many of the clips that moved most to name.
        cache: what was read before, where the same runs are compared more than once.

    Returns:
        One difference per metric, in the order of `metrics` or of run a. A pair that has no difference has
        None and a reason.

    Raises:
        UsageError: the runs are not comparable (benchmark, manifest, seed, metric version, extractor, clips),
            all reasons in one message; or a metric is in neither or only one of them; or scores are damaged.
    """
    wanted = tuple(dict.fromkeys(metrics)) or tuple(m for m in a.record.metrics if m in b.record.metrics)
    reasons = differences(a, b, wanted, allow_partial=allow_partial, any_seed=any_seed)
    partly = bool(reasons) and not differences(a, b, wanted, allow_partial=True, any_seed=any_seed)
    _refuse(a, b, reasons, partial=partly)
    cache = cache or RunCache()
    sides = {metric: _distances(a, b, metric, subset) for metric in wanted}
    # Replicates say by a hash that the same clips were measured; only where they differ the scores have to name them.
    clips = {
        metric: (cache.clips(a, metric, subset), cache.clips(b, metric, subset))
        for metric, pair in sides.items() if pair is None or pair[0].clips != pair[1].clips
    }  # fmt: skip
    if not allow_partial:
        _refuse(a, b, clip_differences(a, b, clips), partial=True)
    deltas = []
    for metric, pair in sides.items():
        known = _known(a, b, metric)
        if pair is None:
            named = moved if a.record.metrics[metric].least_clips == 1 else 0
            deltas.append(Delta(**known, **_of_clips((a, b), metric, clips[metric], named)))
        else:
            counts = _counts(*clips[metric])[0] if metric in clips else _same_clips(*pair)
            unpaired = counts.get("only_a", 0) + counts.get("only_b", 0)
            deltas.append(Delta(**known, **counts, **_of_distances(a.record.metrics[metric], *pair, unpaired)))
    adjusted = holm([delta.p for delta in deltas])
    return [msgspec.structs.replace(delta, p_holm=p) for delta, p in zip(deltas, adjusted, strict=True)]


def _distances(a: LoadedRun, b: LoadedRun, metric: str, subset: str) -> tuple[Replicates, Replicates] | None:
    """Return the replicates of a distance; None of a metric that has a value for each clip."""
    found = a.distance(metric, subset), b.distance(metric, subset)
    if found[0] is not None and found[1] is not None:
        return found[0], found[1]
    for run, one in zip((a, b), found, strict=True):
        if one is None and any(found):
            part = f", {subset}" if subset else ""
            raise UsageError(run.problem or f"{run.path} holds no replicates of {metric}{part}. {_again(run)}")
    return None


def _again(run: LoadedRun) -> str:
    return f"Make it anew with: vsseval score {run.path}"


def _refuse(a: LoadedRun, b: LoadedRun, reasons: Sequence[str], *, partial: bool) -> None:
    if reasons:
        lines = [
            f"{a.record.model.name} ({a.path.name}) and {b.record.model.name} ({b.path.name}) cannot be compared:",
            *(f"  - {reason}" for reason in reasons),
        ]
        way_out = ["Compare the clips that both measured with: --allow-partial"] if partial else []
        raise UsageError("\n".join([*lines, *way_out]))


def _known(a: LoadedRun, b: LoadedRun, metric: str) -> dict[str, Any]:
    spec = a.record.metrics[metric]
    return {
        "metric": metric, "benchmark": a.record.benchmark.title, "a": a.called, "b": b.called,
        "direction": spec.direction, "unit": spec.unit, "scale": spec.scale, "decimals": spec.decimals,
    }  # fmt: skip


def _counts(a: ClipValues, b: ClipValues) -> tuple[dict[str, Any], tuple[ClipValues, ClipValues]]:
    """Return how many clips each run measured, and those that both did."""
    ok = [side.take(side.ok) for side in (a, b)]
    if np.array_equal(ok[0].ids, ok[1].ids):
        common, n = (ok[0], ok[1]), ok[0].ids.size
    else:
        _, in_a, in_b = np.intersect1d(ok[0].ids, ok[1].ids, assume_unique=True, return_indices=True)
        common, n = (ok[0].take(in_a), ok[1].take(in_b)), in_a.size
    counts = {
        "n": n, "only_a": ok[0].ids.size - n, "only_b": ok[1].ids.size - n,
        "n_a": int(a.ok.sum()), "total_a": int(a.applies.sum()),
        "n_b": int(b.ok.sum()), "total_b": int(b.applies.sum()),
    }  # fmt: skip
    return counts, common


def _same_clips(a: Replicates, b: Replicates) -> dict[str, int]:
    return {"n": a.n, "n_a": a.n, "total_a": a.total, "n_b": b.n, "total_b": b.total}


def _of_clips(
    runs: tuple[LoadedRun, LoadedRun], metric: str, clips: tuple[ClipValues, ClipValues], moved: int
) -> dict[str, Any]:
    counts, common = _counts(*clips)
    for run, side in zip(runs, common, strict=True):
        _finite(run, side, metric)
    return {**counts, **_per_clip(runs[0].record.metrics[metric], *common, moved)}


def _finite(run: LoadedRun, clips: ClipValues, metric: str) -> None:
    good = np.isfinite(clips.values) & np.isfinite(clips.weights) & (clips.weights >= 0)
    if not good.all():
        raise UsageError(
            run.problem
            or f"{run.paths.scores}: clip {clips.ids[~good][0]} is ok by {metric}, and yet its value or weight is no "
            f"number. {_again(run)}"
        )


def _per_clip(spec: MetricSpec, a: ClipValues, b: ClipValues, moved: int) -> dict[str, Any]:
    names, clusters = np.unique(a.clusters, return_inverse=True)
    found = ratio_difference((a.values, b.values), (a.weights, b.weights), clusters)
    found = cut_to_range(found, spec, difference=True)
    gain = (a.values - b.values) * (1.0 if spec.direction == "higher" else -1.0)
    known = {
        **_estimate(found),
        "value_a": _ratio(a),
        "value_b": _ratio(b),
        "wins": int((gain > 0).sum()), "ties": int((gain == 0).sum()), "losses": int((gain < 0).sum()),
        "clusters": names.size,
        "moved": tuple(
            ClipChange(clip=str(a.ids[i]), value_a=float(a.values[i]), value_b=float(b.values[i]))
            for i in np.argsort(-np.abs(gain), kind="stable")[:moved] if gain[i]
        ),
    }  # fmt: skip
    return known if found.value is None or found.p is None else {**known, "effect": _effect(found.value, a, b)}


def _ratio(clips: ClipValues) -> float | None:
    total = float(clips.weights.sum())
    return float((clips.values * clips.weights).sum()) / total if total > 0 else None


def _effect(difference: float, a: ClipValues, b: ClipValues) -> float | None:
    weights, gaps = (a.weights + b.weights) / 2, a.values - b.values
    n = int((weights > 0).sum())
    if n < 2:
        return None
    spread = np.average((gaps - np.average(gaps, weights=weights)) ** 2, weights=weights) * n / (n - 1)
    return hedges(difference / float(np.sqrt(spread)), n - 1) if spread > 0 else None


def _of_distances(spec: MetricSpec, a: Replicates, b: Replicates, unpaired: int) -> dict[str, Any]:
    if unpaired:
        # A Fréchet distance grows as N falls: over different clips the difference would be that of N.
        return {"reason": f"{unpaired} clips were measured in one run only; a distance needs the same clips"}
    for one in (a, b):
        if one.value is None:
            return {"reason": one.reason}
    if (a.clips, a.groups) != (b.clips, b.groups):
        return {"reason": "the same clips are in other groups: run both on the same list of clips"}
    found = cut_to_range(difference(a, b), spec, difference=True)
    return {**_estimate(found), "value_a": a.value, "value_b": b.value, "clusters": len(a.groups), "grouped": True}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "difference": found.value, "se": found.se, "low": found.low, "high": found.high,
        "p": found.p, "method": found.method,
        "reason": found.method if found.value is None else None,
    }  # fmt: skip
