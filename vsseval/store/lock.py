"""One process at a time works on a run."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vsseval.errors import Busy
from vsseval.store import atomic, lease
from vsseval.store.layout import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def hold_lock(
    runs: Path, identity: str, what: str = "the same run", *, shared: bool = False, wait: bool = False
) -> Iterator[None]:
    """Hold the lock of one run, named by its identity, so that it covers the making of the folder too.

    Args:
        runs: folder in which the lock lies.
        identity: of what is locked; two that differ are two locks.
        what: how a message names it.
        shared: with others that share it too; none of them has it alone meanwhile.
        wait: for whoever holds it, who will not be long.

    The lock belongs to the open file and ends with the process, however that ends. Where a file system keeps such locks
    on each machine by itself, or has none, `lease` decides.

    Raises:
        Busy: another process holds it; the message names its pid.
        EnvironmentFault: the folder cannot be written.
    """
    folder, name = runs / ".locks", safe_name(identity)
    path = folder / f"{name}.lock"
    with atomic.as_environment_fault(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
            locked = True
        except BlockingIOError:
            raise Busy(_holder(descriptor, folder, name, what)) from None
        except OSError:
            locked = False  # a file system without such locks
        with lease.leased(folder, name, what, shared=shared, wait=wait, locked=locked):
            with atomic.as_environment_fault(path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int, folder: Path, name: str, what: str) -> str:
    for _, found in lease.leases(folder, name).values():
        if found is not None and found.state == "holds":
            return lease.described(found, what, folder.parent)
    pid = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
    return (
        f"another process (pid {pid}) is working on {what} in {folder.parent}. Wait for it, or stop it with: kill {pid}"
    )
