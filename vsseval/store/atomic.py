"""Writes files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from vsseval.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file by new content, through a temporary file of the same folder; make the folder if need be.

    Args:
        path: the file.
        data: its new content.
        durable: wait until the content is on the disk, and not in memory only.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    write_with(path, lambda temporary: _put(temporary, data), durable=durable)


def write_with(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Replace a file by what `write` puts into the path that it is given (same folder, same suffix).

    Raises:
        EnvironmentFault: no room, no permission.
    """
    temporary = path.with_name(f".{uuid4().hex[:12]}{path.suffix}")
    with as_environment_fault(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            if durable:
                sync(temporary)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file (or the names in a folder) are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def as_environment_fault(path: Path) -> Iterator[None]:
    """Turn a fault of the file system into an `EnvironmentFault` that says what to do about it."""
    try:
        yield
    except OSError as error:
        raise environment_fault(error, path) from error


def environment_fault(error: OSError, path: Path | None = None) -> EnvironmentFault:
    """Return the error to show for a file system that refuses."""
    where = path or error.filename or "a file"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EnvironmentFault(
            f"no room left on the disk to write {where}{_room(path)}. "
            "Make room and run the same command again: it goes on where it stopped"
        )
    reason = error.strerror or str(error)
    return EnvironmentFault(
        f"cannot write {where}: {reason}. Choose folders that can be written with --runs and --store"
    )


def _room(path: Path | None) -> str:
    folder = path.parent if path else None
    while folder is not None and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if folder is None:
        return ""
    try:
        return f" ({shutil.disk_usage(folder).free / 1e6:.0f} MB free)"
    except OSError:
        return ""


def _put(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
