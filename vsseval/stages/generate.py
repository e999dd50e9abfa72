"""Turns requests into audio files, one journal line per clip, so that a crash loses the clip in hand at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vsseval import media
from vsseval.border.blame import PluginFault
from vsseval.border.blame import readable as legible
from vsseval.border.models import answers
from vsseval.engines.local import Local
from vsseval.errors import ModelFault, Unmeasurable, VssevalError
from vsseval.stages.catalog import Catalog
from vsseval.stages.progress import NoProgress
from vsseval.stages.requests import readable_requests
from vsseval.stages.resume import clip_is_done, outcome_without_model
from vsseval.stages.validate_output import validate_output
from vsseval.store import atomic, journal
from vsseval.store.layout import RunPaths
from vsseval.store.timings import timed
from vsseval.types import Generation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.engines.base import Engine
    from vsseval.models.base import Model, ModelOutput
    from vsseval.stages.bound_references import BoundReferencesByClip
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress
    from vsseval.types import Request, Sample, Status


def generate(
    plan: Plan, model: Model | None = None, progress: Progress | None = None, engine: Engine | None = None
) -> dict[str, Generation]:
    """Generate every clip that has no sound yet, one sample of each, and return the outcome of all, by id.

    A clip that failed or is missing is tried once more each time that this is called.

    Args:
        plan: a run that has been begun, with its lock held; of several samples, that of one (`Plan.by_seed`).
        model: the model; None builds it from `plan.spec`.
        progress: who watches.
        engine: who carries out the shards; None means this process.

    Raises:
        VssevalError: the machine lacks something; what is done stays done.
    """
    watcher = progress or NoProgress()
    watcher.stage("generate", len(plan.samples))
    (engine or Local()).map(lambda shard: run_shard(plan, shard, model, watcher), plan.shards)
    return read_outcomes(plan)


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


def run_shard(plan: Plan, shard: int, model: Model | None = None, progress: Progress | None = None) -> None:
    """Generate what is missing of one shard. Reads and writes files only, so any process can do it."""
    samples = plan.shard(shard)
    paths = plan.paths
    watcher = progress or NoProgress()
    lines = journal.read_journal(paths.journal(shard))
    references = plan.references
    todo = [sample for sample in samples if not clip_is_done(plan, sample, lines.get(sample.id), references)]
    watcher.advance(len(samples) - len(todo))
    if todo:
        paths.done(shard).unlink(missing_ok=True)
        with journal.Journal(paths.journal(shard)) as file:
            _generate_missing(plan, todo, references, _Recorder(plan, file, watcher), model)
    if not paths.done(shard).exists():
        atomic.write_bytes(paths.done(shard), b"")


def _generate_missing(
    plan: Plan, todo: Sequence[Sample], references: BoundReferencesByClip, recorder: _Recorder, model: Model | None
) -> None:
    usable = []
    for sample in todo:
        outcome = outcome_without_model(sample, references)
        if outcome is not None:
            recorder.write(outcome)
        else:
            usable.append(sample)
    requests, reasons = readable_requests(usable, plan, references)
    for sample_id, reason in reasons.items():
        recorder.write(Generation(id=sample_id, status="failed", error=reason))
    if requests:
        model = model or Catalog().model_of_run(plan.spec)
        with timed(plan.store.root, "model", plan.model.name, plan.spec.device) as watch:
            recorder.run_batch(model, requests)
            watch.clips, watch.seconds = len(requests), sum(request.duration for request in requests)
            watch.written = recorder.written


class _Recorder:
    """Takes a model's answers, checks them, writes the sound and then the journal line."""

    def __init__(self, plan: Plan, file: journal.Journal, progress: Progress) -> None:
        self._plan = plan
        self._file = file
        self._progress = progress
        self._clock = time.perf_counter()
        self.written = 0
        """Bytes of sound."""

    def write(self, outcome: Generation) -> None:
        """Add the line of one clip, which is its last word."""
        self._file.append(outcome)
        self._progress.advance()

    def run_batch(self, model: Model, requests: Sequence[Request]) -> None:
        """Ask for a batch; where the model raises, ask for what is left one by one."""
        pending = {request.id: request for request in requests}
        self._clock = time.perf_counter()
        error = self._consume(model, list(requests), pending)
        if error is not None and len(requests) > 1:
            for request in list(pending.values()):
                alone = self._consume(model, [request], pending)
                if alone is not None and request.id in pending:
                    self._fail(pending.pop(request.id), alone)
        for request in pending.values():
            if error is not None and len(requests) == 1:
                self._fail(request, error)
            else:
                why = "the model gave nothing for this clip"
                self.write(Generation(id=request.id, status="missing", error=why))

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
                self._progress.note(f"the model gave '{legible(output.id)}', which was not asked for or given already")
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
        target = self._plan.paths.audio(request.id, self._plan.spec.seed)
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
            )
        )

    def _fail(self, request: Request, error: Exception) -> None:
        self.write(Generation(id=request.id, status="failed", error=str(error), wall_seconds=self._lap()))

    def _lap(self) -> float:
        before, self._clock = self._clock, time.perf_counter()
        return self._clock - before
