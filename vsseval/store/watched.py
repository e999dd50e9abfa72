"""How far a run is, read from what it writes: no lock is taken, so the run never waits for whoever watches."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vsseval.errors import UsageError
from vsseval.store import journal
from vsseval.store.layout import RunPaths
from vsseval.store.lease import LEASE, leases
from vsseval.store.machine import here
from vsseval.store.record import read_record
from vsseval.store.timings import read_timings
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from vsseval.records import RunRecord
    from vsseval.types import Generation

__all__ = ["Stage", "Watched", "holder", "watched"]

Stage = Literal["sounds", "features", "scores", "finished"]
SHOWN = 5
"""Lines of the journals that are shown."""
LINE = 64
"""Bytes of a lock's file."""
IDENTITY = 8
"""Digits of the identity at the end of a run's name."""


class Watched(Record, frozen=True, kw_only=True):
    """A run at one moment."""

    path: Path
    record: RunRecord
    stage: Stage
    done: int
    """Sounds that were tried."""
    total: int
    failed: int
    """Of those, without a sound."""
    last: tuple[Generation, ...] = ()
    """Newest lines of the journals, newest last."""
    failures: tuple[Generation, ...] = ()
    """Newest failures."""
    features: dict[str, int]
    """Media by extractor that this command has read so far."""
    holder: int | None = None
    """Process that works on it here; 0 where one does that cannot be named, None where none does."""
    quiet: float
    """Seconds since something of it was written."""
    seconds_each: float | None = None
    """Of a sound, all processes together, as the journals have it; None where none was made yet."""


def watched(path: Path, store: Path) -> Watched:
    """Look at a run.

    Args:
        path: a run directory.
        store: the feature store, whose timings tell of extractors.

    Raises:
        UsageError: there is no run, or one that this version cannot read.
    """
    record = read_record(path)
    if record is None:
        raise UsageError(f"there is no run in {path}: it has no run.json")
    paths = RunPaths(path)
    files = [*paths.shards.glob("*")] if paths.shards.is_dir() else []
    journals = sorted((one for one in files if one.suffix == ".jsonl"), key=_changed)
    lines = [line for one in journals for line in journal.read_journal(one).values()]
    total = (min(record.spec.limit or record.benchmark.size, record.benchmark.size)) * len(record.spec.every_seed)
    bad = [line for line in lines if line.status in {"failed", "missing"}]
    pid = holder(path)
    spent = [line.wall_seconds for line in lines if line.wall_seconds is not None]
    open_ones = sum(not one.with_suffix(".done").exists() for one in journals)
    changed = max(map(_changed, (*files, paths.record, paths.scores, paths.aggregates)))
    return Watched(
        path=path, record=record, stage=_stage(record, paths, len(lines), total), done=len(lines), total=total,
        failed=len(bad), last=tuple(lines[-SHOWN:]), failures=tuple(bad[-SHOWN:]),
        features=_features(store, pid, record.created) if pid else {}, holder=pid,
        quiet=max(0.0, time.time() - changed),
        seconds_each=sum(spent) / len(spent) / max(open_ones, 1) if spent else None,
    )  # fmt: skip


def holder(path: Path) -> int | None:
    """Return the process that holds the lock of a run: 0 where its number means nothing here, None where none does.

    The lock is not touched: Linux lists who holds which, and leases say whom a number means. Of a process on another
    machine the lease is looked at: whether it was written lately.
    """
    found, now = None, here()
    for lock in (path.parent / ".locks").glob(f"{path.name[-IDENTITY:]}*.lock"):
        if lock.name.endswith(".begin.lock"):
            continue
        try:
            pid, held = int(file_bytes(lock, LINE).strip() or 0), _listed(lock)
        except (OSError, ValueError):
            continue
        for place, (_, lease) in leases(lock.parent, lock.stem).items():
            if lease is not None and lease.here.pids == now.pids:
                pid, held = lease.pid, held or _alive(lease.pid)
            elif time.time() - _changed(place) < LEASE:
                pid, held = 0, True
        if held:
            found = pid
    return found


def _listed(lock: Path) -> bool:
    """Say whether the system lists a lock of this file; some file systems are listed under other numbers."""
    if sys.platform != "linux":
        return False
    state = lock.stat()
    device = f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}:{state.st_ino}"
    listed = Path("/proc/locks").read_text("ascii")
    return any(f" {device} " in line and "FLOCK" in line for line in listed.splitlines())


def _alive(pid: int) -> bool:
    """Say whether a process is there, and is of this program where that can be seen: numbers are given again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    return pid > 0 and (not command.exists() or b"vsseval" in command.read_bytes())


def _stage(record: RunRecord, paths: RunPaths, done: int, total: int) -> Stage:
    if record.status == "finished":
        return "finished"
    if record.status == "started" and done < total:
        return "sounds"
    return "scores" if paths.scores.exists() else "features"


def _features(store: Path, pid: int, created: str) -> dict[str, int]:
    """Return what the command has read since the run was begun; one that goes on with it later has read less."""
    found: dict[str, int] = {}
    try:
        since = datetime.fromisoformat(created).timestamp()
    except ValueError:
        return found
    for timing in read_timings(store):
        if timing.kind == "extractor" and timing.command == pid and timing.start >= since - 1:
            found[timing.name] = found.get(timing.name, 0) + timing.clips
    return found


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
