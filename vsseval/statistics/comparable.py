"""Says in what two runs differ that forbids to compare them: signatures, and the clips that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.statistics.delta import Delta
    from vsseval.statistics.run_cache import ClipValues
    from vsseval.store.record import LoadedRun

IGNORED = frozenset({"n", "vsseval", "intervals", "device"})
"""Signature keys that may differ between comparable numbers: clips are compared by name, a new version of
vsseval that changes a number raises the version of the metric, intervals are made anew, and in float32 devices differ
in the last digits alone (another precision shows in the extractor's name)."""
OF_THE_RUN = frozenset({"bench", "manifest", "seed", "limit"})
"""Signature keys that all metrics of a run share; they are named once."""
TINY = 1e-9
"""Part of a number by which equal ones may differ after another order of addition."""


def differences(
    a: LoadedRun, b: LoadedRun, metrics: Sequence[str], *, allow_partial: bool = False, any_seed: bool = False
) -> list[str]:
    """Say in what two runs differ that forbids to compare `metrics`. Reads no scores.

    Args:
        a: a run.
        b: a run.
        metrics: metric ids.
        allow_partial: runs with different `--limit` may be compared, on the clips that both have.
        any_seed: runs with different `--seed` may be compared, as reruns of one model are. Of runs with several
            samples of each clip the first seed counts: a mean over more samples is the same measurement.
    """
    ra, rb = a.record, b.record
    reasons = [f"{run.path.name} is {run.record.status}, not finished" for run in (a, b) if unfinished(run)]
    pairs: list[tuple[str, object, object]] = [
        (
            "benchmark",
            f"{ra.benchmark.name}-{ra.benchmark.version}",
            f"{rb.benchmark.name}-{rb.benchmark.version}",
        ),
    ]
    if not any_seed:
        pairs.append(("seed", ra.spec.seed, rb.spec.seed))
    # The hash of a manifest covers its clips: with another limit, it is another one.
    if not (allow_partial and ra.spec.limit != rb.spec.limit):
        pairs.insert(1, ("manifest", ra.manifest_sha256[:8], rb.manifest_sha256[:8]))
        pairs.append(("limit", ra.spec.limit or "none", rb.spec.limit or "none"))
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
    keys = sorted((set(a) | set(b)) - IGNORED - OF_THE_RUN) if a and b else []
    return [
        f"{metric}, {key}: {a.get(key, 'none')} against {b.get(key, 'none')}"
        for key in keys
        if a.get(key) != b.get(key)
    ]


def clip_differences(a: LoadedRun, b: LoadedRun, clips: Mapping[str, tuple[ClipValues, ClipValues]]) -> list[str]:
    """Say which clips one of the runs lacks, or has without a number.

    Args:
        a: a run.
        b: a run.
        clips: those of a and of b, by metric.

    Returns:
        One line for all metrics with the same differences; empty if there are none.
    """
    found: dict[str, list[str]] = {}
    for metric, sides in clips.items():
        difference = _clip_difference((a, b), sides)
        if difference is not None:
            found.setdefault(difference, []).append(metric)
    return [f"{', '.join(metrics)}: {difference}" for difference, metrics in found.items()]


def edited(runs: tuple[LoadedRun, LoadedRun], delta: Delta, subset: str = "") -> list[str]:
    """Say of which runs `aggregates.json` holds another value than the scores below it give."""
    found = []
    for run, value in zip(runs, (delta.value_a, delta.value_b), strict=True):
        cell = run.cell(delta.metric, subset)
        if cell is None or cell.value is None or value is None or cell.n != delta.n:
            continue
        if abs(cell.value - value) > TINY * max(1.0, abs(value)):
            found.append(
                f"{run.paths.aggregates} says {cell.value:.6g} for {delta.metric}, but the scores below it give "
                f"{value:.6g}: it was edited. Make it anew with: vsseval score {run.path}"
            )
    return found


def _clip_difference(runs: tuple[LoadedRun, LoadedRun], clips: tuple[ClipValues, ClipValues]) -> str | None:
    if not np.array_equal(clips[0].ids, clips[1].ids):
        listed = [np.setdiff1d(x.ids, y.ids) for x, y in (clips, clips[::-1])]
        return f"the runs have different clips: {_named(listed, runs, '')}"
    if not np.array_equal(clips[0].ok, clips[1].ok):
        measured = [x.ids[x.ok & ~y.ok] for x, y in (clips, clips[::-1])]
        counts = " against ".join(f"{int(x.ok.sum())}/{int(x.applies.sum())}" for x in clips)
        return f"{counts} clips were measured: {_named(measured, runs, 'measured ')}"
    return None


def _named(names: Sequence[np.ndarray], runs: Sequence[LoadedRun], what: str) -> str:
    return ", ".join(
        f"{found.size} {what}only in {run.path.name} (first: {found[0]})"
        for found, run in zip(names, runs, strict=True)
        if found.size
    )
