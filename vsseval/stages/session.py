"""The runs of one command on their way: locked, begun, carried out by engines together, and closed one by one."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from vsseval.engines.choice import WHOLE, EngineChoice, Part
from vsseval.engines.local import Local
from vsseval.engines.on_ray import OnRay
from vsseval.errors import Busy, ModelFault
from vsseval.models.base import FinishedSound
from vsseval.stages.finish import finish, record_generated
from vsseval.stages.generate import generate_units
from vsseval.stages.in_hand import Claims, RunInHand
from vsseval.stages.losses import Losses, model_of
from vsseval.stages.plan import begin, finished_record
from vsseval.stages.workload import Workload
from vsseval.store import lock
from vsseval.store.known_files import known_files
from vsseval.store.leftovers import DAY, sweep
from vsseval.store.timings import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from vsseval.records import RunRecord
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.plan import Plan
    from vsseval.stages.planned_run import PlannedRun
    from vsseval.stages.progress import Progress

__all__ = ["Session", "give_up", "title"]


class Session:
    """What the runs of a command share; to be used in a `with`."""

    def __init__(self, choice: EngineChoice, catalog: Catalog, losses: Losses, progress: Progress) -> None:
        self._choice, self._catalog, self._losses, self._progress = choice, catalog, losses, progress
        self._engines: dict[tuple[int, str], Local | OnRay] = {}
        self._stack = ExitStack()
        self.records: dict[str, RunRecord] = {}
        """Of the runs that are finished, by identity."""

    def carry_out(self, tasks: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Carry out those runs that no other process works on, and return the others.

        Raises:
            Busy: other processes work on all of them.
        """
        with ExitStack() as locks:
            busy: dict[str, Busy] = {}
            free: list[PlannedRun] = []
            for task in tasks:
                try:
                    locks.enter_context(lock.hold_lock(task.plan.spec.runs, task.plan.identity))
                    sweep(task.plan.root)
                    sweep(task.plan.store.root / "muted", DAY)  # others write there as well
                    free.append(task)
                except Busy as error:
                    busy[task.plan.identity] = error
            if busy and not free:
                raise next(iter(busy.values()))
            runs = self._sounds_and_features(free, WHOLE, record_generated)
            for number, (task, run) in enumerate(zip(free, runs, strict=True), 1):
                if not run.lost:
                    if len(runs) > 1:
                        self._progress.run(f"run {number} of {len(runs)}: {title(run.plan)}")
                    self.records[task.plan.identity] = self._finished(run)
        return [task for task in tasks if task.plan.identity in busy]

    def carry_out_part(self, tasks: Sequence[PlannedRun], part: Part) -> list[PlannedRun]:
        """Make the sounds and features of one part, beside others; return the runs of which every part is done.

        Raises:
            Busy: a process has one of the runs for itself, or works on the same part.
        """
        name = f"{part.number} of {part.total}"
        with ExitStack() as locks:
            for task in tasks:
                runs, identity = task.plan.spec.runs, task.plan.identity
                locks.enter_context(lock.hold_lock(runs, identity, shared=True))
                locks.enter_context(lock.hold_lock(runs, f"{identity}.{name}", f"the part {name} of the same run"))
            begun = self._sounds_and_features(tasks, part, _untold)
        pairs = zip(tasks, begun, strict=True)
        return [task for task, run in pairs if not run.lost and all_parts_done(run.plan)]

    def close(self, tasks: Sequence[PlannedRun]) -> None:
        """Score and aggregate runs of which every part is done, unless another process does it or has done it."""
        for task in tasks:
            # Each part has begun the run, which is no longer so once one has closed it.
            if finished_record(task.plan) is None:
                with suppress(Busy):
                    self.carry_out([task])

    def _finished(self, run: RunInHand) -> RunRecord:
        spec = run.plan.spec
        engine = self._engine(spec.jobs, spec.device)
        sweep(run.plan.root)  # a node of a cluster may have died in the middle of a file
        with known_files(run.plan.root, run.plan.store.root):
            return finish(run, self._progress, partial(extract_again, engine=engine, progress=self._progress))

    def _sounds_and_features(
        self, tasks: Sequence[PlannedRun], part: Part, generated: Callable[[RunInHand], None]
    ) -> list[RunInHand]:
        claims: dict[tuple[int, str], Claims] = {}
        runs = []
        for task in tasks:
            spec = task.plan.spec
            mine = claims.setdefault((spec.jobs, spec.device), Claims())
            run = RunInHand(begin(task.plan), task.resolved, spec.networks, mine, part)
            run.generate(generate_units(run.plan, _clips(run.plan, self._catalog)))
            runs.append(run)
        self._progress.run(title(runs[0].plan) if len(runs) == 1 else f"{len(runs)} runs")
        lose = partial(give_up, runs, self._losses)
        for key, shared in claims.items():
            some = [run for run in runs if (run.plan.spec.jobs, run.plan.spec.device) == key]
            engine = self._engine(*key)
            # sounds and features are made at once: they are one stage
            with timed(some[0].plan.store.root, "stage", "generate and extract") as watch:
                engine.run(Workload(some, shared, self._progress, lose, generated, engine.jobs))
                watch.clips = sum(len(run.plan.samples) for run in some)
        return runs

    def _engine(self, jobs: int, device: str) -> Local | OnRay:
        key = jobs, device
        if key not in self._engines:
            engine: Local | OnRay
            if self._choice.name == "ray":
                engine = OnRay(self._choice.argument, self._choice.workers, device)
            else:
                engine = Local(jobs, device, {"catalog": self._catalog})
            self._stack.enter_context(engine)
            self._engines[key] = engine
        return self._engines[key]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]


def extract_again(run: RunInHand, engine: Local | OnRay, progress: Progress) -> RunInHand:
    """Make the features of a run that the store lacks, from the sounds that are there."""
    claims = Claims()
    again = RunInHand(run.plan, run.resolved, run.device, claims)
    again.listen(run.heard)
    engine.run(Workload([again], claims, progress, partial(give_up, [], Losses([])), record_generated, engine.jobs))
    return again


def give_up(runs: Sequence[RunInHand], losses: Losses, lost: RunInHand, fault: ModelFault) -> None:
    """Give up all runs of a model that says what it lacks here.

    Raises:
        VssevalError: no system is left that was asked for.
    """
    losses.add(lost.plan.spec, fault)
    lost.lose()
    for run in runs:
        if not run.lost and model_of(run.plan.spec) == model_of(lost.plan.spec):
            losses.add(run.plan.spec, ModelFault(str(fault)))
            run.lose()


def all_parts_done(begun: Plan) -> bool:
    """Return whether every clip of a run has a line in a journal, whoever wrote it."""
    return all(one.paths.done(shard).exists() for one in begun.by_seed() for shard in begun.shards)


def title(of: Plan) -> str:
    """Return how a run is announced."""
    return f"{of.model.name} on {of.benchmark.title}"


def _clips(begun: Plan, catalog: Catalog) -> list[str]:
    """Return the ids of all clips of a benchmark, where the model hands out finished sound; else none."""
    if not isinstance(catalog.model(begun.spec), FinishedSound):
        return []
    return [sample.id for sample in catalog.samples(begun.spec.benchmark)]


def _untold(run: RunInHand) -> None:
    """Leave the record alone: it is for the process that closes the run."""
