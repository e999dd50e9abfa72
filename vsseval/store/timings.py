"""How long stages, models, extractors and metrics take on a kind of machine: what plans and traces are made from.

`<store>/timings/<processor>.jsonl`: one line for each piece of work, by the process that did it. Rates belong to
the processor's model: a container gets a new host name, and not a new processor. Deleting the file is always safe.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Literal

import msgspec

from vsseval.errors import EnvironmentFault
from vsseval.store import atomic, codec
from vsseval.store.layout import slug
from vsseval.store.provenance import processor_name
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["START", "Stopwatch", "Timing", "WorkKind", "command", "keep", "read_timings", "timed", "timings_path"]

WorkKind = Literal["stage", "model", "extractor", "metric", "aggregate"]
START = "start"
"""Name of the stage that is whatever a process did before its first piece of work: imports, above all."""
KEPT = 4_000_000
"""Bytes of the file from which on only its later half is kept."""


class Timing(Record, frozen=True, omit_defaults=True):
    """One piece of work that one process did."""

    kind: WorkKind
    name: str
    start: float
    """Seconds since the epoch."""
    wall: float
    processor: float
    """Seconds of the process, all its threads together; what other programs run for it is not in it."""
    clips: int = 0
    seconds: float = 0.0
    """Length of the media; 0 where there are none, or it is not known."""
    first: bool = False
    """The process had not done this before: loading is part of it."""
    written: int = 0
    """Bytes of results."""
    peak: int = 0
    """Greatest resident memory of the process so far, in bytes."""
    device: str = "cpu"
    process: int = 0
    command: int = 0
    """Process that the command was started as."""


class Stopwatch:
    """What is known of a piece of work once it is done."""

    def __init__(self, clips: int = 0) -> None:
        """Begin with nothing done, or with some clips."""
        self.clips, self.seconds, self.written = clips, 0.0, 0


@contextmanager
def timed(store: Path, kind: WorkKind, name: str, device: str = "cpu") -> Iterator[Stopwatch]:
    """Append how long the `with` block took, if it did anything (`Stopwatch.clips`).

    Args:
        store: root of the feature store.
        kind: of the work.
        name: of the stage, model, extractor or metric.
        device: where it runs.
    """
    watch, start = Stopwatch(), time.time()
    if not _done():
        before = time.process_time()
        keep(store, [_timing("stage", START, start, before, before, Stopwatch(1), device)])
    wall, processor = time.perf_counter(), time.process_time()
    yield watch
    if watch.clips:
        spent = time.perf_counter() - wall, time.process_time() - processor
        keep(store, [_timing(kind, name, start, *spent, watch, device)])


def _timing(
    kind: WorkKind, name: str, start: float, wall: float, processor: float, done: Stopwatch, device: str
) -> Timing:
    return Timing(
        kind=kind, name=name, start=start, wall=wall, processor=processor, clips=done.clips, seconds=done.seconds,
        first=(kind, name) not in _done(), written=done.written, peak=_peak(), device=device, process=os.getpid(),
        command=command(),
    )  # fmt: skip


def keep(store: Path, timings: list[Timing]) -> None:
    """Append timings; where that cannot be done, plans know less."""
    path = timings_path(store)
    lines = b"".join(codec.encode(one) + b"\n" for one in timings)
    _done().update((one.kind, one.name) for one in timings)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # One short write at the end of a file: lines of several processes do not mix.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)


def read_timings(store: Path) -> list[Timing]:
    """Return what was measured on machines of this kind, oldest first; a torn line is no line."""
    path = timings_path(store)
    try:
        data = file_bytes(path)
    except OSError:
        return []
    if len(data) > KEPT:
        data = data[data.index(b"\n", len(data) // 2) + 1 :]
        with suppress(EnvironmentFault):
            atomic.write_bytes(path, data, durable=False)
    decoder, found = msgspec.json.Decoder(Timing), []
    for line in data.splitlines():
        with suppress(msgspec.MsgspecError):
            found.append(decoder.decode(line))
    return found


def timings_path(store: Path) -> Path:
    """Return where the timings of machines of this kind lie."""
    return store / "timings" / f"{slug(processor_name())}.jsonl"


def command() -> int:
    """Return the process that the command was started as: this one, or that of which it is a worker."""
    parent = parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def _peak() -> int:
    """Return the greatest resident memory of this process in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@cache
def _done() -> set[tuple[WorkKind, str]]:
    """Return what this process has done so far."""
    return set()
