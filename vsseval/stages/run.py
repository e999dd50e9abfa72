"""The five stages in order, for each run that is asked for; what is finished and up to date is left alone."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vsseval.engines.choice import LOCAL, EngineChoice, Part
from vsseval.engines.devices import processes, require_device
from vsseval.engines.local import Local
from vsseval.errors import EnvironmentFault, UsageError, VssevalError
from vsseval.stages.catalog import Catalog
from vsseval.stages.finish import finish, record_generated
from vsseval.stages.generate import read_outcomes
from vsseval.stages.in_hand import Claims, RunInHand
from vsseval.stages.losses import Losses, title_of
from vsseval.stages.plan import Plan, limit_samples, plan
from vsseval.stages.planned_run import PlannedRun, profile_metrics, resolve_run
from vsseval.stages.progress import NoProgress
from vsseval.stages.session import Session, extract_again, title
from vsseval.stages.slurm_parts import PartEnd, run_parts
from vsseval.stages.time_left import telling
from vsseval.store import lock
from vsseval.store.leftovers import sweep
from vsseval.store.manifest_hash import manifest_hash
from vsseval.store.record import load_run
from vsseval.types import BOUNDS

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
    unfinished: Sequence[str] = ()
    """`MODEL on BENCHMARK`, of a part: it is done, and others are not, or another process closes the run."""


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
    for name, why in done.lost.items():
        log.warning("%s: not run: %s", name, why)
    return done.records


def carry_out(
    specs: Sequence[RunSpec],
    progress: Progress | None = None,
    catalog: Catalog | None = None,
    added_bounds: Collection[str] = (),
    choice: EngineChoice = LOCAL,
) -> RunResults:
    """Carry out runs as `run` does, and say which of them were lost.

    Args:
        specs: one per model and benchmark.
        progress: who watches.
        catalog: benchmarks and models that are already built.
        added_bounds: models that nobody asked for, the bounds beside a system.
        choice: what carries out the units, and which of them.

    Raises:
        VssevalError: as `run`.
    """
    watcher, catalog = progress or NoProgress(), catalog or Catalog()
    specs = [_on_this_machine(spec, choice) for spec in specs]
    losses = Losses(specs, added_bounds)
    tasks = plan_runs(specs, catalog, losses, watcher, here=choice.name in {"local", "torchrun"})
    # Bounds need no model and are there at once: their features fill the time that models leave.
    left = sorted((task for task in tasks if task.record is None), key=lambda task: task.plan.spec.model not in BOUNDS)
    if len(left) < len(tasks):
        watcher.note(f"{len(tasks) - len(left)} of {len(tasks)} runs are finished already")
    made: Mapping[str, RunRecord] = {}
    lost: Mapping[str, str] = {}
    if choice.name == "slurm" and left:
        made, lost = run_parts(partial(_part, tuple(specs), frozenset(added_bounds)), left, choice, watcher)
    else:
        if choice.name == "local" and choice.part.total == 1:
            watcher = telling(watcher, left)
        with Session(choice, catalog, losses, watcher) as session:
            if choice.part.total > 1 and left:
                session.close(session.carry_out_part(left, choice.part))
                left = []
            while left:
                left = session.carry_out(left)
        made = session.records
    found = {task.plan.identity: task.record for task in tasks if task.record} | dict(made)
    lost = losses.reasons | dict(lost)
    others = (title_of(task.plan.spec) for task in tasks if task.plan.identity not in found)
    return RunResults(
        [found[task.plan.identity] for task in tasks if task.plan.identity in found],
        lost,
        [name for name in others if name not in lost],
    )


def _part(specs: tuple[RunSpec, ...], added_bounds: frozenset[str], part: Part) -> PartEnd:
    """Carry out a part of some runs in a process of another machine."""
    try:
        return PartEnd(carry_out(specs, added_bounds=added_bounds, choice=EngineChoice(part=part)).lost)
    except VssevalError as error:
        return PartEnd({}, str(error))


def _on_this_machine(spec: RunSpec, choice: EngineChoice) -> RunSpec:
    """Return a spec with the share of the processors and the device of one of several processes of this machine."""
    if choice.local_count == 1:
        return spec
    device = f"cuda:{choice.local_rank}" if spec.device == "cuda" else spec.device
    jobs = spec.jobs or max(1, processes(device) // (choice.local_count if device == "cpu" else 1))
    return msgspec.structs.replace(spec, device=device, jobs=jobs)


def plan_runs(
    specs: Sequence[RunSpec], catalog: Catalog, losses: Losses, watcher: Progress, *, here: bool
) -> list[PlannedRun]:
    """Return what there is to be done, each run once; nothing is written.

    Args:
        specs: the runs that are asked for.
        catalog: builds benchmarks and models.
        losses: takes those that cannot be had.
        watcher: is told of runs that are skipped.
        here: whether the work is for the devices of this machine.

    Raises:
        VssevalError: as `run`.
    """
    plans: list[Plan] = []
    for spec in specs:
        try:
            if here:
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
            tasks[planned.identity] = resolve_run(planned, planned.spec.networks)
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
    fast: bool = False,
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
        fast: heavy networks compute in bfloat16.
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
    planned = _plan_of(directory, record, spec, Catalog(moved))
    networks = msgspec.structs.replace(spec, device=device, fast=fast).networks
    task = resolve_run(planned, networks)
    watcher = progress or NoProgress()
    watcher.run(title(planned))
    with lock.hold_lock(directory.parent, planned.identity), Local(jobs, device) as engine:
        sweep(directory)
        heard = RunInHand(planned, task.resolved, networks, Claims())
        heard.heard = [read_outcomes(one) for one in planned.by_seed()]
        record_generated(heard)
        again = partial(extract_again, engine=engine, progress=watcher)
        return finish(again(heard), watcher, again)


def _plan_of(directory: Path, record: RunRecord, spec: RunSpec, catalog: Catalog) -> Plan:
    """Return the plan that a run was made by, of the clips that it was made with.

    Raises:
        UsageError: the clips are gone, or others now.
    """
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
    return Plan(spec, record.benchmark, record.model, samples, record.manifest_sha256, identity, directory)


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
