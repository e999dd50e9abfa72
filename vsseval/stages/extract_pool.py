"""Hands media out to worker processes, in chunks, and finds out which medium it was that killed one."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault
from vsseval.stages.extract_job import ExtractFault, ExtractJob, run_jobs
from vsseval.store.provenance import cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from vsseval.store.features import FeatureStore

CHUNK = 4
"""Media handed to a worker at a time: few enough for an even load and a lively progress bar."""
CHUNK_ON_DEVICE = 32
"""The same where a device wants batches."""


class ExtractPool:
    """A pool of processes, started when it is first needed; with one job, this process does the work."""

    def __init__(self, jobs: int = 0, device: str = "cpu") -> None:
        """Prepare a pool.

        Args:
            jobs: processes; 0 means one per core, and on a device one alone: networks share its memory badly.
            device: where networks run.

        Raises:
            EnvironmentFault: there is no such device here.
        """
        require_device(device)
        self._device = device
        self._jobs = jobs or (cores() if device == "cpu" else 1)
        self._pool: ProcessPoolExecutor | None = None

    def map(self, jobs: Sequence[ExtractJob], store: FeatureStore) -> Iterator[tuple[int, list[ExtractFault]]]:
        """Extract, and yield for each finished chunk how many media it had and what went wrong.

        A medium that kills its process (out of memory, a crash in a C library) is a fault of its own features.

        Raises:
            EnvironmentFault: the store cannot be written, or processes cannot be started.
        """
        size = CHUNK if self._device == "cpu" else CHUNK_ON_DEVICE
        chunks = [list(jobs[start : start + size]) for start in range(0, len(jobs), size)]
        # A pool costs seconds to start; one chunk does not repay it.
        if self._jobs == 1 or (self._pool is None and len(chunks) < 2):
            yield from ((len(chunk), run_jobs(chunk, store.root, self._device)) for chunk in chunks)
            return
        left: list[ExtractJob] = []
        running: dict[Future[list[ExtractFault]], list[ExtractJob]] = {}
        pool = self._running(self._jobs)
        for chunk in chunks:
            try:
                running[pool.submit(run_jobs, chunk, store.root, self._device)] = chunk
            except BrokenProcessPool:
                left += chunk
        for future in as_completed(running):
            try:
                yield len(running[future]), future.result()
            except BrokenProcessPool:
                left += running[future]
        if left:
            yield from self._one_by_one(left, store)

    def _one_by_one(self, jobs: Sequence[ExtractJob], store: FeatureStore) -> Iterator[tuple[int, list[ExtractFault]]]:
        """Find out which medium kills its process."""
        self._restart()
        for job in jobs:
            try:
                yield 1, self._running(1).submit(run_jobs, [job], store.root, self._device).result()
            except BrokenProcessPool:
                why = "the process that extracted it was killed (out of memory?)"
                yield 1, [ExtractFault("clip", name, job.origin.key, why) for name in job.extractors]
                self._restart()
        self._restart()

    def _running(self, jobs: int) -> ProcessPoolExecutor:
        if self._pool is None:
            # Forking a process in which torch has threads can hang.
            self._pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_prepare)
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
            # Whoever interrupts does not want to wait. Features are written whole or not at all, so it is safe.
            # The public way to do this comes with Python 3.14.
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001
                process.kill()
        self._restart()


def require_device(device: str) -> None:
    """Look whether networks can run on a device.

    Raises:
        EnvironmentFault: they cannot; known before hours of work are lost to it.
    """
    if device == "cpu":
        return
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts that it has it
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise EnvironmentFault(f"the device {device} cannot be used: {why}. Use another one: --device cpu") from error


def _prepare() -> None:
    """Make a worker end with its parent, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
