"""A system that is run by its own command lines: stage, run, collect, and compare what came with what was expected."""

from __future__ import annotations

import os
import shutil
import time
import weakref
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from vsseval.errors import Unmeasurable
from vsseval.models.base import ModelOutput
from vsseval.models.baseline import command
from vsseval.models.baseline.collect import RunStart, collect
from vsseval.models.baseline.installed import environment_folder
from vsseval.models.baseline.repository_copy import mirror
from vsseval.models.baseline.stage import Staged, missing_input, stage, write_listing
from vsseval.models.subprocesses import log_tail
from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vsseval.models.base import ModelCard, ModelOptions, Request
    from vsseval.models.baseline.installed import InstalledEnvironment
    from vsseval.models.baseline.spec import Baseline

__all__ = ["CommandModel", "log_path", "workplace"]

FAILURES_BEFORE_GIVING_UP = 3
"""Clips in a row that fail alone, after a batch of which nothing came, until the rest are failed untried."""


class CommandModel:
    """Satisfies `Model`."""

    def __init__(
        self, card: ModelCard, baseline: Baseline, folder: Path, site: InstalledEnvironment, options: ModelOptions
    ) -> None:
        self.card = card
        self._baseline = baseline
        self._folder = folder
        self._site = site
        self._options = options
        self._log = log_path(baseline.name)
        assert baseline.command is not None
        self._command = baseline.command
        self._kept: tuple[Path, RunStart, str | None] | None = None

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request.

        What a batch leaves without a sound is run once more alone: a clip that yields nothing twice is given up.

        Raises:
            EnvironmentFault: a program is not there, or the repository is of another revision.
        """
        usable = []
        for request in requests:
            lost = missing_input(request, self._baseline.inputs)
            if lost is None:
                usable.append(request)
            else:
                yield ModelOutput(request.id, None, 0, error=lost)
        if self._command.group == "clip":
            for request in usable:
                yield from self._alone(request, tries=2)
            return
        outputs, fault = self._run(usable) if usable else ({}, None)
        yield from outputs.values()
        left = [request for request in usable if request.id not in outputs]
        if self._command.group == "whole":
            yield from (self._nothing(request, fault, "") for request in left)
        else:
            yield from self._stragglers(left, hope=bool(outputs), fault=fault)

    def _stragglers(self, left: Sequence[Request], *, hope: bool, fault: str | None) -> Iterator[ModelOutput]:
        failed = 0
        for request in left:
            if not hope and failed >= FAILURES_BEFORE_GIVING_UP:
                yield self._nothing(
                    request, fault, f"in the batch; {FAILURES_BEFORE_GIVING_UP} others failed alone, so this was not"
                )
                continue
            (output,) = self._alone(request, tries=1)
            failed = failed + 1 if output.samples is None else 0
            hope = hope or output.samples is not None
            yield output

    def _alone(self, request: Request, *, tries: int) -> Iterator[ModelOutput]:
        fault: str | None = None
        for _ in range(tries):
            outputs, fault = self._run([request])
            if request.id in outputs:
                yield outputs[request.id]
                return
        yield self._nothing(request, fault, "twice")

    def _nothing(self, request: Request, fault: str | None, when: str) -> ModelOutput:
        ended = fault or "it ended with status 0, as if all were well"
        reason = f"{self._baseline.title} wrote no sound for this clip{f' ({when})' if when else ''}: {ended}"
        return ModelOutput(request.id, None, 0, error=f"{reason}. {log_tail(self._log)}", missing=fault is None)

    def _run(self, requests: Sequence[Request]) -> tuple[dict[str, ModelOutput], str | None]:
        """Run the command for some clips; return the outputs that came of it, and what went wrong with it."""
        if self._command.group == "whole":
            return self._whole(requests)
        with workplace(self._baseline.name) as work:
            places = self._places(work)
            clips, outputs = self._staged(requests, places)
            if not clips:
                return outputs, None
            write_listing(self._baseline, clips, places)
            start, fault = self._execute(work, places, clips)
            return outputs | collect(self._baseline, clips, start), fault

    def _whole(self, requests: Sequence[Request]) -> tuple[dict[str, ModelOutput], str | None]:
        """Run the official list at the first call, and collect from what it has left at this and all others."""
        if self._kept is None:
            stack = ExitStack()
            work = stack.enter_context(workplace(self._baseline.name))
            weakref.finalize(self, stack.close)
            self._kept = (work, *self._execute(work, self._places(work), ()))
        work, start, fault = self._kept
        clips, outputs = self._staged(requests, self._places(work))
        return outputs | collect(self._baseline, clips, start), fault

    def _staged(
        self, requests: Sequence[Request], places: dict[str, str]
    ) -> tuple[list[Staged], dict[str, ModelOutput]]:
        """Lay clips out; return them, and an output with the reason for each that cannot be."""
        outputs: dict[str, ModelOutput] = {}
        clips: list[Staged] = []
        for request in requests:
            try:
                clips.append(stage(self._baseline, request, len(clips), places))
            except Unmeasurable as reason:
                outputs[request.id] = ModelOutput(request.id, None, 0, error=str(reason))
        return clips, outputs

    def _execute(self, work: Path, places: dict[str, str], clips: Sequence[Staged]) -> tuple[RunStart, str | None]:
        """Run the command; return the moment before it, and what went wrong with it."""
        how = self._command
        if self._baseline.needs_repo and self._site.repo is not None:
            mirror(self._site.repo, work / "repo", fresh=how.fresh, patches=self._baseline.patches)
        values = dict(clips[0].values) if how.group == "clip" else {**places, "seed": how.seed}
        start = RunStart.mark(work)
        steps, cwd = command.build(how, values), Path(how.cwd.format_map(places))
        fault = command.run(steps, cwd, self._env(values), self._log, how.clip_seconds * max(1, len(clips)))
        return start, fault

    def _places(self, work: Path) -> dict[str, str]:
        checkpoint = str(self._options.checkpoint.absolute()) if self._options.checkpoint else self._command.checkpoint
        variant = self.card.name.partition(":")[2] or next(iter(self._baseline.variants), "")
        places = {
            "python": str(self._site.python), "bin": str(self._site.python.parent), "folder": str(self._folder),
            "work": str(work), "in": str(work / "in"), "out": str(work / "out"), "repo": str(work / "repo"),
            "device": self._options.device, "variant": variant,
        }  # fmt: skip
        return {**places, "checkpoint": checkpoint.format_map(places)}

    def _env(self, values: Mapping[str, object]) -> dict[str, str]:
        path = f"{self._site.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {"PATH": path, **{name: text.format_map(values) for name, text in self._command.env.items()}}


def log_path(name: str) -> Path:
    """Return a new log's place."""
    return environment_folder(name) / "logs" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid4().hex[:8]}.log"


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """Give a folder of its own, with `in` and `out`, which is gone afterwards.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    work = environment_folder(name) / "work" / uuid4().hex[:12]
    with atomic.as_environment_fault(work):
        for part in ("in", "out"):
            (work / part).mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
