"""Ray: actors on the nodes of a cluster, which keep their networks; placing them and moving files' names is Ray's work.

All nodes see the same files. A unit whose actor dies is carried out by another; where it happens again, part by part.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.engines.answers import Answer, answer, heard
from vsseval.engines.threads import thread_variables
from vsseval.errors import EnvironmentFault, MissingExtra

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from vsseval.engines.base import Kept, Unit, Work

__all__ = ["OnRay"]

PULSE = 1.0
"""Seconds after which the work is called, though nothing was finished."""
DEATHS = 2
"""Actors that may die of a unit, or with a node while they work on it, before it is taken apart or given up."""
KILLED = f"{DEATHS} processes that worked on it were killed (out of memory?)"


@dataclass
class _Whole:
    """A unit of the work; where it was taken apart, the parts that are left: one writer has its files at a time."""

    unit: Unit
    parts: deque[Unit] = field(default_factory=deque)
    found: list[Any] = field(default_factory=list)


@dataclass
class _Piece:
    """What an actor is given: a unit, or a part of one."""

    unit: Unit
    whole: _Whole
    deaths: int = 0


class OnRay:
    """Actors of one cluster."""

    def __init__(self, address: str = "", workers: int = 0, device: str = "cpu") -> None:
        """Join a cluster, or start one of this machine where none is named and none is running.

        Args:
            address: of the cluster; empty: `RAY_ADDRESS`, or the one that runs here, or a new one.
            workers: actors; 0 means one for each core of the cluster, or each GPU.
            device: where networks run; an actor on `cuda` has a GPU of its own.

        Raises:
            MissingExtra: ray is not installed.
            EnvironmentFault: there is no cluster at the address, or it has no such device.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of a run who was not asked
        try:
            import ray
        except ImportError as error:
            raise MissingExtra("--engine ray needs Ray. Install it with: pip install 'vsseval[ray]'") from error
        self._ray = ray
        self._owns = not ray.is_initialized()
        if self._owns:
            try:
                _join(ray, address)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                raise EnvironmentFault(f"there is no Ray cluster at '{address}': {error}") from error
        kind = "CPU" if device == "cpu" else "GPU"
        there = int(ray.cluster_resources().get(kind, 0))  # type: ignore[no-untyped-call]
        if not there:
            self._leave()
            raise EnvironmentFault(f"the Ray cluster has no {kind}. Use another device: --device cpu")
        self.jobs = min(workers, there) if workers else there
        options = {"num_cpus": 1, "num_gpus": 0 if device == "cpu" else 1, "max_restarts": 0}
        remote: Any = ray.remote(_Actor)
        self._actor = remote.options(**options, runtime_env={"env_vars": thread_variables()})
        self._idle: deque[Any] = deque()
        self._starting: dict[Any, Any] = {}
        self._failed = 0

    def run(self, work: Work) -> None:
        """Carry out all units of some work.

        Raises:
            VssevalError: whatever a unit raised.
        """
        again: deque[_Piece] = deque()
        running: dict[Any, tuple[Any, _Piece]] = {}
        self._start(self.jobs - len(self._idle) - len(self._starting))
        while self._fill(work, again, running):
            done, _ = self._ray.wait([*running, *self._starting], num_returns=1, timeout=PULSE)
            for one in done:
                if one in self._starting:
                    self._begin(one)
                    continue
                actor, piece = running.pop(one)
                given = self._given(one)
                if given is None:
                    self._replace(actor)
                    self._lost(work, piece, again)
                else:
                    self._idle.append(actor)
                    self._done(work, piece, heard(given), again)
            work.pulse()

    def _fill(self, work: Work, again: deque[_Piece], running: dict[Any, tuple[Any, _Piece]]) -> bool:
        """Give every idle actor something to do; return whether anything is left to be done."""
        while self._idle:
            unit = None if again else work.next()
            if not again and unit is None:
                break
            piece = _Piece(unit, _Whole(unit)) if unit is not None else again.popleft()
            actor = self._idle.popleft()
            running[actor.carry_out.remote(piece.unit)] = actor, piece
        return bool(running) or not self._idle

    def _done(self, work: Work, piece: _Piece, found: list[Any], again: deque[_Piece]) -> None:
        """Take in what was found of a unit, and go on with its parts where it was taken apart."""
        whole = piece.whole
        whole.found += found
        if whole.parts:
            again.append(_Piece(whole.parts.popleft(), whole))
        else:
            work.take(whole.unit, whole.found)

    def _lost(self, work: Work, piece: _Piece, again: deque[_Piece]) -> None:
        """Have a unit carried out again; where that was tried, take it apart; give up a part that cannot be."""
        piece.deaths += 1
        parts = piece.unit.parts()
        if piece.deaths < DEATHS:
            again.append(piece)
        elif piece.unit is piece.whole.unit and len(parts) > 1:
            piece.whole.parts.extend(parts[1:])
            again.append(_Piece(parts[0], piece.whole))
        else:
            self._done(work, piece, piece.unit.give_up(KILLED), again)

    def _given(self, one: Any) -> Answer | None:
        """Return an answer, or None where it died with its actor or its node."""
        lost = self._ray.exceptions
        try:
            given: Answer = self._ray.get(one)
        except (lost.RayActorError, lost.ObjectLostError, lost.WorkerCrashedError, lost.OutOfMemoryError):
            return None
        return given

    def _start(self, count: int) -> None:
        for _ in range(count):
            actor = self._actor.remote(str(Path.cwd()))
            ready: Any = actor.ready
            self._starting[ready.remote()] = actor

    def _begin(self, one: Any) -> None:
        """Take up an actor that has started.

        Raises:
            EnvironmentFault: one after the other dies when it starts.
        """
        actor, lost = self._starting.pop(one), self._ray.exceptions
        try:
            self._ray.get(one)
        except (lost.RayActorError, lost.RuntimeEnvSetupError) as error:
            self._failed += 1
            if self._failed > self.jobs:
                raise EnvironmentFault(f"the Ray cluster starts no actors: {error}") from error
            self._start(1)
        else:
            self._failed = 0
            self._idle.append(actor)

    def _replace(self, actor: Any) -> None:
        """Start another actor in the place of one that is lost, and make sure that it is."""
        with suppress(ValueError, RuntimeError):
            self._ray.kill(actor)
        self._start(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for actor in (*self._idle, *self._starting.values()):
            with suppress(ValueError, RuntimeError):
                self._ray.kill(actor)
        self._idle.clear()
        self._starting.clear()
        self._leave()

    def _leave(self) -> None:
        if self._owns:
            self._ray.shutdown()  # which ends the actors that are at work as well


class _Actor:
    """A process of the cluster."""

    def __init__(self, folder: str) -> None:
        # Paths of a command are those of the folder that it was typed in.
        if Path(folder).is_dir():
            os.chdir(folder)
        self._kept: Kept = {}

    def ready(self) -> None:
        """Return, once the process is there."""

    def carry_out(self, unit: Unit) -> Answer:
        """Carry out a unit."""
        return answer(unit, self._kept)


def _join(ray: Any, address: str) -> None:
    ray.init(address=address or None, log_to_driver=False, logging_level="warning")
