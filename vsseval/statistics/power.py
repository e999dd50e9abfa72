"""Turns the spread of a run, or of a pair of runs, into the clips that a difference needs, and the other way about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.compare import compare
from vsseval.statistics.planning import PowerSettings, StandardError, clips_for, detectable, power_of_t_test
from vsseval.statistics.run_cache import RunCache
from vsseval.types import Direction, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun
    from vsseval.types import MetricSpec


class MetricPower(Record, frozen=True, kw_only=True):
    """What one metric can show. Numbers are in the stored unit; None wherever undefined, with `reason`."""

    metric: str
    direction: Direction
    unit: str = ""
    scale: float = 1.0
    decimals: int = 2
    n: int = 0
    """Clips of the run, or that both runs of the pair have."""
    clusters: int = 0
    """Clusters, or groups of the jackknife of a distance."""
    grouped: bool = False
    """A distance: it is itself another number with more clips, so that `clips` is a guide."""
    se: float | None = None
    """Standard error of the difference at n clips."""
    detectable: float | None = None
    """Least difference that n clips show with the power asked for."""
    difference: float | None = None
    """The difference that was asked about: given, or that of the pair."""
    power: float | None = None
    """Chance that n clips show it."""
    clips: int | None = None
    """Clips that show it with the power asked for; None where `MOST` would not."""
    reason: str | None = None


def power_of_pair(
    a: LoadedRun, b: LoadedRun, metrics: Sequence[str] = (), settings: PowerSettings | None = None
) -> list[MetricPower]:
    """Ask what differences two runs like these can show; the clips that both measured are paired.

    Args:
        a: a finished run.
        b: a finished run of the same benchmark.
        metrics: metric ids; empty means all that both have.
        settings: what is asked; no difference means that which the pair has.

    Raises:
        UsageError: the runs are not comparable, or scores are damaged.
    """
    settings, cache = settings or PowerSettings(), RunCache()
    found = []
    for delta in compare(a, b, metrics, allow_partial=True, moved=0, cache=cache):
        grouped = a.distance(delta.metric) is not None
        known = MetricPower(
            metric=delta.metric, direction=delta.direction, unit=delta.unit, scale=delta.scale,
            decimals=delta.decimals, n=delta.n, clusters=delta.clusters, grouped=grouped,
            difference=delta.difference if settings.difference is None else settings.difference,
        )  # fmt: skip
        found.append(_answered(known, delta.se, settings, delta.reason or delta.method))
    return found


def power_of_run(
    run: LoadedRun, metrics: Sequence[str] = (), settings: PowerSettings | None = None
) -> list[MetricPower]:
    """Ask what difference to another run a run can show, before there is another one.

    The variance of the difference is taken as 2 (1 - correlation) times that of the run. Two systems mostly find
    the same clips hard, so that a pair needs fewer clips than is said for a correlation of 0.

    Args:
        run: a finished run.
        metrics: metric ids; empty means all that it has.
        settings: what is asked; no difference asks only what can be shown.

    Raises:
        UsageError: the run is not finished or lacks a metric, or scores are damaged.
    """
    settings, cache = settings or PowerSettings(), RunCache()
    if run.record.status != "finished":
        raise UsageError(f"{run.path} is {run.record.status}, not finished: the same vsseval run command goes on")
    lacking = [metric for metric in metrics if metric not in run.record.metrics]
    if lacking:
        raise UsageError(f"{', '.join(lacking)} was not measured in {run.path}")
    found = []
    for metric in dict.fromkeys(metrics) or run.record.metrics:
        known = _of_run(run, run.record.metrics[metric], cache)
        cell = run.cell(metric)
        se = None if cell is None or cell.se is None else cell.se * math.sqrt(2 * (1 - settings.correlation))
        reason = "it was not measured" if cell is None else cell.reason or cell.method
        found.append(_answered(_with(known, difference=settings.difference), se, settings, reason))
    return found


def _answered(known: MetricPower, se: float | None, settings: PowerSettings, reason: str) -> MetricPower:
    if se is None or known.clusters < 2:
        return _with(known, reason=reason)
    if se == 0.0:
        return _with(known, se=0.0, reason="the clips do not differ: there is no spread to plan with")
    spread = StandardError(se, known.n, known.clusters, known.grouped)
    least = detectable(known.clusters - 1, settings) * se
    if not known.difference:
        return _with(known, se=se, detectable=least)
    errors, degrees = spread.errors(known.difference, known.n)
    return _with(
        known, se=se, detectable=least, power=power_of_t_test(errors, degrees, settings.alpha),
        clips=clips_for(known.difference, spread, settings),
    )  # fmt: skip


def _of_run(run: LoadedRun, spec: MetricSpec, cache: RunCache) -> MetricPower:
    """Return the clips and clusters of a metric of a run."""
    distance = run.distance(spec.id)
    if distance is None:
        clips = cache.clips(run, spec.id)
        n, clusters = int(clips.ok.sum()), np.unique(clips.clusters[clips.ok & (clips.weights > 0)]).size
    else:
        n, clusters = distance.n, len(distance.groups)
    return MetricPower(
        metric=spec.id, direction=spec.direction, unit=spec.unit, scale=spec.scale, decimals=spec.decimals,
        n=n, clusters=clusters, grouped=distance is not None,
    )  # fmt: skip


def _with(need: MetricPower, **changes: object) -> MetricPower:
    return msgspec.structs.replace(need, **changes)
