"""All units of a command, in the order in which they are begun: sounds first, and what is made of them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vsseval.errors import ModelFault
from vsseval.stages.generate import GenerateUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vsseval.engines.base import Unit
    from vsseval.errors import VssevalError
    from vsseval.stages.extract_job import ExtractUnit
    from vsseval.stages.in_hand import Claims, RunInHand
    from vsseval.stages.progress import Progress

__all__ = ["Workload"]


class Workload:
    """Satisfies `Work`."""

    def __init__(
        self,
        runs: Sequence[RunInHand],
        claims: Claims,
        progress: Progress,
        lose: Callable[[RunInHand, ModelFault], None],
        generated: Callable[[RunInHand], None],
        jobs: int = 1,
    ) -> None:
        """Begin.

        Args:
            runs: in the order in which they are begun.
            claims: of these runs.
            progress: who watches.
            lose: called with a run whose model says what it lacks here; runs that are given up are not gone on with.
            generated: called with a run all clips of which have their lines.
            jobs: processes that there are.
        """
        self._runs, self._claims, self._progress = runs, claims, progress
        self._lose, self._generated, self._jobs = lose, generated, jobs
        self._begun: dict[int, tuple[GenerateUnit | ExtractUnit, RunInHand]] = {}
        self._told: dict[int, int] = {}
        self._before: dict[int, int] = {}
        self._shown = 0
        self._generating = any(run.ungenerated for run in runs)
        if self._generating:
            progress.stage("generate", sum(len(unit.plan.samples) for run in runs for unit in run.ungenerated))
        else:
            self._begin_extraction()

    def next(self) -> GenerateUnit | ExtractUnit | None:
        """Return another unit: of the first run that has one, sounds before features."""
        for run in self._runs:
            if run.ungenerated and self._has_room_for(run.ungenerated[0]):
                sounds = run.ungenerated.popleft()
                self._before[id(sounds)] = _lines(sounds)
                self._begun[id(sounds)] = sounds, run
                return sounds
        for run in self._runs:
            if run.unextracted:
                features = run.unextracted.popleft()
                self._begun[id(features)] = features, run
                return features
        return None

    def tell(self, unit: Unit, steps: int) -> None:
        """Show that clips of a shard are done."""
        if isinstance(unit, GenerateUnit) and steps > 0:
            self._told[id(unit)] = self._told.get(id(unit), 0) + steps
            self._progress.advance(steps)

    def take(self, unit: Unit, found: list[Any]) -> None:
        """Take in what a unit has found, and what can be begun now."""
        begun, run = self._begun.pop(id(unit))
        if isinstance(begun, GenerateUnit):
            self.tell(begun, len(begun.plan.samples) - self._told.get(id(unit), 0))
            self._told.pop(id(unit), None)
            self._take_sounds(begun, run, found)
        else:
            self._claims.settle(run, begun, found)
        if self._generating and all(one.lost or one.generated for one in self._runs):
            self._begin_extraction()
        self._show()

    def pulse(self) -> None:
        """Count the clips that other processes have added to the journals."""
        for unit, _ in [*self._begun.values()]:
            if isinstance(unit, GenerateUnit):
                done = min(_lines(unit) - self._before[id(unit)], len(unit.plan.samples))
                self.tell(unit, done - self._told.get(id(unit), 0))

    def _has_room_for(self, unit: GenerateUnit) -> bool:
        """Return whether there are processors for a model of several threads; features take what it leaves."""
        busy = sum(one.threads for one, _ in self._begun.values() if isinstance(one, GenerateUnit))
        return unit.threads == 1 or not busy or busy + unit.threads <= self._jobs

    def _take_sounds(self, unit: GenerateUnit, run: RunInHand, found: Sequence[VssevalError]) -> None:
        if run.lost:
            return
        if found:
            fault = ModelFault(str(found[0]))
            fault.__cause__ = found[0]
            self._lose(run, fault)
            return
        run.take_generated(unit)
        if run.generated:
            self._generated(run)

    def _begin_extraction(self) -> None:
        self._generating = False
        self._progress.stage("extract", sum(run.media for run in self._runs))
        self._show()

    def _show(self) -> None:
        done = sum(run.done for run in self._runs)
        if not self._generating and done > self._shown:
            self._progress.advance(done - self._shown)
            self._shown = done


def _lines(unit: GenerateUnit) -> int:
    try:
        return unit.plan.paths.journal(unit.shard).read_bytes().count(b"\n")
    except OSError:
        return 0
