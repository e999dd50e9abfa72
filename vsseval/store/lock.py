"""One process at a time works on a run."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vsseval.errors import Busy
from vsseval.store import atomic
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

    The lock belongs to the open file and ends with the process, however that ends.

    Raises:
        Busy: another process holds it; the message names its pid.
        EnvironmentFault: the folder cannot be written.
    """
    path = runs / ".locks" / f"{safe_name(identity)}.lock"
    with atomic.as_environment_fault(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            pid = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise Busy(
                f"another process (pid {pid}) is working on {what} in {runs}. Wait for it, or stop it with: kill {pid}"
            ) from None
        with atomic.as_environment_fault(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
