"""Turns two finished runs of one benchmark into paired differences, or refuses and says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.clustered import ClusterSums
from vsseval.statistics.comparable import (
    clip_differences,
    differences,
    signature,
    signature_differences,
    unfinished,
)
from vsseval.statistics.delta import Delta, Move
from vsseval.statistics.intervals import SMALL, Estimate, ratio, ratio_difference, within
from vsseval.statistics.readings import Readings
from vsseval.statistics.replicates import Replicates, difference
from vsseval.statistics.significance import Test, hedges, holm, sign_flip, t_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.readings import Clips
    from vsseval.store.record import LoadedRun
    from vsseval.types import MetricSpec

__all__ = ["Delta", "Move", "compare", "differences", "signature", "signature_differences", "unfinished"]

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
    readings: Readings | None = None,
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
        readings: what was read before, where the same runs are compared more than once.

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
    readings = readings or Readings()
    clips = {metric: (readings.clips(a, metric, subset), readings.clips(b, metric, subset)) for metric in wanted}
    if not allow_partial:
        _refuse(a, b, clip_differences(a, b, clips), partial=True)
    deltas = [_delta((a, b), metric, subset, clips[metric], readings, moved) for metric in wanted]
    adjusted = holm([delta.p for delta in deltas])
    return [msgspec.structs.replace(delta, p_holm=p) for delta, p in zip(deltas, adjusted, strict=True)]


def _refuse(a: LoadedRun, b: LoadedRun, reasons: Sequence[str], *, partial: bool) -> None:
    if reasons:
        lines = [
            f"{a.record.model.name} ({a.path.name}) and {b.record.model.name} ({b.path.name}) cannot be compared:",
            *(f"  - {reason}" for reason in reasons),
        ]
        way_out = ["Compare the clips that both measured with: --allow-partial"] if partial else []
        raise UsageError("\n".join([*lines, *way_out]))


def _delta(
    runs: tuple[LoadedRun, LoadedRun],
    metric: str,
    subset: str,
    clips: tuple[Clips, Clips],
    readings: Readings,
    moved: int,
) -> Delta:
    spec = runs[0].record.metrics[metric]
    ok = [side.take(side.ok) for side in clips]
    if np.array_equal(ok[0].ids, ok[1].ids):
        common, n = (ok[0], ok[1]), ok[0].ids.size
    else:
        _, in_a, in_b = np.intersect1d(ok[0].ids, ok[1].ids, assume_unique=True, return_indices=True)
        common, n = (ok[0].take(in_a), ok[1].take(in_b)), in_a.size
    known: dict[str, Any] = {
        "metric": metric, "benchmark": runs[0].record.benchmark.name,
        "a": runs[0].record.model.name, "b": runs[1].record.model.name,
        "direction": spec.direction, "unit": spec.unit, "scale": spec.scale, "decimals": spec.decimals,
        "n": n, "only_a": ok[0].ids.size - n, "only_b": ok[1].ids.size - n,
        "n_a": int(clips[0].ok.sum()), "total_a": int(clips[0].applies.sum()),
        "n_b": int(clips[1].ok.sum()), "total_b": int(clips[1].applies.sum()),
    }  # fmt: skip
    if all(readings.has_sums(run, metric, subset) for run in runs):
        sides = [readings.replicates(run, metric, subset) for run in runs]
        return Delta(**known, **_distribution(spec, sides[0], sides[1], known["only_a"] + known["only_b"]))
    for run, side in zip(runs, common, strict=True):
        _finite(run, side, metric)
    return Delta(**known, **_per_clip(spec, *common, moved))


def _finite(run: LoadedRun, clips: Clips, metric: str) -> None:
    good = np.isfinite(clips.values) & np.isfinite(clips.weights) & (clips.weights >= 0)
    if not good.all():
        raise UsageError(
            f"{run.paths.scores}: clip {clips.ids[~good][0]} is ok by {metric}, and yet its value or weight is no "
            f"number. Make the scores anew with: vsseval score {run.path}"
        )


def _per_clip(spec: MetricSpec, a: Clips, b: Clips, moved: int) -> dict[str, Any]:
    names, clusters = np.unique(a.clusters, return_inverse=True)
    found = ratio_difference((a.values, b.values), (a.weights, b.weights), clusters)
    found = within(found, spec, difference=True)
    gain = (a.values - b.values) * (1.0 if spec.direction == "higher" else -1.0)
    known = {
        **_estimate(found),
        "value_a": ratio(a.values, a.weights, clusters).value,
        "value_b": ratio(b.values, b.weights, clusters).value,
        "wins": int((gain > 0).sum()), "ties": int((gain == 0).sum()), "losses": int((gain < 0).sum()),
        "clusters": names.size,
        "moved": tuple(
            Move(clip=str(a.ids[i]), value_a=float(a.values[i]), value_b=float(b.values[i]))
            for i in np.argsort(-np.abs(gain), kind="stable")[:moved] if gain[i]
        ),
    }  # fmt: skip
    if found.value is None or found.se is None:
        return known
    test = _test(found.value, found.se, a, b, clusters)
    return {**known, "p": test.p, "test": test.method, "effect": _effect(found.value, a, b)}


def _test(difference: float, se: float, a: Clips, b: Clips, clusters: np.ndarray) -> Test:
    sides = [
        ClusterSums(np.bincount(clusters, weights=side.values * side.weights), np.bincount(clusters, side.weights))
        for side in (a, b)
    ]
    counted = (sides[0].x > 0) | (sides[1].x > 0)
    size = int(counted.sum())
    if size >= SMALL:
        return t_test(difference, se, size - 1, "paired")
    return sign_flip(*(ClusterSums(side.y[counted], side.x[counted]) for side in sides))


def _effect(difference: float, a: Clips, b: Clips) -> float | None:
    weights, gaps = (a.weights + b.weights) / 2, a.values - b.values
    n = int((weights > 0).sum())
    if n < 2:
        return None
    spread = np.average((gaps - np.average(gaps, weights=weights)) ** 2, weights=weights) * n / (n - 1)
    return hedges(difference / float(np.sqrt(spread)), n - 1) if spread > 0 else None


def _distribution(spec: MetricSpec, a: Replicates | str, b: Replicates | str, unpaired: int) -> dict[str, Any]:
    if unpaired:
        # A Fréchet distance grows as N falls: over different clips the difference would be that of N.
        return {"reason": f"{unpaired} clips were measured in one run only; a distance needs the same clips"}
    if isinstance(a, str) or isinstance(b, str):
        return {"reason": a if isinstance(a, str) else b}
    if a.without.keys() != b.without.keys():
        return {"reason": "summed over different groups of clips: run both with one version of vsseval"}
    found = within(difference(a, b), spec, difference=True)
    known = {**_estimate(found), "value_a": _number(a.full), "value_b": _number(b.full), "clusters": len(a.without)}
    if found.value is None or found.se is None:
        return known
    test = t_test(found.value, found.se, len(a.without) - 1, "jackknife")
    return {**known, "p": test.p, "test": test.method}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "difference": found.value, "se": found.se, "low": found.low, "high": found.high,
        "method": found.method,
        "reason": found.method if found.value is None else None,
    }  # fmt: skip
