"""Locks between machines: some network file systems keep `flock` on each machine by itself, or have none at all.

Whoever holds a lock keeps a file beside it and writes to it every few seconds. Another machine looks whether that
changes; what has not changed for a while belongs to a process that is gone. No two clocks are compared.

Who comes writes "asks" first and then looks at the others; the one with the smallest name goes on, writes "holds", and
looks again: of two that look after they have written, one at least sees the other.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import msgspec

from vsseval.errors import Busy
from vsseval.store import atomic, codec
from vsseval.store.machine import Here, here
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BEAT", "BUSY", "LEASE", "Lease", "described", "leased", "leases"]

BEAT = 5.0
"""Seconds between two signs of life."""
LEASE = 45.0
"""Seconds without one after which a holder on another machine is taken for dead."""
BUSY = "another process (pid {pid}) is working on {what} in {where}. Wait for it, or stop it with: kill {pid}"
"""Of one whose number means something here."""
_LOOK = 0.2
_SIZE = 1024


class Lease(Record, frozen=True, kw_only=True):
    """What a holder says of itself."""

    state: Literal["asks", "holds"]
    shared: bool
    beat: int
    here: Here
    pid: int
    device: int
    """Of the file system, as its kernel numbers it: within one of them `flock` is one."""


@contextmanager
def leased(folder: Path, name: str, what: str, *, shared: bool, wait: bool, locked: bool) -> Iterator[None]:
    """Hold a lease.

    Args:
        folder: where the locks lie; it is there.
        name: of the lock's file, without its ending.
        what: how a message names it.
        shared: with others that share it too.
        wait: for whoever holds it.
        locked: whether `flock` holds here: then it decides among the processes that it reaches.

    Raises:
        Busy: a process that is alive holds it.
        EnvironmentFault: the folder cannot be written.
    """
    mine = _Mine(folder, name, shared=shared)
    try:
        _take(mine, what, wait=wait, locked=locked)
        yield
    finally:
        mine.close()


class _Mine:
    """The file of this process, and what keeps it fresh."""

    def __init__(self, folder: Path, name: str, *, shared: bool) -> None:
        self.folder, self.name = folder, name
        self.path = folder / f"{name}.{uuid4().hex[:12]}.lease"
        with atomic.as_environment_fault(self.path):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            device = os.fstat(self._file).st_dev
        self.lease = Lease(state="asks", shared=shared, beat=0, here=here(), pid=os.getpid(), device=device)
        self._gone, self._owner = threading.Event(), os.getpid()
        self._writing = threading.Lock()
        try:
            self.say("asks")
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._beat, daemon=True).start()

    def say(self, state: Literal["asks", "holds"]) -> None:
        with self._writing, atomic.as_environment_fault(self.path):
            self.lease = msgspec.structs.replace(self.lease, state=state, beat=self.lease.beat + 1)
            os.pwrite(self._file, msgspec.json.encode(self.lease).ljust(_SIZE), 0)
            os.fsync(self._file)

    def close(self) -> None:
        self._gone.set()
        with self._writing:
            os.close(self._file)
            if self._owner == os.getpid():
                with suppress(OSError):
                    self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._gone.wait(BEAT):
            with suppress(Exception):  # a disk that is full for a while; a file that is closed
                if not self._gone.is_set():
                    self.say(self.lease.state)


def _take(mine: _Mine, what: str, *, wait: bool, locked: bool) -> None:
    """Come from "asks" to "holds"."""
    seen: dict[Path, tuple[bytes, float]] = {}
    while True:
        others = _others(mine, locked=locked)
        if _may_hold(mine, others):
            mine.say("holds")
            others = _others(mine, locked=locked)
            if _may_hold(mine, others):
                return
            mine.say("asks")
        for path, (data, lease) in others.items():
            before, since = seen.setdefault(path, (data, time.monotonic()))
            if data != before:
                if lease is not None and lease.state == "holds" and not wait:
                    raise Busy(described(lease, what, mine.folder.parent))
                seen[path] = (data, time.monotonic())
            elif time.monotonic() - since > LEASE or (lease is not None and _is_gone(lease, mine.lease.here)):
                path.unlink(missing_ok=True)
        time.sleep(_LOOK)


def _others(mine: _Mine, *, locked: bool) -> dict[Path, tuple[bytes, Lease | None]]:
    """Return the leases that stand against this one: what is in the file, and what it says (None: nothing yet)."""
    found = {}
    for path, (data, lease) in leases(mine.folder, mine.name).items():
        if path == mine.path or (lease is not None and lease.shared and mine.lease.shared):
            continue
        if locked and lease is not None and _reached(lease, mine.lease):
            with suppress(OSError):
                path.unlink(missing_ok=True)  # `flock` says that its process is gone
            continue
        found[path] = (data, lease)
    return found


def _may_hold(mine: _Mine, others: dict[Path, tuple[bytes, Lease | None]]) -> bool:
    return all(lease is not None and lease.state == "asks" and path > mine.path for path, (_, lease) in others.items())


def _reached(one: Lease, other: Lease) -> bool:
    """Say whether a lock of one process is seen by the other."""
    return bool(one.here.boot) and (one.here.boot, one.device) == (other.here.boot, other.device)


def _is_gone(lease: Lease, now: Here) -> bool:
    """Say whether it can be seen from here that a process is gone: by its number, or as its machine was restarted."""
    there = lease.here
    if there.boot and there.pids == now.pids:
        try:
            os.kill(lease.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
    return bool(there.boot) and bool(now.boot) and there.machine == now.machine and there.boot != now.boot


def leases(folder: Path, name: str) -> dict[Path, tuple[bytes, Lease | None]]:
    """Return what lies beside a lock: the bytes of each lease, and what they say (None where they say nothing yet)."""
    found: dict[Path, tuple[bytes, Lease | None]] = {}
    ending = re.compile(re.escape(name) + r"\.[0-9a-f]{12}\.lease")
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if ending.fullmatch(path.name):
                with suppress(OSError):
                    data = file_bytes(path, _SIZE)
                    try:
                        found[path] = (data, codec.decode(data, Lease))
                    except msgspec.MsgspecError:
                        found[path] = (data, None)
    return found


def described(lease: Lease, what: str, where: Path) -> str:
    """Return who holds a lock, and what can be done about it from here."""
    now = here()
    if lease.here.pids == now.pids:
        return BUSY.format(pid=lease.pid, what=what, where=where)
    place = "another container or namespace" if lease.here.boot == now.boot else "another machine"
    return (
        f"another process is working on {what} in {where}: pid {lease.pid} on {lease.here.host!r:.80}, {place}. "
        "Wait for it, or stop it there"
    )
