"""Appends values to a pack of its own, whose lock it holds for as long as it lives."""

from __future__ import annotations

import fcntl
import os
import zlib
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

from vsseval.store.machine import here
from vsseval.store.pack_index import RECORD

if TYPE_CHECKING:
    from pathlib import Path

FULL = 1 << 30
"""Bytes from which on a pack is not appended to."""


class PackWriter:
    """Appends to one pack, whose lock it holds for as long as it lives."""

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        """Take the first pack that nobody appends to and that is not full, or begin one.

        Raises:
            OSError: the folder cannot be written.
        """
        self.owner = os.getpid()
        folder.mkdir(parents=True, exist_ok=True)
        taken = None
        # of another machine nobody knows here whether it appends: its locks may be its own
        for path in [] if new else sorted(folder.glob(f"{_machine()}*.index")):
            pack = path.with_suffix(".pack")
            if taken is None and (not pack.exists() or pack.stat().st_size < FULL):
                taken = locked(path)
        self.name, self._index = taken or _begun(folder)
        # A record that a killed process left unfinished is cut off; the value belongs to nobody.
        os.ftruncate(self._index, os.fstat(self._index).st_size // RECORD.size * RECORD.size)
        self._pack = os.open(folder / f"{self.name}.pack", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._end = os.lseek(self._pack, 0, os.SEEK_END)

    def append(self, key: bytes, data: bytes, mark: int) -> tuple[str, int, bytes]:
        """Write a value, then its record; return the pack, the record's row, and the record."""
        _write_all(self._pack, data, self._end)
        record = RECORD.pack(key, self._end, len(data), zlib.crc32(data), mark)
        size = os.fstat(self._index).st_size
        _write_all(self._index, record, size)
        self._end += len(data)
        return self.name, size // RECORD.size, record

    def is_usable(self) -> bool:
        """Return whether the pack is this process's, has room, and has not been deleted."""
        return self.owner == os.getpid() and self._end < FULL and os.fstat(self._index).st_nlink > 0

    def close(self) -> None:
        """Let go of the pack."""
        os.close(self._index)
        os.close(self._pack)

    def __del__(self) -> None:
        """Let go of the pack with its last user."""
        if self.owner == os.getpid():
            with suppress(OSError, AttributeError):
                self.close()


def _begun(folder: Path) -> tuple[str, int]:
    """Return the name and the open, locked index of a new pack."""
    while True:
        name = _machine() + uuid4().hex[:6]
        descriptor = os.open(folder / f"{name}.index", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)  # another process was quicker to take it
            continue
        except OSError:
            pass  # a file system without locks: nobody takes a pack that is there
        return name, descriptor


@cache
def _machine() -> str:
    """Return what the names of this machine's packs begin with."""
    return here().machine[:6]


def locked(index: Path) -> tuple[str, int] | None:
    """Return the name and the open, locked index of a pack; None where another process appends to it."""
    descriptor = os.open(index, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another process; or a file system without locks, where each process begins its own
        os.close(descriptor)
        return None
    return index.stem, descriptor


def _write_all(descriptor: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(descriptor, view, place)
        view, place = view[done:], place + done
