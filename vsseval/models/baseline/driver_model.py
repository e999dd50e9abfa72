"""A system without a command line, or too slow to start for one: its `worker.py` stays up and answers clip by clip."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable
from vsseval.media import Audio
from vsseval.models.base import ModelOutput
from vsseval.models.baseline.collect import audio_mismatch
from vsseval.models.baseline.command_model import log_path, workplace
from vsseval.models.baseline.repository_copy import mirror
from vsseval.models.baseline.stage import missing_input, stage
from vsseval.models.worker import WorkerLaunch, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vsseval.models.base import ModelCard, ModelOptions, Request
    from vsseval.models.baseline.installed import InstalledEnvironment
    from vsseval.models.baseline.spec import Baseline

__all__ = ["DriverModel"]


class DriverModel:
    """Satisfies `Model`; the process starts with the first request and ends with this object."""

    def __init__(
        self, card: ModelCard, baseline: Baseline, folder: Path, site: InstalledEnvironment, options: ModelOptions
    ) -> None:
        self.card = card
        self._baseline = baseline
        self._folder = folder
        self._site = site
        self._options = options
        self._worker: WorkerProcess | None = None
        self._work: Path | None = None
        self._count = 0

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request.

        Raises:
            EnvironmentFault: the worker does not start.
        """
        worker, places = self._started()
        asked: list[dict[str, object]] = []
        for request in requests:
            try:
                asked.append(self._message(request, places))
            except Unmeasurable as reason:
                yield ModelOutput(request.id, None, 0, error=str(reason))
        for output in worker.generate(asked):
            yield self._checked(output)

    def _message(self, request: Request, places: dict[str, str]) -> dict[str, object]:
        """Return what the worker is told of a clip: paths, texts and numbers.

        Raises:
            Unmeasurable: the clip lacks something, or it cannot be read.
        """
        lost = missing_input(request, self._baseline.inputs)
        if lost is not None:
            raise Unmeasurable(lost)
        values = stage(self._baseline, request, self._count, places).values
        self._count += 1
        return {
            "id": request.id,
            "seed": values["seed"],
            "duration": request.duration,
            "video": values.get("video"),
            "caption": values["caption"] or None,
            "transcript": values["transcript"] or None,
            "language": request.language,
            "speech_window": request.speech_window,
            "speaker_prompt": values.get("prompt"),
        }

    def _checked(self, output: ModelOutput) -> ModelOutput:
        if output.samples is None or output.samples.size == 0 or output.sample_rate <= 0:
            return output
        fault = audio_mismatch(self._baseline.expect, Audio(output.samples, output.sample_rate))
        return output if fault is None else ModelOutput(output.id, None, 0, error=fault)

    def _started(self) -> tuple[WorkerProcess, dict[str, str]]:
        if self._worker is None:
            stack = ExitStack()
            self._work = stack.enter_context(workplace(self._baseline.name))
            self._worker = WorkerProcess(self._launch(self._work))
            stack.callback(self._worker.close)
            weakref.finalize(self, stack.close)
        assert self._work is not None
        return self._worker, {"in": str(self._work / "in"), "out": str(self._work / "out"), "work": str(self._work)}

    def _launch(self, work: Path) -> WorkerLaunch:
        baseline, options = self._baseline, self._options
        assert baseline.driver is not None
        cwd = work
        if baseline.needs_repo and self._site.repo is not None:
            cwd = work / "repo"
            mirror(self._site.repo, cwd, patches=baseline.patches)
        return WorkerLaunch(
            name=baseline.name,
            command=(str(self._site.python), str(self._folder / "worker.py")),
            cwd=cwd,
            log=log_path(baseline.name),
            scratch=work / "out",
            hello={
                "name": baseline.name, "folder": str(self._folder), "repo": str(cwd), "device": options.device,
                "checkpoint": str(options.checkpoint.absolute()) if options.checkpoint else None,
                "variant": self.card.name.partition(":")[2] or next(iter(baseline.variants), ""),
            },
            env=baseline.driver.env,
            batch=baseline.driver.batch,
            start_seconds=baseline.driver.start_seconds,
            clip_seconds=baseline.driver.clip_seconds,
            picture=baseline.picture == "own",
        )  # fmt: skip
