"""Turns runs of degraded recordings into response curves, and each curve into an answer of its metric.

A metric sees a fault if its worst level comes out worse than the recordings themselves, clip by clip. It is not
monotone if a more severe level comes out better than a milder one: by test, after Holm's adjustment over the curve, for
a curve of noise alone goes up and down; and by a difference that counts, for between hundreds of paired clips the
smallest step is beyond chance.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from vsseval.errors import UsageError, VssevalError
from vsseval.faults import FAULTS, parse
from vsseval.statistics.answer import Answer, answer, least_that_counts, sentence
from vsseval.statistics.bounds_check import describe_difference
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.delta import ALPHA
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.significance import holm
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.statistics.answer import Kind
    from vsseval.store.record import LoadedRun
    from vsseval.types import MetricSpec

FOLDER = "calibration"
"""Below the folder of runs: `vsseval table` does not show these runs, `vsseval report` makes a section of them."""


class Point(Record, frozen=True, kw_only=True):
    """One metric at one level of a fault, in stored units."""

    level: float
    value: float | None
    low: float | None
    high: float | None
    n: int
    total: int
    worse: bool
    """Shown to be worse than the recordings themselves."""


class Curve(Record, frozen=True, kw_only=True):
    """How one metric answers to one fault in one direction."""

    metric: str
    kind: str
    unit: str
    """Of the levels."""
    reference: Point
    """The recordings themselves; its level is 0 and means nothing."""
    points: tuple[Point, ...]
    """From mild to severe."""
    verdict: Kind | Literal["not monotone", "unmeasured"]
    """Of the worst level, unless the curve turns back or there is nothing to compare."""
    reason: str
    answer: Answer | None = None
    """Of the worst level, against the recordings; None where there is nothing to compare."""

    @property
    def detected_from(self) -> float | None:
        """Return the mildest level from which on every level is shown to be worse than the recordings."""
        seen = None
        for point in reversed(self.points):
            if not point.worse:
                break
            seen = point.level
        return seen


def curve(
    reference: LoadedRun,
    runs: Mapping[float, LoadedRun],
    spec: MetricSpec,
    kind: str,
    unit: str,
    against: Mapping[float, Delta | None],
    least: float,
    cache: RunCache | None = None,
) -> Curve:
    """Judge one metric on one fault.

    Args:
        reference: run of the recordings themselves.
        runs: level -> run, from mild to severe; all of one benchmark.
        spec: the metric.
        kind: name of the fault.
        unit: of its levels.
        against: level -> the recordings less that level; None where that cannot be had.
        least: the least difference that counts, in stored units.
        cache: what was read before.
    """
    points = tuple(_point(level, run, spec.id, worse=_better(against[level]) == "a") for level, run in runs.items())
    verdict, reason, shown = _judged(list(runs.items()), against, spec, unit, cache or RunCache(), least)
    return Curve(
        metric=spec.id, kind=kind, unit=unit, reference=_point(0.0, reference, spec.id, worse=False),
        points=points, verdict=verdict, reason=reason, answer=shown,
    )  # fmt: skip


def _judged(
    runs: Sequence[tuple[float, LoadedRun]],
    against: Mapping[float, Delta | None],
    spec: MetricSpec,
    unit: str,
    cache: RunCache,
    least: float,
) -> tuple[Kind | Literal["not monotone", "unmeasured"], str, Answer | None]:
    measured = [(level, run) for level, run in runs if _has_value(run, spec.id)]
    if not measured or all(delta is None for delta in against.values()):
        cells = [cell for _, run in runs if (cell := run.cell(spec.id)) is not None and cell.reason]
        why = f": {cells[-1].reason}" if cells else ""
        return "unmeasured", f"no level has a number to compare with the recordings{why}", None
    worst = measured[-1][0]
    delta = against[worst]
    shown = None if delta is None else answer(delta, least, of="a")
    steps = [
        (mild, severe, step)
        for (mild, a), (severe, b) in itertools.pairwise(measured)
        if (step := _compared(a, b, spec.id, cache)) is not None
    ]
    adjusted = holm([step.p for _, _, step in steps])
    for (mild, severe, step), p in zip(steps, adjusted, strict=True):
        counts = abs(step.difference or 0.0) > least
        if counts and p is not None and p <= ALPHA and _better(step) == "b":
            what = f"better at {_level(severe, unit)} than at {_level(mild, unit)}: {describe_difference(step)}"
            return "not monotone", what, shown
    if delta is None or shown is None:
        return "unmeasured", f"{_level(worst, unit)} cannot be compared with the recordings", None
    said = sentence(shown, delta.scale, delta.decimals, delta.unit)
    return shown.kind, f"at {_level(worst, unit)} {said}: {describe_difference(delta)}", shown


def _compared(a: LoadedRun, b: LoadedRun, metric: str, cache: RunCache) -> Delta | None:
    try:
        (delta,) = compare(a, b, [metric], allow_partial=True, moved=0, cache=cache)
    except VssevalError:
        return None
    return delta if delta.difference is not None else None


def _better(delta: Delta | None) -> str | None:
    return None if delta is None else delta.better


def _has_value(run: LoadedRun, metric: str) -> bool:
    cell = run.cell(metric)
    return cell is not None and cell.value is not None


def _point(level: float, run: LoadedRun, metric: str, *, worse: bool) -> Point:
    cell = run.cell(metric)
    if cell is None:
        return Point(level=level, value=None, low=None, high=None, n=0, total=0, worse=False)
    return Point(
        level=level, value=cell.value, low=cell.low, high=cell.high, n=cell.n, total=cell.total, worse=worse
    )  # fmt: skip


def _level(level: float, unit: str) -> str:
    return f"{level:g} {unit}".strip() if unit else f"{level:.0%}"


class Calibration(Record, frozen=True, kw_only=True):
    """All curves of one benchmark."""

    benchmark: str
    version: str
    clips: int
    limit: int | None
    seed: int
    curves: tuple[Curve, ...]
    """By metric, then by fault in the order of `models.faults`; a signed fault has two."""

    @property
    def metrics(self) -> list[str]:
        """Ids of the metrics, in order."""
        return list(dict.fromkeys(curve.metric for curve in self.curves))

    @property
    def kinds(self) -> list[str]:
        """Names of the faults, in order."""
        return list(dict.fromkeys(curve.kind for curve in self.curves))

    def flags(self) -> dict[str, str]:
        """Return what speaks against a metric here, by metric; absent where nothing does."""
        found: dict[str, str] = {}
        for metric in self.metrics:
            own = self.of(metric)
            wrong = [curve for curve in own if curve.verdict == "not monotone"]
            if wrong:
                found[metric] = "; ".join(f"{curve.kind} is not monotone, {curve.reason}" for curve in wrong)
            elif all(curve.verdict == "unmeasured" for curve in own):
                found[metric] = own[-1].reason
            elif all(curve.verdict in {"not seen", "unmeasured"} for curve in own):
                found[metric] = "it sees none of these faults, although these clips would have shown it"
        return found

    def doubts(self) -> dict[str, str]:
        """Return what cannot be told of a metric that sees no fault here, by metric; absent where one is seen."""
        found: dict[str, str] = {}
        for metric in self.metrics:
            own = self.of(metric)
            if {curve.verdict for curve in own} & {"seen", "not monotone"}:
                continue
            open_ = [curve.answer for curve in own if curve.answer is not None and curve.verdict == "cannot tell"]
            if open_:
                needed = [shown.clips for shown in open_ if shown.clips is not None]
                would = f"about {min(needed)} would, of the fault that needs fewest" if needed else open_[0].reason
                found[metric] = f"{open_[0].n} clips cannot tell whether it sees any of these faults ({would})"
        return found

    def of(self, metric: str) -> list[Curve]:
        """Return the curves of a metric."""
        return [curve for curve in self.curves if curve.metric == metric]


def calibrate(runs: Sequence[LoadedRun]) -> Calibration:
    """Judge every metric on every fault.

    Args:
        runs: of `reference` and of `degraded:KIND=LEVEL` on one benchmark, by one seed and on the same clips.

    Raises:
        UsageError: there is no finished run of the recordings themselves, or of any fault.
    """
    finished = [run for run in runs if run.record.status == "finished"]
    reference = next((run for run in finished if run.record.model.name == "reference"), None)
    degraded = {run.record.model.name: run for run in finished if parse(run.record.model.name) is not None}
    if reference is None or not degraded:
        raise UsageError("there are no runs to calibrate with. Make them with: vsseval calibrate BENCHMARK")
    cache, record = RunCache(), reference.record
    curves = []
    for spec in record.metrics.values():
        against = {name: _compared(reference, run, spec.id, cache) for name, run in degraded.items()}
        least = _least(reference, against, spec.id)
        for fault in FAULTS.values():
            for levels in fault.levels:
                found = {x: degraded[fault.model(x)] for x in levels if fault.model(x) in degraded}
                deltas = {x: against[fault.model(x)] for x in found}
                if found:
                    curves.append(curve(reference, found, spec, fault.name, fault.unit, deltas, least, cache))
    return Calibration(
        benchmark=record.benchmark.title, version=record.benchmark.version, clips=sum(record.clips.values()),
        limit=record.spec.limit, seed=record.spec.seed, curves=tuple(curves),
    )  # fmt: skip


def _least(reference: LoadedRun, against: Mapping[str, Delta | None], metric: str) -> float:
    """Return the least difference that counts by a metric: a tenth of its greatest answer to any fault."""
    own = reference.cell(metric)
    return least_that_counts(own.value if own else None, [delta for delta in against.values() if delta is not None])


def calibrations(runs: Sequence[LoadedRun]) -> list[Calibration]:
    """Judge every benchmark that some runs calibrate; those of other clips or seeds stand apart."""
    apart: dict[tuple[str, str, int], list[LoadedRun]] = {}
    for run in runs:
        record = run.record
        apart.setdefault((record.benchmark.title, record.manifest_sha256, record.spec.seed), []).append(run)
    found = []
    for some in apart.values():
        with suppress(UsageError):
            found.append(calibrate(some))
    return found
