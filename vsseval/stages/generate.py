"""Turns requests into audio files, one journal line per clip, so that a crash loses the clip in hand at most."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from vsseval import media
from vsseval.border.blame import PluginFault
from vsseval.border.blame import readable as legible
from vsseval.border.models import answers
from vsseval.engines.answers import plain_fault
from vsseval.engines.threads import threads
from vsseval.errors import ModelFault, Unmeasurable, VssevalError
from vsseval.models.base import FinishedSound
from vsseval.stages.catalog import Catalog
from vsseval.stages.losses import model_of
from vsseval.stages.out_of_memory import free_memory, halves, out_of_memory
from vsseval.stages.own_picture import kept_picture
from vsseval.stages.requests import readable_requests
from vsseval.stages.resume import clip_is_done, outcome_without_model
from vsseval.stages.validate_output import validate_output
from vsseval.store import atomic, journal
from vsseval.store.layout import RunPaths
from vsseval.store.timings import timed
from vsseval.types import BOUNDS, Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from vsseval.engines.base import Kept
    from vsseval.models.base import Model, ModelOutput
    from vsseval.records import RunSpec
    from vsseval.stages.bound_references import BoundReferencesByClip
    from vsseval.stages.plan import Plan
    from vsseval.types import Request, Sample, Status

log = logging.getLogger("vsseval")


def read_outcomes(plan: Plan) -> dict[str, Generation]:
    """Return what the journals of a run say of one sample of every clip; one without a line is missing."""
    lines = journal.read_samples(plan.paths.shards).get(plan.paths.seed, {})
    never = "it was never generated"
    return {
        sample.id: lines.get(sample.id) or Generation(id=sample.id, status="missing", error=never)
        for sample in plan.samples
    }


def journal_outcomes(root: Path) -> list[Generation]:
    """Return what the journals of a run directory say, in the order of ids."""
    lines = journal.read_journals(RunPaths(root).shards)
    return [lines[sample_id] for sample_id in sorted(lines)]


@dataclass(frozen=True)
class GenerateUnit:
    """Some clips of one shard, which has one writer: all of them, or one where it has to be found who kills whom."""

    plan: Plan
    """The run, with these clips alone; of several samples, that of one (`Plan.by_seed`)."""
    shard: int
    clips: tuple[str, ...] = ()
    """Ids of all clips of the benchmark, where the sound is finished."""

    @property
    def threads(self) -> int:
        """How many threads the model takes."""
        return self.plan.model.threads

    def run(self, kept: Kept, tell: Callable[[int], None]) -> list[VssevalError]:
        """Generate what is missing; see `Unit.run`.

        Returns:
            What the model says that the machine lacks: nothing, or one fault.

        Raises:
            EnvironmentFault: a file cannot be written.
        """
        samples = self.plan.samples
        path = self.plan.paths.journal(self.shard)
        lines = journal.read_journal(path)
        owned = self.plan.references
        todo = [one for one in samples if not clip_is_done(self.plan, one, lines.get(one.id), owned)]
        tell(len(samples) - len(todo))
        if not todo:
            return []
        self.plan.paths.done(self.shard).unlink(missing_ok=True)
        with journal.Journal(path) as file, threads(self.threads):
            try:
                self._generate(todo, _Recorder(self.plan, file, tell), kept)
            except ModelFault as fault:
                cause = fault.__cause__
                return [plain_fault(cause) if isinstance(cause, VssevalError) else fault]
        return []

    def parts(self) -> list[GenerateUnit]:
        """Return a unit for each clip."""
        return [replace(self, plan=_only(self.plan, (sample,))) for sample in self.plan.samples]

    def give_up(self, why: str) -> list[VssevalError]:
        """Write that the clip failed."""
        with journal.Journal(self.plan.paths.journal(self.shard)) as file:
            for sample in self.plan.samples:
                file.append(Generation(id=sample.id, status="failed", error=why))
        return []

    def _generate(self, todo: Sequence[Sample], recorder: _Recorder, kept: Kept) -> None:
        usable = []
        for sample in todo:
            outcome = outcome_without_model(sample, self.plan.references)
            if outcome is not None:
                recorder.write(outcome)
            else:
                usable.append(sample)
        requests, reasons = readable_requests(usable, self.plan, self.plan.references)
        for sample_id, reason in reasons.items():
            recorder.write(Generation(id=sample_id, status="failed", error=reason))
        if requests:
            card, model = self.plan.model, self._model(kept)
            with timed(self.plan.store.root, "model", card.name, self.plan.spec.device) as watch:
                recorder.run_batch(model, requests)
                watch.clips, watch.seconds = len(requests), sum(request.duration for request in requests)
                watch.written = recorder.written

    def _model(self, kept: Kept) -> Model:
        """Return the model; the one before it, if it was another, is let go of with its weights."""
        spec = self.plan.spec
        catalog: Catalog = kept.setdefault("catalog", Catalog())
        if spec.model not in BOUNDS:
            before: RunSpec = kept.setdefault("model", spec)
            if model_of(before) != model_of(spec):
                catalog.release(before)
                kept["model"] = spec
        try:
            model = catalog.model(spec)
        except VssevalError as error:
            raise ModelFault(str(error)) from error
        if not isinstance(model, FinishedSound):
            return model
        whose = spec.model, spec.benchmark
        if kept.get("finished", (None,))[0] != whose:
            kept["finished"] = whose, model.of_clips(self.clips)
        finished: Model = kept["finished"][1]
        return finished


def generate_units(plan: Plan, clips: Sequence[str]) -> list[GenerateUnit]:
    """Return a unit for each shard of a run and each sample of its clips.

    Args:
        plan: a run that has been begun, with its lock held.
        clips: ids of all clips of the benchmark, where the model hands out finished sound; else none.
    """
    return [
        GenerateUnit(_only(one, samples), shard, tuple(clips))
        for one in plan.by_seed()
        for shard in plan.shards
        for samples in [plan.shard(shard)]
    ]


def _only(plan: Plan, samples: tuple[Sample, ...]) -> Plan:
    """Return a plan of some clips, with what a bound is made from for these alone: it goes to another process."""
    owned: BoundReferencesByClip = None
    if plan.references is not None:
        owned = {sample.id: plan.references[sample.id] for sample in samples if sample.id in plan.references}
    return replace(plan, samples=samples, references=owned)


class _Recorder:
    """Takes a model's answers, checks them, writes the sound and then the journal line."""

    def __init__(self, plan: Plan, file: journal.Journal, tell: Callable[[int], None]) -> None:
        self._plan = plan
        self._file = file
        self._tell = tell
        self._clock = time.perf_counter()
        self.written = 0
        """Bytes of sound."""

    def write(self, outcome: Generation) -> None:
        """Add the line of one clip, which is its last word."""
        self._file.append(outcome)
        self._tell(1)

    def run_batch(self, model: Model, requests: Sequence[Request]) -> None:
        """Ask for a batch; where the model raises, ask for what is left one by one, or, out of memory, by halves."""
        pending = {request.id: request for request in requests}
        self._clock = time.perf_counter()
        error = self._consume(model, list(requests), pending)
        left = [*pending.values()]
        if error is None:
            for request in left:
                why = "the model gave nothing for this clip"
                self.write(Generation(id=request.id, status="missing", error=why))
        elif len(requests) == 1:
            for request in left:
                self._fail(request, error)
        elif out_of_memory(error):
            free_memory()
            for half in halves(left):
                self.run_batch(model, half)
        else:
            for request in left:
                self.run_batch(model, [request])

    def _consume(self, model: Model, batch: list[Request], pending: dict[str, Request]) -> Exception | None:
        """Take what a model gives for a batch; return what it raised, if it did."""
        outputs = answers(model, batch)
        while True:
            # What is raised by writing is not the model's.
            try:
                output = next(outputs, None)
            except (PluginFault, Unmeasurable) as error:
                return error
            except VssevalError as error:
                raise ModelFault(str(error)) from error
            if output is None:
                return None
            request = pending.pop(output.id, None)
            if request is None:
                log.warning("the model gave '%s', which was not asked for or given already", legible(output.id))
                continue
            self._store(output, request)

    def _store(self, output: ModelOutput, request: Request) -> None:
        wall = self._lap()
        found = validate_output(output, request)
        if found.samples is None:
            status: Status = "missing" if output.missing else "failed"
            error = found.error
            self.write(Generation(id=request.id, status=status, error=error, wall_seconds=wall))
            return
        seed, paths = self._plan.spec.seed, self._plan.paths
        try:
            picture = kept_picture(output, self._plan.model, paths.picture(request.id, seed), self._plan.root)
        except Unmeasurable as reason:
            self.write(Generation(id=request.id, status="failed", error=str(reason), wall_seconds=wall))
            return
        target = paths.audio(request.id, seed)
        with atomic.as_environment_fault(target):
            media.write_flac(target, found.samples, found.sample_rate)
            self.written += target.stat().st_size
        self.write(
            Generation(
                id=request.id,
                status="ok",
                path=target.relative_to(self._plan.root),
                sha256=media.sha256(target),
                sample_rate=found.sample_rate,
                seconds=found.samples.shape[-1] / found.sample_rate,
                wall_seconds=wall,
                note=found.note,
                peak=found.peak if found.peak > 1.0 else msgspec.UNSET,
                picture=picture,
            )
        )

    def _fail(self, request: Request, error: Exception) -> None:
        self.write(Generation(id=request.id, status="failed", error=str(error), wall_seconds=self._lap()))

    def _lap(self) -> float:
        before, self._clock = self._clock, time.perf_counter()
        return self._clock - before
