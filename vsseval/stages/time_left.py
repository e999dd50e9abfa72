"""How long a command still takes: what its plan counts as left, at the rates and pace that are measured meanwhile."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from vsseval.engines.devices import processes
from vsseval.stages.forecast import priced, rates_of, units_left, wall_seconds
from vsseval.store.timings import command, read_timings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from vsseval.stages.forecast import Units, Work
    from vsseval.stages.planned_run import PlannedRun
    from vsseval.stages.progress import Progress
    from vsseval.store.timings import Timing, WorkKind

__all__ = ["TellingTimeLeft", "TimeLeft", "telling"]

EVERY = 10.0
"""Seconds between two looks at what was measured."""
TRUSTED = 10.0
"""Seconds of work from which on the pace of this machine, at this hour, is known; before, it is taken for idle."""


class TimeLeft:
    """Compares what a command had to do with what its processes have done."""

    def __init__(self, units: Units, store: Path, device: str, workers: int) -> None:
        """Begin the clock.

        Args:
            units: all that is to be done.
            store: root of the feature store, beside which the processes keep how long they take.
            device: where networks run, and in which precision.
            workers: processes.
        """
        self._units, self._store, self._device, self._workers = units, store, device, workers
        self._begun = time.time()
        self._seen: set[tuple[int, str, str, float]] = set()
        self._done: defaultdict[tuple[WorkKind, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))

    def seconds(self) -> float | None:
        """Return the seconds left; None while no rate is known of some sounds or features that are left.

        Scores that were never measured here count for nothing: they are a fiftieth of the whole.
        """
        timings = read_timings(self._store)
        for one in timings:
            self._count(one)
        rates = rates_of(timings, self._device)
        done, left = self._parted()
        ahead = priced(left, rates)
        if any(one.processor is None and one.stage in {"generate", "extract"} for one in ahead):
            return None
        ahead = [one if self._done[key[1:]][0] == 0 else _loaded(one) for key, one in zip(left, ahead, strict=True)]
        behind = wall_seconds(priced(done, rates), self._workers)
        pace = (time.time() - self._begun) / behind if behind > TRUSTED else 1.0
        return wall_seconds(ahead, self._workers) * pace

    def _count(self, one: Timing) -> None:
        key = one.process, one.kind, one.name, one.start
        if one.command != command() or one.start < self._begun or key in self._seen:
            return
        self._seen.add(key)
        clips, seconds = self._done[one.kind, one.name]
        self._done[one.kind, one.name] = clips + one.clips, seconds + one.seconds

    def _parted(self) -> tuple[Units, Units]:
        """Return what is done and what is left of the units."""
        done: Units = {}
        left: Units = {}
        for key, (clips, seconds) in self._units.items():
            got = min(self._done[key[1:]][0], clips)
            # by clips: the seconds of what is done are those of its media, which the plan may know otherwise
            share = got / clips if clips else 1.0
            done[key], rest = (got, seconds * share), (clips - got, seconds * (1.0 - share))
            if rest[0]:
                left[key] = rest
        return {key: amount for key, amount in done.items() if amount[0]}, left


class TellingTimeLeft:
    """Hands everything on to whoever watches, and tells how much time is left; satisfies `Progress`."""

    def __init__(self, watcher: Progress, seconds: Callable[[], float | None]) -> None:
        """Begin.

        Args:
            watcher: who watches.
            seconds: as `TimeLeft.seconds`.
        """
        self._watcher, self._seconds = watcher, seconds
        self._next = time.monotonic() + EVERY / 2

    def run(self, title: str) -> None:
        """Hand it on."""
        self._watcher.run(title)

    def stage(self, name: str, total: int) -> None:
        """Hand it on."""
        self._watcher.stage(name, total)

    def advance(self, steps: int = 1) -> None:
        """Hand it on; from time to time tell how much is left."""
        if time.monotonic() >= self._next:
            self._watcher.left(self._seconds())
            self._next = time.monotonic() + EVERY
        self._watcher.advance(steps)

    def note(self, text: str) -> None:
        """Hand it on."""
        self._watcher.note(text)

    def left(self, seconds: float | None) -> None:
        """Hand it on."""
        self._watcher.left(seconds)


def _loaded(work: Work) -> Work:
    """Return work whose networks the processes have loaded already."""
    return msgspec.structs.replace(work, load=0.0)


def telling(watcher: Progress, tasks: Sequence[PlannedRun]) -> Progress:
    """Return who watches some runs that are to be carried out on this machine, and is told how much time is left."""
    if not tasks:
        return watcher
    first = tasks[0].plan
    workers = first.spec.jobs or processes(first.spec.device)
    left = TimeLeft(units_left(tasks), first.store.root, first.spec.networks, workers)
    return TellingTimeLeft(watcher, left.seconds)
