"""The engine of one machine: processes, one for each core or GPU, that keep their networks; with one, this process.

A unit that kills its process (out of memory, a crash in a C library) is found, and so is the part of it that does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING

from vsseval.engines.answers import Answer, answer, heard
from vsseval.engines.devices import process_devices, processes, require_device
from vsseval.engines.in_turn import run_in_turn
from vsseval.engines.threads import thread_environment
from vsseval.errors import EnvironmentFault

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext
    from multiprocessing.queues import Queue
    from types import TracebackType
    from typing import Any, Self

    from vsseval.engines.base import Kept, Unit, Work

PULSE = 1.0
"""Seconds after which the work is called, though nothing was finished."""
FAREWELL = 2.0
"""Seconds in which an interrupted process may end the programs that it has started."""
FORKED_WITH = "vsseval.engines.forked_with"
KILLED = "the process that worked on it was killed (out of memory?)"


class Local:
    """Processes of this machine, started when they are first needed."""

    def __init__(self, jobs: int = 0, device: str = "cpu", kept: Kept | None = None) -> None:
        """Prepare the processes.

        Args:
            jobs: how many; 0 means one per core, or per GPU.
            device: where networks run. On `cuda`, each process sees one GPU alone.
            kept: what this process has loaded already.

        Raises:
            EnvironmentFault: there is no such device here.
        """
        require_device(device)
        self._device = device
        self.jobs = jobs or processes(device)
        self._kept: Kept = {} if kept is None else kept
        self._pool: ProcessPoolExecutor | None = None
        self._warned = False
        """Whether a process was killed: from then on nothing is carried out in this one."""

    def run(self, work: Work) -> None:
        """Carry out all units of some work.

        Raises:
            EnvironmentFault: processes cannot be started.
            VssevalError: whatever a unit raised.
        """
        if self.jobs == 1:
            run_in_turn(work, self._kept)
            return
        running: dict[Future[Answer], Unit] = {}
        while True:
            killed = self._fill(work, running)
            if not running and not killed:
                return
            done = wait(running, PULSE, FIRST_COMPLETED).done
            killed += self._taken(work, running, done)
            if killed:
                # The others of a pool that has lost a process end with it, whatever they were doing.
                killed += self._taken(work, running, wait(running).done)
                self._find_killer(work, killed)
            work.pulse()

    def _fill(self, work: Work, running: dict[Future[Answer], Unit]) -> list[Unit]:
        """Give the processes enough to do; return what could not be given because one of them was killed."""
        ahead: deque[Unit] = deque()
        while len(running) <= self.jobs:
            unit = ahead.popleft() if ahead else work.next()
            if unit is None:
                return []
            if self._pool is None and not running and not self._warned:
                # Processes cost seconds to start; a single unit does not repay it.
                second = work.next()
                if second is None:
                    work.take(unit, unit.run(self._kept, partial(work.tell, unit)))
                    continue
                ahead.append(second)
            try:
                running[self._submit(self.jobs, unit)] = unit
            except BrokenProcessPool:
                return [unit, *ahead]
        return []

    def _taken(self, work: Work, running: dict[Future[Answer], Unit], done: set[Future[Answer]]) -> list[Unit]:
        """Hand on what was found by units that are done; return those whose process was killed."""
        killed = []
        for future in done:
            unit = running.pop(future)
            try:
                work.take(unit, heard(future.result()))
            except BrokenProcessPool:
                killed.append(unit)
        return killed

    def _find_killer(self, work: Work, suspects: list[Unit]) -> None:
        """Carry out units one by one, and part by part where one kills its process again."""
        self._warned = True
        self._restart()
        for unit in suspects:
            parts = unit.parts()
            found = self._alone(unit)
            if found is None:
                found = []
                for part in parts:
                    alone = self._alone(part) if len(parts) > 1 else None
                    found += part.give_up(KILLED) if alone is None else alone
            work.take(unit, found)
        self._restart()

    def _alone(self, unit: Unit) -> list[Any] | None:
        """Return what a unit finds in a process that does nothing else, or None where it kills it."""
        try:
            return heard(self._submit(1, unit).result())
        except BrokenProcessPool:
            self._restart()
            return None

    def _submit(self, jobs: int, unit: Unit) -> Future[Answer]:
        with thread_environment():  # which processes are given when they start, and they start when they are needed
            return self._running(jobs).submit(_carry_out, unit)

    def _running(self, jobs: int) -> ProcessPoolExecutor:
        if self._pool is None:
            context = _context()
            devices: Queue[str] | None = None
            names = process_devices(self._device, jobs)
            if names:
                devices = context.Queue()
                for name in names:
                    devices.put(name)
            self._pool = ProcessPoolExecutor(
                jobs, mp_context=context, initializer=_prepare, initargs=(dict(os.environ), devices)
            )
            try:
                self._pool.submit(os.getpid).result()
            except BrokenProcessPool as error:
                raise EnvironmentFault(
                    "worker processes cannot be started. A script that calls vsseval.run needs "
                    "`if __name__ == '__main__':` around it, or jobs=1; on the command line use: --jobs 1"
                ) from error
        return self._pool

    def _restart(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._pool is not None:
            # Whoever interrupts does not want to wait. Files are written whole or not at all, so it is safe.
            # The public way to do this comes with Python 3.14.
            processes = list((self._pool._processes or {}).values())  # noqa: SLF001
            for process in processes:
                process.terminate()
            deadline = time.monotonic() + FAREWELL
            for process in processes:
                process.join(max(0.0, deadline - time.monotonic()))
                process.kill()
        self._restart()


def _carry_out(unit: Unit) -> Answer:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return answer(unit, _kept())
    except KeyboardInterrupt:
        os._exit(1)  # told to stop, and the programs that the unit had started are ended by now
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@cache
def _kept() -> Kept:
    """Return what this process keeps."""
    return {}


def _context() -> BaseContext:
    """Return how processes are started.

    Forking this process, in which torch may have threads, can hang. On Linux they are forked from one that has a single
    thread and has loaded what they all need; elsewhere libraries of the system do not bear that, and each loads it.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([FORKED_WITH])
    # Whoever interrupts while that is loading leaves behind a process that is only beginning: this one needs nothing.
    first = context.Process(target=int, daemon=True)
    first.start()
    first.join()
    return context


def _prepare(environment: dict[str, str], devices: Queue[str] | None) -> None:
    """Make a worker end with its parent, leave signals to the parent, and show it its GPU alone.

    Args:
        environment: of the parent: a process that is forked has that of an earlier time.
        devices: the GPUs, of which each process takes one; None where they need not part.
    """
    os.environ.clear()
    os.environ.update(environment)
    # Ctrl-C goes to all processes of a terminal, and what Slurm announces to all of a task.
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    if devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices.get()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(FAREWELL)
    os._exit(1)
