"""What runs will cost before anything runs: pieces of work that are left, times rates that were measured here."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from vsseval.engines.devices import on_processor
from vsseval.stages.extract import missing_features
from vsseval.stages.generate import read_outcomes
from vsseval.stages.resume import outcome_without_model
from vsseval.stages.score import subsets
from vsseval.store.features import text_key
from vsseval.store.shipped import of_bounds
from vsseval.store.timings import START
from vsseval.types import BOUNDS, Generation, Medium, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract_job import ExtractJob
    from vsseval.stages.plan import Plan
    from vsseval.stages.planned_run import PlannedRun
    from vsseval.store.timings import Timing, WorkKind

__all__ = ["Forecast", "Rate", "Units", "Work", "forecast", "priced", "rates_of", "units_left", "wall_seconds"]

Units = dict[tuple[str, "WorkKind", str], tuple[int, float]]
"""(Stage, kind of work, name) -> clips, and seconds of their media."""

NOT_YET = "to be generated: "
"""With the run and the clip behind it, hashed, it stands for the sha256 of a sound that there is not yet."""
FAKE = "0" * 16
"""What such a hash begins with, so that it can be told from others."""


class Rate(NamedTuple):
    """What one piece of work costs on this kind of machine; all from `clips` clips of earlier runs."""

    clips: int
    load: float
    """Seconds that each process spends once."""
    per_clip: float
    """Seconds a clip, for work whose media have no length, or an unknown one."""
    per_second: float
    """Seconds a second of media; 0 where `per_clip` says all."""
    written: float
    """Bytes a clip, or a second of media likewise."""
    peak: int
    """Greatest memory of a process that did it, in bytes."""


class Work(Record, frozen=True):
    """One line of a forecast."""

    stage: str
    name: str
    """Of the model, extractor or metric."""
    clips: int
    seconds: float
    """Length of their media."""
    processor: float | None
    """Seconds of one processor, or of the device; None where nothing was measured here."""
    load: float = 0.0
    """Seconds that every process spends besides, once."""
    written: float = 0.0
    """Bytes of results."""
    peak: int = 0
    """Bytes of memory of a process that does it."""
    measured: int = 0
    """Clips that the rate is from."""


class Forecast(Record, frozen=True):
    """What some runs will cost."""

    runs: int
    finished: int
    """Runs of which nothing is left to do."""
    work: tuple[Work, ...]

    @property
    def unknown(self) -> list[Work]:
        """Return the work of which nothing was measured here."""
        return [one for one in self.work if one.processor is None]


def rates_of(timings: Iterable[Timing], device: str) -> dict[tuple[WorkKind, str], Rate]:
    """Return the rates of all work that was measured on a device, or on the processor for what runs there.

    On a processor seconds are those of the processor, which other programs do not lengthen; on a device those of the
    clock.
    """
    found: defaultdict[tuple[WorkKind, str], list[Timing]] = defaultdict(list)
    for one in timings:
        if one.device in {"cpu", device.partition("+")[0], device} and one.clips:
            found[one.kind, one.name].append(one)
    rates = {}
    for key, every in found.items():
        same = [one for one in every if one.device == device] or every
        rates[key] = _rate(same)
    return rates


def _rate(timings: Sequence[Timing]) -> Rate:
    later = [one for one in timings if not one.first] or timings
    measured = sum(one.seconds for one in later) > 0
    units = [one.seconds if measured else one.clips for one in later]
    per_unit = sum(map(_cost, later)) / max(sum(units), 1e-9)
    firsts = [
        max(0.0, _cost(one) - per_unit * (one.seconds if measured else one.clips)) for one in timings if one.first
    ]
    return Rate(
        clips=sum(one.clips for one in timings),
        load=sum(firsts) / len(firsts) if firsts and later is not timings else 0.0,
        per_clip=0.0 if measured else per_unit,
        per_second=per_unit if measured else 0.0,
        written=sum(one.written for one in later) / max(sum(units), 1e-9),
        peak=max(one.peak for one in timings),
    )


def _cost(one: Timing) -> float:
    return one.processor if on_processor(one.device) else one.wall


def forecast(tasks: Sequence[PlannedRun], timings: Iterable[Timing]) -> Forecast:
    """Return what is left to be done of some runs, and what it will cost here.

    Features that several runs need are counted once. A clip without a sound is taken for one that will have one.

    Args:
        tasks: the runs.
        timings: of earlier runs on this kind of machine.
    """
    timings = list(timings)
    device = tasks[0].plan.spec.networks if tasks else "cpu"
    work = priced(units_left(tasks), rates_of(timings, device))
    start = rates_of(timings, device).get(("stage", START))
    if work and start is not None:
        work.append(Work(stage="start", name="a process", clips=1, seconds=0.0, processor=0.0, load=start.per_clip,
                         peak=start.peak, measured=start.clips))  # fmt: skip
    finished = sum(task.record is not None for task in tasks)
    return Forecast(runs=len(tasks), finished=finished, work=tuple(work))


def units_left(tasks: Sequence[PlannedRun]) -> Units:
    """Return what is left to be done of some runs; what several need is counted once."""
    counted = _Counted()
    for task in tasks:
        if task.record is None:
            counted.add(task)
    return counted.units


def priced(units: Units, rates: Mapping[tuple[WorkKind, str], Rate]) -> list[Work]:
    """Return what units of work cost by rates."""
    return [_work(*key, amount, rates) for key, amount in units.items()]


def wall_seconds(work: Iterable[Work], workers: int) -> float:
    """Return the seconds that work takes with k workers on an idle machine; what is unknown is not in it.

    Features are made by all workers together, each of which loads every network once; models, scores and intervals
    are made by one process.
    """
    total = 0.0
    for one in work:
        seconds = one.processor or 0.0
        loads = one.load if one.clips else 0.0
        total += (seconds / workers if one.stage in {"generate", "extract"} else seconds) + loads
    return total


class _Counted:
    """Units of work by stage, kind and name: clips, and seconds of media."""

    def __init__(self) -> None:
        self.units: Units = {}
        self._asked: set[tuple[str, str]] = set()

    def add(self, task: PlannedRun) -> None:
        """Count what is left of one run."""
        for plan in task.plan.by_seed():
            outcomes = self._generated(plan)
            known, lengths = _ships(plan, task.resolved), _Lengths(plan)
            for job in missing_features(plan, outcomes, task.resolved):
                self._extracted(job, lengths, known)
        clips, parts = len(task.plan.samples), subsets(task.plan)
        for name, metric in task.resolved.metrics.items():
            self._more("score", "metric", name, clips * len(task.plan.by_seed()), 0.0)
            self._more(
                "aggregate", "aggregate", name, len(parts) if metric.kind == "sums" else clips * min(len(parts), 2), 0.0
            )

    def _generated(self, plan: Plan) -> dict[str, Generation]:
        """Count the clips without a sound, and return all as if they had one."""
        known = read_outcomes(plan)
        outcomes = {}
        for sample in plan.samples:
            line = outcome_without_model(sample, plan.references) or known[sample.id]
            if line.status in {"missing", "failed"} and sample.problem is None:
                self._more("generate", "model", plan.model.name, 1, sample.duration)
                fake = FAKE + text_key(f"{NOT_YET}{plan.identity} {plan.spec.seed} {sample.id}")[len(FAKE) :]
                line = Generation(
                    id=sample.id, status="ok", path=plan.paths.audio(sample.id, plan.spec.seed), sha256=fake
                )
            outcomes[sample.id] = line
        return outcomes

    def _extracted(self, job: ExtractJob, lengths: _Lengths, known: Collection[str]) -> None:
        """Count a medium; of a sound that there is not yet, what extractors in `known` will find is there already."""
        origin = job.origin
        there = known if origin.key.startswith(FAKE) else ()
        new = [name for name in job.extractors if (name, origin.key) not in self._asked and name not in there]
        if not new:
            return
        seconds = 0.0 if origin.medium is None else lengths.of(origin.medium)
        self._asked.update((name, origin.key) for name in new)
        if origin.medium is not None:
            self._more("extract", "extractor", f"open {origin.kind}", 1, seconds)
        for name in new:
            self._more("extract", "extractor", name, 1, seconds)

    def _more(self, stage: str, kind: WorkKind, name: str, clips: int, seconds: float) -> None:
        before = self.units.get((stage, kind, name), (0, 0.0))
        self.units[stage, kind, name] = (before[0] + clips, before[1] + seconds)


def _ships(plan: Plan, resolved: ResolvedMetrics) -> Collection[str]:
    """Return the extractors whose features of the sounds of a run come with vsseval: of a bound, on some benchmarks."""
    # the recording of another clip is that of one of the few, where there is a limit
    another = plan.spec.seed or (plan.spec.limit is not None and plan.model.name == "shuffled")
    if plan.spec.model not in BOUNDS or another:
        return ()
    there = of_bounds(f"{plan.benchmark.name}-{plan.benchmark.version}")
    return [name for name, spec in resolved.extractors.items() if spec.identity in there]


class _Lengths:
    """Seconds of media, by the clips that they are of."""

    def __init__(self, plan: Plan) -> None:
        found = {}
        for sample in plan.samples:
            for medium in (sample.video, sample.reference):
                if medium is not None:
                    found[medium.key] = sample.duration
            found[str(plan.paths.audio(sample.id, plan.spec.seed))] = sample.duration
        self._found, self._mean = found, sum(found.values()) / max(len(found), 1)

    def of(self, medium: Medium) -> float:
        """Return the seconds of a medium; of one that the manifest has no length of (a speaker prompt), the mean."""
        return self._found.get(medium.key) or self._found.get(str(medium.path)) or self._mean


def _work(
    stage: str, kind: WorkKind, name: str, amount: tuple[int, float], rates: Mapping[tuple[WorkKind, str], Rate]
) -> Work:
    clips, seconds = amount
    rate = rates.get((kind, name))
    if rate is None:
        return Work(stage=stage, name=name, clips=clips, seconds=seconds, processor=None)
    many = seconds if rate.per_second else clips
    return Work(
        stage=stage,
        name=name,
        clips=clips,
        seconds=seconds,
        processor=many * (rate.per_second or rate.per_clip),
        load=rate.load,
        written=many * rate.written,
        peak=rate.peak,
        measured=rate.clips,
    )
