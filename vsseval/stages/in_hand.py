"""One run between its plan and its scores: which of its units can be begun, and what became of those that are done."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from vsseval.engines.choice import WHOLE, Part
from vsseval.stages.extract import ExtractFaults, missing_features, pair_is_there
from vsseval.stages.extract_job import extract_units
from vsseval.store import atomic, journal
from vsseval.types import Generation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract_job import ExtractFault, ExtractJob, ExtractUnit
    from vsseval.stages.generate import GenerateUnit
    from vsseval.stages.plan import Plan

__all__ = ["Claims", "RunInHand"]


class Claims:
    """Which features are being made, and which runs wait for them: of one medium that runs share, one makes them."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str, str], list[RunInHand]] = {}

    def claim(self, run: RunInHand, jobs: Sequence[ExtractJob]) -> list[ExtractJob]:
        """Let a run wait for the features of some media; return what of them nobody makes yet."""
        mine = []
        for job in jobs:
            new = []
            for name in job.extractors:
                key = self._key(run, name, job.origin.key)
                if key not in self._waiting:
                    new.append(name)
                self._waiting.setdefault(key, []).append(run)
                run.awaited.add((name, job.origin.key))
            if new:
                mine.append(job._replace(extractors=tuple(new)))
        return mine

    def settle(self, maker: RunInHand, unit: ExtractUnit, faults: Sequence[ExtractFault]) -> None:
        """Tell all runs that wait for the features of a unit that they are there, or why not."""
        maker.done += len(unit.jobs)
        told: dict[int, RunInHand] = {}
        lost = {(fault.extractor, fault.key): fault for fault in faults}
        for job in unit.jobs:
            for name in job.extractors:
                feature = (name, job.origin.key)
                for run in self._waiting.pop(self._key(maker, *feature), []):
                    run.awaited.discard(feature)
                    told[id(run)] = run
                    if feature in lost:
                        run.faults.add(lost[feature])
        for run in told.values():
            run.pair()

    def abandon(self, maker: RunInHand, units: Sequence[ExtractUnit]) -> list[ExtractUnit]:
        """Give up what a run was to make; return the units that other runs wait for."""
        kept = []
        for unit in units:
            keys = [self._key(maker, name, job.origin.key) for job in unit.jobs for name in job.extractors]
            if any(run is not maker and not run.lost for key in keys for run in self._waiting[key]):
                kept.append(unit)
            else:
                for key in keys:
                    del self._waiting[key]
        return kept

    @staticmethod
    def _key(run: RunInHand, name: str, key: str) -> tuple[str, str, str, str]:
        return str(run.plan.store.root), run.device, name, key


class RunInHand:
    """The state of one run while its units are carried out."""

    def __init__(self, plan: Plan, resolved: ResolvedMetrics, device: str, claims: Claims, part: Part = WHOLE) -> None:
        """Begin with what needs no sound.

        Args:
            plan: the run, begun, with its lock held.
            resolved: its metrics and their extractors.
            device: where the networks of extractors run.
            claims: of all runs of the command.
            part: which shards and media are this process's.
        """
        self.plan, self.resolved, self.device = plan, resolved, device
        self.ungenerated: deque[GenerateUnit] = deque()
        self.unextracted: deque[ExtractUnit] = deque()
        self.heard: list[dict[str, Generation]] = [{} for _ in plan.by_seed()]
        """What became of each clip, by id, for each sample of it."""
        self.faults = ExtractFaults()
        self.awaited: set[tuple[str, str]] = set()
        """Features that are being made: (extractor, key of the medium)."""
        self.media = self.done = 0
        """Media and pairs of which this run makes what the store lacks, and those that are done."""
        self.lost = False
        self._generating = 0
        self._claims, self._part = claims, part
        self._known: set[tuple[str, str]] = set()
        self._pairs: list[ExtractJob] = []

    def generate(self, units: Sequence[GenerateUnit]) -> None:
        """Add the shards to be generated; meanwhile, what needs no sound can be extracted."""
        self.ungenerated += [unit for unit in units if self._part.takes_shard(unit.shard)]
        self._generating = len(self.ungenerated)
        silent = {one.id: Generation(id=one.id, status="missing") for one in self.plan.samples}
        self._extract(self.plan, silent, self._part)
        self.pair()

    def listen(self, heard: Sequence[Mapping[str, Generation]]) -> None:
        """Take the sounds that are there already, and add all that is to be extracted from them."""
        self.heard = [dict(lines) for lines in heard]
        for one, lines in zip(self.plan.by_seed(), self.heard, strict=True):
            self._extract(one, lines)
        self.pair()

    @property
    def generated(self) -> bool:
        """Whether every clip has its line in a journal."""
        return not self._generating

    def take_generated(self, unit: GenerateUnit) -> None:
        """Read what became of the clips of a shard, and add what is to be extracted from their sounds."""
        paths = unit.plan.paths
        lines = journal.read_journal(paths.journal(unit.shard))
        never = "it was never generated"
        outcomes = {
            one.id: lines.get(one.id) or Generation(id=one.id, status="missing", error=never)
            for one in unit.plan.samples
        }
        if not paths.done(unit.shard).exists():
            atomic.write_bytes(paths.done(unit.shard), b"")
        self.heard[unit.plan.sample].update(outcomes)
        self._generating -= 1
        self._extract(unit.plan, outcomes)
        self.pair()

    def lose(self) -> None:
        """Give the run up: nothing more is begun for it, but what others wait for."""
        self.lost = True
        self.ungenerated.clear()
        self.unextracted = deque(self._claims.abandon(self, self.unextracted))

    def pair(self) -> None:
        """Add the pairs of features, once both halves of all of them are there or cannot be had."""
        if self._generating or self.awaited or not self._pairs:
            return
        whole = [job for job in self._pairs if pair_is_there(job, self.plan)]
        # Of a pair without a half the half's own reason is the clip's; another run may make a pair that both want.
        self.done += len(self._pairs) - self._add(whole)
        self._pairs = []

    def _extract(self, clips: Plan, outcomes: Mapping[str, Generation], part: Part = WHOLE) -> None:
        """Add what the store lacks of the features of some clips, as far as a part takes them."""
        single = []
        for job in missing_features(clips, outcomes, self.resolved, self._known):
            if job.origin.kind == "features":
                self._pairs.append(job)
                self.media += 1
            elif part.takes_medium(job.origin.key):
                single.append(job)
            self._known.update((name, job.origin.key) for name in job.extractors)
        self.media += self._add(single)

    def _add(self, jobs: Sequence[ExtractJob]) -> int:
        """Add the units of those media that no other run works on; return their number."""
        mine = self._claims.claim(self, jobs)
        self.unextracted += extract_units(mine, self.plan.store.root, self.device)
        return len(mine)
