"""Extracts features in worker processes: each medium is decoded once and handed to all its extractors."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from vsseval import media, plugins
from vsseval.errors import EnvironmentFault, Unmeasurable, VssevalError
from vsseval.stages.inputs import Origin
from vsseval.store.features import FeatureStore
from vsseval.store.provenance import cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from vsseval.extractors.base import Arrays, Extractor, Source

CHUNK = 4
"""Media handed to a worker at a time: few enough for an even load and a lively progress bar."""


class Job(NamedTuple):
    """One medium and the extractors whose features of it are wanted."""

    origin: Origin
    extractors: tuple[str, ...]


class Fault(NamedTuple):
    """Something went wrong that is no property of the medium, so it is not stored and is tried again."""

    kind: Literal["clip", "extractor"]
    """One feature of one medium, or an extractor that does not work here at all."""
    extractor: str
    key: str
    reason: str


class Workers:
    """A pool of processes, started when it is first needed; with one job, this process does the work."""

    def __init__(self, jobs: int = 0) -> None:
        """Prepare a pool of `jobs` processes; 0 means one per core."""
        self._jobs = jobs or cores()
        self._pool: ProcessPoolExecutor | None = None

    def map(self, jobs: Sequence[Job], store: FeatureStore) -> Iterator[tuple[int, list[Fault]]]:
        """Extract, and yield for each finished chunk how many media it had and what went wrong.

        A medium that kills its process (out of memory, a crash in a C library) is a fault of its own features.

        Raises:
            EnvironmentFault: the store cannot be written, or processes cannot be started.
        """
        chunks = [list(jobs[start : start + CHUNK]) for start in range(0, len(jobs), CHUNK)]
        # A pool costs seconds to start; one chunk does not repay it.
        if self._jobs == 1 or (self._pool is None and len(chunks) < 2):
            yield from ((len(chunk), work(chunk, store.root)) for chunk in chunks)
            return
        left: list[Job] = []
        running: dict[Future[list[Fault]], list[Job]] = {}
        pool = self._running(self._jobs)
        for chunk in chunks:
            try:
                running[pool.submit(work, chunk, store.root)] = chunk
            except BrokenProcessPool:
                left += chunk
        for future in as_completed(running):
            try:
                yield len(running[future]), future.result()
            except BrokenProcessPool:
                left += running[future]
        if left:
            yield from self._one_by_one(left, store)

    def _one_by_one(self, jobs: Sequence[Job], store: FeatureStore) -> Iterator[tuple[int, list[Fault]]]:
        """Find out which medium kills its process."""
        self._restart()
        for job in jobs:
            try:
                yield 1, self._running(1).submit(work, [job], store.root).result()
            except BrokenProcessPool:
                why = "the process that extracted it was killed (out of memory?)"
                yield 1, [Fault("clip", name, job.origin.key, why) for name in job.extractors]
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


def work(jobs: Sequence[Job], root: Path) -> list[Fault]:
    """Extract and store the features of some media; what is stored is not returned.

    Raises:
        EnvironmentFault: the store cannot be written.
    """
    store = FeatureStore(root)
    return [fault for job in jobs for fault in _extract(job, store)]


def _extract(job: Job, store: FeatureStore) -> Iterator[Fault]:
    origin = job.origin
    altered = _altered(origin)
    if altered is not None:
        yield from (Fault("clip", name, origin.key, altered) for name in job.extractors)
        return
    source: Source | Unmeasurable
    try:
        source = _open(origin)
    except Unmeasurable as error:
        source = error
    for name in job.extractors:
        try:
            extractor = _built(name)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; its metrics become missing
            reason = str(error) if isinstance(error, VssevalError) else f"{type(error).__name__}: {error}"
            yield Fault("extractor", name, origin.key, reason)
            continue
        fault = _store(name, extractor, source, origin, store)
        if fault is not None:
            yield fault


def _store(
    name: str, extractor: Extractor, source: Source | Unmeasurable, origin: Origin, store: FeatureStore
) -> Fault | None:
    spec = extractor.spec
    if isinstance(source, Unmeasurable):
        store.write_reason(spec, origin.key, _placeless(str(source), origin))
        return None
    try:
        with _one_thread():
            arrays = _plain(extractor.extract(source))
    except Unmeasurable as error:
        store.write_reason(spec, origin.key, _placeless(str(error), origin))
        return None
    except VssevalError as error:
        return Fault("extractor", name, origin.key, str(error))
    except Exception as error:  # noqa: BLE001 - one clip's feature is lost, with a reason, and not the run
        return Fault("clip", name, origin.key, f"{name}: {type(error).__name__}: {error}")
    store.write(spec, origin.key, arrays)
    return None


def _plain(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return arrays that can be stored.

    Raises:
        TypeError: one is of Python objects.
    """
    plain = {name: np.asarray(value) for name, value in arrays.items()}
    for name, value in plain.items():
        if value.dtype.hasobject:
            raise TypeError(f"the array '{name}' holds Python objects")
    return plain


def _altered(origin: Origin) -> str | None:
    """Return why a file cannot stand for its key, or None."""
    if origin.path is None:
        return None
    try:
        same = media.sha256(origin.path) == origin.key
    except Unmeasurable as error:
        return str(error)
    return None if same else f"{origin.path.name}: not the file that the manifest means (its sha256 differs)"


def _open(origin: Origin) -> Source:
    if origin.path is None:
        return origin.text or ""
    return media.Video(origin.path) if origin.kind == "video" else media.load_audio(origin.path)


def _placeless(reason: str, origin: Origin) -> str:
    """Take the file's name out of a reason: features are shared by all files with the same bytes."""
    if origin.path is None:
        return reason
    bare = reason.replace(str(origin.path), "the file").replace(f"{origin.path.name}: ", "")
    return bare.replace(origin.path.name, "the file")


@cache
def _built(name: str) -> Extractor:
    """Return an extractor of this process; each is built once."""
    extractor: Extractor = plugins.load("extractors", name)()
    return extractor


@contextmanager
def _one_thread() -> Iterator[None]:
    """Give torch one thread: the same bits for any number of processes, and no crowd on the cores."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _prepare() -> None:
    """Make a worker end with its parent, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
