"""The five stages in order, for each run that is asked for; what is finished and up to date is left alone."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vsseval.errors import EnvironmentFault, ModelFault, UsageError, VssevalError
from vsseval.stages.catalog import Catalog
from vsseval.stages.extract_pool import ExtractPool, require_device
from vsseval.stages.generate import generate, read_outcomes
from vsseval.stages.losses import Losses, model_of
from vsseval.stages.measure import measure, stage_timed
from vsseval.stages.plan import Plan, begin, limit_samples, plan
from vsseval.stages.planned_run import PlannedRun, profile_metrics, resolve_run
from vsseval.stages.progress import NoProgress
from vsseval.store import lock
from vsseval.store.known_files import known_files
from vsseval.store.manifest_hash import manifest_hash
from vsseval.store.record import load_run

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from vsseval.records import RunRecord, RunSpec
    from vsseval.stages.progress import Progress


class RunResults(NamedTuple):
    """What came of some runs."""

    records: list[RunRecord]
    """Of the runs that were carried out, in the order of the specs."""
    lost: dict[str, str]
    """`MODEL on BENCHMARK` -> why it could not be run here."""


log = logging.getLogger("vsseval")


def run(specs: Sequence[RunSpec], progress: Progress | None = None) -> list[RunRecord]:
    """Carry out runs, each as far as it is not done already.

    Everything that was asked is looked at before the first stage begins, so that a misspelt name costs no hours.
    Killed anywhere and called again, it goes on, with the same scores bit for bit.

    Args:
        specs: one per model and benchmark. A model that does not do a benchmark's task, a bound where there are no
            references, and among several benchmarks one that the profile has no metric for, are left out, with a note.
        progress: who watches.

    Returns:
        The records of the runs, in the order of `specs`; their folders are `spec.runs / record.id`. A model or
        benchmark of several that cannot be had here costs its own runs; the log says why.

    Raises:
        UsageError: an unknown name, a bad manifest, a bad option.
        EnvironmentFault: the machine lacks something that every run needs.
        Busy: another process works on one of the runs.
    """
    done = carry_out(specs, progress)
    for title, why in done.lost.items():
        log.warning("%s: not run: %s", title, why)
    return done.records


def carry_out(
    specs: Sequence[RunSpec],
    progress: Progress | None = None,
    catalog: Catalog | None = None,
    added_bounds: Collection[str] = (),
) -> RunResults:
    """Carry out runs as `run` does, and say which of them were lost.

    Args:
        specs: one per model and benchmark.
        progress: who watches.
        catalog: benchmarks and models that are already built.
        added_bounds: models that nobody asked for, the bounds beside a system.

    Raises:
        VssevalError: as `run`.
    """
    watcher, catalog = progress or NoProgress(), catalog or Catalog()
    losses = Losses(specs, added_bounds)
    tasks = plan_runs(specs, catalog, losses, watcher)
    finished = sum(task.record is not None for task in tasks)
    if finished:
        watcher.note(f"{finished} of {len(tasks)} runs are finished already")
    left = [task.plan.spec for task in tasks]
    records = []
    with ExitStack() as stack:
        keys = dict.fromkeys((spec.jobs, spec.device) for spec in left)
        pools = {key: stack.enter_context(ExtractPool(*key)) for key in keys}
        for task in tasks:
            spec = left.pop(0)
            try:
                losses.look(spec)
                records.append(task.record or _execute(task, catalog, pools[spec.jobs, spec.device], watcher))
            except ModelFault as error:
                losses.add(spec, error)
            if all(model_of(other) != model_of(spec) for other in left):
                catalog.release(spec)
    return RunResults(records, losses.reasons)


def plan_runs(specs: Sequence[RunSpec], catalog: Catalog, losses: Losses, watcher: Progress) -> list[PlannedRun]:
    """Return what there is to be done, each run once; nothing is written.

    Raises:
        VssevalError: as `run`.
    """
    plans: list[Plan] = []
    for spec in specs:
        try:
            require_device(spec.device)
            catalog.benchmark(spec.benchmark)
            try:
                catalog.samples(spec.benchmark)
            except UsageError as error:  # of its list, not of how it was asked for
                losses.add(spec, error)
            else:
                plans.append(plan(spec, catalog))
        except EnvironmentFault as error:
            losses.add(spec, error)
    tasks: dict[str, PlannedRun] = {}
    covered = any(profile_metrics(planned) for planned in plans)
    for planned in plans:
        why = _why_skipped(planned, covered=covered)
        if why is not None:
            watcher.note(f"{planned.spec.model} on {planned.spec.benchmark}: left out, {why}")
        elif planned.identity not in tasks:
            tasks[planned.identity] = resolve_run(planned, planned.spec.device)
    return [*tasks.values()]


def rescore(
    directory: Path,
    progress: Progress | None = None,
    *,
    metrics: Sequence[str] = (),
    profile: str = "",
    store: Path | None = None,
    jobs: int = 0,
    device: str = "cpu",
    moved: Mapping[str, str] | None = None,
) -> RunRecord:
    """Extract, score and aggregate a run again, from the sounds that it has; the model is not needed.

    Args:
        directory: a run directory.
        progress: who watches.
        metrics: further metrics; those that the run has are kept.
        profile: whose metrics to add as well.
        store: feature store; None means that of the run.
        jobs: worker processes; 0 means one per core.
        device: where networks run, wherever the model did.
        moved: where the clips of `folder:PATH` lie now: old beginning of a path -> new one.

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
    catalog = Catalog(moved)
    try:
        samples = limit_samples(catalog.samples(spec.benchmark), spec.limit)
    except VssevalError as error:
        hint = f"If its clips lie elsewhere now, say where: vsseval score {directory} --data-root OLD=NEW"
        raise UsageError(f"{error}. {hint}") from error
    if manifest_hash(samples) != record.manifest_sha256:
        raise UsageError(
            f"the clips of {spec.benchmark} are not those that {directory} was made with. "
            f"Run it anew: vsseval run --model {spec.model} --benchmark {spec.benchmark}"
        )
    identity = str(record.provenance.get("identity", directory.name))
    planned = Plan(spec, record.benchmark, record.model, samples, record.manifest_sha256, identity, directory)
    task = resolve_run(planned, device)
    watcher = progress or NoProgress()
    watcher.run(f"{record.model.name} on {record.benchmark.name}")
    with lock.hold_lock(directory.parent, identity), ExtractPool(jobs, device) as workers:
        heard = [read_outcomes(one) for one in planned.by_seed()]
        return measure(planned, heard, task.resolved, workers, watcher)


def _why_skipped(planned: Plan, *, covered: bool) -> str | None:
    """Return why a model is not run on a benchmark, or None; `covered`: the profile has metrics for another one."""
    task = planned.benchmark.task
    if task not in planned.model.tasks:
        return f"the model does {', '.join(planned.model.tasks)}, the benchmark is {task}"
    if planned.references == {}:
        return "the benchmark has no references to make this bound from"
    if planned.spec.profile and covered and not profile_metrics(planned):
        return f"the profile '{planned.spec.profile}' has no metric for the task {task}"
    return None


def _execute(task: PlannedRun, catalog: Catalog, workers: ExtractPool, progress: Progress) -> RunRecord:
    asked = task.plan
    progress.run(f"{asked.model.name} on {asked.benchmark.name}")
    with lock.hold_lock(asked.spec.runs, asked.identity):
        begun, model = begin(asked), catalog.model_of_run(asked.spec)
        with known_files(begun.root, begun.store.root), stage_timed(begun, "generate"):
            heard = [generate(one, model, progress) for one in begun.by_seed()]
        return measure(begun, heard, task.resolved, workers, progress)
