"""The five stages in order, for each run that is asked for; what is finished and up to date is left alone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.profiles import load_profile
from vsseval.stages.aggregate import aggregate
from vsseval.stages.catalog import Catalog, Measures, measures
from vsseval.stages.extract import Faults, extract
from vsseval.stages.generate import generate, outcomes
from vsseval.stages.plan import Plan, begin, limited, manifest_hash, now, plan
from vsseval.stages.progress import Quiet
from vsseval.stages.requests import references
from vsseval.stages.score import score
from vsseval.stages.workers import Workers
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store import codec, lock
from vsseval.store.provenance import packages, provenance
from vsseval.store.record import intact, load_run, read_record, seal, write_record
from vsseval.types import ExtractorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vsseval.stages.progress import Progress
    from vsseval.types import Generation, RunRecord, RunSpec


def run(specs: Sequence[RunSpec], progress: Progress | None = None) -> list[RunRecord]:
    """Carry out runs, each as far as it is not done already.

    Everything that was asked is looked at before the first stage begins, so that a misspelt name costs no hours.
    Killed anywhere and called again, it goes on, with the same scores bit for bit.

    Args:
        specs: one per model and benchmark. A model that does not do a benchmark's task, a bound where there are no
            references, and among several benchmarks one that the profile has no metric for, are left out, with a note.
        progress: who watches.

    Returns:
        The records of the runs, in the order of `specs`; their folders are `spec.runs / record.id`.

    Raises:
        UsageError: an unknown name, a bad manifest, a bad option.
        EnvironmentFault: the machine lacks something.
        Busy: another process works on one of the runs.
    """
    watcher = progress or Quiet()
    catalog = Catalog()
    tasks: dict[str, _Task] = {}
    plans = [plan(spec, catalog) for spec in specs]
    covered = any(_selected(planned) for planned in plans)
    for spec, planned in zip(specs, plans, strict=True):
        why = _left_out(planned, covered=covered)
        if why is not None:
            watcher.note(f"{spec.model} on {spec.benchmark}: left out, {why}")
        else:
            tasks.setdefault(planned.identity, _task(planned))
    finished = sum(task.record is not None for task in tasks.values())
    if finished:
        watcher.note(f"{finished} of {len(tasks)} runs are finished already")
    left = [task.plan.spec for task in tasks.values()]
    records = []
    with Workers(*((specs[0].jobs, specs[0].device) if specs else (1,))) as workers:
        for task in tasks.values():
            records.append(task.record or _carry_out(task, catalog, workers, watcher))
            done = left.pop(0)
            if all(_weights(spec) != _weights(done) for spec in left):
                catalog.release(done)
    return records


def rescore(
    directory: Path,
    progress: Progress | None = None,
    *,
    metrics: Sequence[str] = (),
    profile: str = "",
    store: Path | None = None,
    jobs: int = 0,
    device: str = "cpu",
) -> RunRecord:
    """Extract, score and aggregate a run again, from the sounds that it has; the model is not needed.

    Args:
        directory: a run directory.
        progress: who watches.
        metrics: further metrics, besides those that the run has.
        profile: whose metrics to add, besides both.
        store: feature store; None means that of the run.
        jobs: worker processes; 0 means one per core.
        device: where networks run, wherever the model did.

    Raises:
        UsageError: no run directory, or the benchmark has changed since.
        EnvironmentFault: the machine lacks something.
        Busy: another process works on the run.
    """
    record = load_run(directory).record
    spec = msgspec.structs.replace(
        record.spec,
        runs=directory.parent,
        jobs=jobs,
        metrics=tuple(metrics),
        profile=profile or record.spec.profile,
        store=store or record.spec.store,
    )
    catalog = Catalog()
    samples = limited(catalog.samples(spec.benchmark), spec.limit)
    if manifest_hash(samples) != record.manifest_sha256:
        raise UsageError(
            f"the clips of {spec.benchmark} are not those that {directory} was made with. "
            f"Run it anew: vsseval run --model {spec.model} --benchmark {spec.benchmark}"
        )
    identity = str(record.provenance.get("identity", directory.name))
    planned = Plan(spec, record.benchmark, record.model, samples, record.manifest_sha256, identity, directory)
    task = _task(planned)
    watcher = progress or Quiet()
    watcher.run(f"{record.model.name} on {record.benchmark.name}")
    with lock.held(directory.parent, identity), Workers(jobs, device) as workers:
        return _measure(planned, outcomes(planned), task.measures, workers, watcher)


def _weights(spec: RunSpec) -> tuple[object, ...]:
    return spec.model, spec.checkpoint, spec.device


@dataclass(frozen=True)
class _Task:
    """A plan with its metrics; `record` where there is nothing to be done."""

    plan: Plan
    measures: Measures
    record: RunRecord | None = None


def _task(planned: Plan) -> _Task:
    record = read_record(planned.root)
    lost = record.provenance.get("unavailable", {}) if record else {}
    earlier = {*record.metrics, *lost} if record else set()
    found = measures(planned.spec.metrics, _besides(planned), earlier, _extractors(record))
    done = record is not None and _up_to_date(planned, found, record)
    return _Task(planned, found, record if done else None)


def _extractors(record: RunRecord | None) -> dict[str, ExtractorSpec]:
    """Return the extractors that a run was measured with."""
    made = record.provenance.get("extractors", {}) if record else {}
    try:
        return msgspec.convert(made, dict[str, ExtractorSpec])
    except msgspec.ValidationError:  # of an earlier version
        return {}


def _besides(planned: Plan) -> tuple[str, ...]:
    """Return what is measured besides the metrics that are named: those of the profile; without both, the customary.

    Raises:
        UsageError: there is no such profile, or it has no metric for the benchmark's task.
    """
    if not planned.spec.profile:
        return () if planned.spec.metrics else planned.benchmark.metrics
    found = _selected(planned)
    if not found:
        raise UsageError(
            f"the profile '{planned.spec.profile}' has no metric for {planned.benchmark.name}, whose task is "
            f"{planned.benchmark.task}. See: vsseval list profiles"
        )
    return found


def _selected(planned: Plan) -> tuple[str, ...]:
    """Return the metrics of the profile that are those of the benchmark's task."""
    return load_profile(planned.spec.profile).selects(planned.benchmark.task) if planned.spec.profile else ()


def _up_to_date(planned: Plan, found: Measures, record: RunRecord) -> bool:
    """Return whether a run is finished, without clips to retry, by the metrics and extractors of today."""
    hopeless = sum(sample.problem is not None for sample in planned.samples)
    unheard = record.clips.get("failed", 0) + record.clips.get("missing", 0)
    made = record.provenance
    return (
        record.status == "finished"
        and planned.paths.scores.exists()
        and intact(planned.root, record)
        and unheard == hopeless
        and record.metrics == found.specs
        and codec.encode(made.get("extractors")) == codec.encode(dict(found.extractors))
        and made.get("unavailable") == dict(found.unavailable)
        and not made.get("faults")
        and made.get("intervals") == INTERVALS
        and made.get("packages", {}).get("vsseval") == packages().get("vsseval")
    )


def _left_out(planned: Plan, *, covered: bool) -> str | None:
    """Return why a model is not run on a benchmark, or None; `covered`: the profile has metrics for another one."""
    task = planned.benchmark.task
    if task not in planned.model.tasks:
        return f"the model does {', '.join(planned.model.tasks)}, the benchmark is {task}"
    if references(planned) == {}:
        return "the benchmark has no references to make this bound from"
    if planned.spec.profile and covered and not _selected(planned):
        return f"the profile '{planned.spec.profile}' has no metric for the task {task}"
    return None


def _carry_out(task: _Task, catalog: Catalog, workers: Workers, progress: Progress) -> RunRecord:
    asked = task.plan
    progress.run(f"{asked.model.name} on {asked.benchmark.name}")
    with lock.held(asked.spec.runs, asked.identity):
        begun = begin(asked)
        generations = generate(begun, catalog.model(asked.spec), progress)
        return _measure(begun, generations, task.measures, workers, progress)


def _measure(
    begun: Plan,
    generations: Mapping[str, Generation],
    wanted: Measures,
    workers: Workers,
    progress: Progress,
) -> RunRecord:
    record = read_record(begun.root)
    if record is None:
        raise UsageError(f"{begun.root} has lost its run.json; run the same command again")
    clips: dict[str, int] = {}
    for outcome in generations.values():
        clips[outcome.status] = clips.get(outcome.status, 0) + 1
    record = msgspec.structs.replace(record, status="generated", spec=begun.spec, clips=dict(sorted(clips.items())))
    write_record(begun.root, record)
    faults = extract(begun, generations, wanted, workers, progress)
    left = wanted.without(faults.extractors)
    score(begun, generations, left, faults, progress)
    progress.stage("aggregate", 1)
    aggregate(begun, left)
    shutil.rmtree(begun.paths.all_sums, ignore_errors=True)  # nothing that comes after aggregation reads them
    progress.advance()
    record = msgspec.structs.replace(
        record,
        status="finished",
        finished=now(),
        metrics=left.specs,
        provenance=_provenance(begun, left, faults),
    )
    write_record(begun.root, record)
    return load_run(begun.root).record


def _provenance(begun: Plan, left: Measures, faults: Faults) -> dict[str, object]:
    return {
        "identity": begun.identity,
        "extractors": codec.builtins(dict(left.extractors)),
        "unavailable": dict(left.unavailable),
        "faults": sorted(set(faults.clips.values())),
        "intervals": INTERVALS,
        **seal(begun.root),
        **provenance(),
    }
