"""A folder of packs: many small values by key, in a few files that processes append to.

`<name>.pack` holds values one after the other, `<name>.index` a record of 52 bytes for each: key, place, length and
checksum. A pack has one writer at a time: it holds the lock of the index, and is of the machine that the name begins
with. So writers never wait for each other, and nothing is shared that a network file system could mix up. A value
counts once its record is whole: what a killed process leaves behind is a piece of a pack that no record names. A record
whose value does not fit its checksum is wiped out, and its key is absent.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import zlib
from bisect import bisect_right
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import numpy as np

from vsseval.store import atomic
from vsseval.store.machine import here
from vsseval.text.readers import opened_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Packs", "Usage"]

RECORD = struct.Struct("<32sQIII")
"""Key (32 bytes), place in the pack, length, CRC-32 of the value, mark."""
FULL = 1 << 30
"""Bytes from which on a pack is not appended to."""
WIPED = bytes(RECORD.size)


class Entry(NamedTuple):
    """Where a value lies."""

    pack: str
    """Stem of the files."""
    row: int
    """Of its record in the index."""
    place: int
    length: int
    checksum: int
    mark: int


class Usage(NamedTuple):
    """What a folder of packs holds."""

    entries: int
    used: int
    """Bytes of values that can be read."""
    size: int
    """Bytes of all files."""


class Packs:
    """One folder, as this process sees it: what other processes append is seen after `refresh`."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing read."""
        self.folder = folder
        self._index = _Index()
        self._writer: _Writer | None = None

    def refresh(self) -> None:
        """Read what was appended since; where packs have gone, read all anew."""
        sizes: dict[str, int] = {}
        with suppress(FileNotFoundError), os.scandir(self.folder) as found:
            sizes = {file.name[:-6]: file.stat().st_size for file in found if file.name.endswith(".index")}
        if any(sizes.get(name, -1) < size for name, size in self._index.sizes.items()):
            self._index = _Index()
        for name in sorted(sizes):
            before, size = self._index.sizes.get(name, 0), sizes[name] // RECORD.size * RECORD.size
            if size > before:
                with suppress(FileNotFoundError), (self.folder / f"{name}.index").open("rb") as file:
                    file.seek(before)
                    data = file.read(size - before)
                    self._index.add(name, before // RECORD.size, data[: len(data) // RECORD.size * RECORD.size])

    def find(self, key: str) -> int | None:
        """Return the mark of a key, as of the last `refresh`; None where it is absent."""
        entry = self._index.find(bytes.fromhex(key))
        return None if entry is None else entry.mark

    def read(self, key: str) -> tuple[bytes, int] | None:
        """Return the value and the mark of a key; None where it is absent, or was damaged."""
        name = bytes.fromhex(key)
        entry = self._index.find(name)
        if entry is None:
            self.refresh()
            entry = self._index.find(name)
        while entry is not None:
            data = self._value(entry)
            if data is not None:
                return data, entry.mark
            self._wipe(name, entry)
            entry = self._index.find(name)
        return None

    def drop(self, key: str) -> None:
        """Wipe out the value of a key that `read` returned, and that is not what was written."""
        name = bytes.fromhex(key)
        entry = self._index.find(name)
        if entry is not None:
            self._wipe(name, entry)

    def write(self, key: str, data: bytes, mark: int = 0) -> None:
        """Append a value.

        Raises:
            EnvironmentFault: no room, no permission.
        """
        with atomic.as_environment_fault(self.folder):
            if self._writer is None or not self._writer.is_usable():
                self._writer = _Writer(self.folder)
            name, row, record = self._writer.append(bytes.fromhex(key), data, mark)
        if self._index.sizes.get(name, 0) == row * RECORD.size:
            self._index.add(name, row, record)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Yield every key once, with where its value lies, as of the last `refresh`."""
        for key, entry in self._index.every():
            yield key.hex(), entry

    def usage(self) -> Usage:
        """Return what the folder holds now."""
        self.refresh()
        kept = [entry.length for _, entry in self.entries()]
        size = sum(path.stat().st_size for path in self.folder.glob("*.*") if path.is_file())
        return Usage(len(kept), sum(kept), size)

    def compact(self) -> int:
        """Write the values of packs that nobody appends to into new ones, without what no record names.

        Returns:
            Bytes that were freed.
        """
        before = self.usage().size
        self._writer = None
        held = [lock for path in sorted(self.folder.glob("*.index")) if (lock := _locked(path)) is not None]
        names = {name for name, _ in held}
        target = _Writer(self.folder, new=True)
        for key, entry in list(self.entries()):
            if entry.pack in names and (data := self._value(entry)) is not None:
                target.append(bytes.fromhex(key), data, entry.mark)
        for name, descriptor in held:
            (self.folder / f"{name}.index").unlink()
            (self.folder / f"{name}.pack").unlink(missing_ok=True)
            os.close(descriptor)
        target.close()
        self._index = _Index()
        return before - self.usage().size

    def _value(self, entry: Entry) -> bytes | None:
        try:
            with opened_file(self.folder / f"{entry.pack}.pack") as file:
                data = os.pread(file.fileno(), entry.length, entry.place)
        except OSError:
            return None
        return data if len(data) == entry.length and zlib.crc32(data) == entry.checksum else None

    def _wipe(self, key: bytes, entry: Entry) -> None:
        """Take out a record whose value is damaged, on the disk too, if it is still the one that was read."""
        self._index.drop(key)
        place = entry.row * RECORD.size
        with suppress(OSError), (self.folder / f"{entry.pack}.index").open("r+b") as file:
            found = os.pread(file.fileno(), RECORD.size, place)
            if found == RECORD.pack(key, entry.place, entry.length, entry.checksum, entry.mark):
                os.pwrite(file.fileno(), WIPED, place)
        self.refresh()


class _Writer:
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
                taken = _locked(path)
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


class _Index:
    """Records in memory, 52 bytes each: sorted by the first eight bytes of their keys, later ones in a dict."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        """Bytes of each index that were read."""
        self._names: list[str] = []
        self._rows = np.empty(0, _TYPE)
        """Sorted by the first eight bytes of their keys."""
        self._heads, self._keys = memoryview(b"").cast("Q"), b""
        """Of the rows; plain buffers, for looking up one number in an array of numpy takes ten times as long."""
        self._later: dict[bytes, Entry | None] = {}
        """None for a record that was dropped."""

    def add(self, name: str, first: int, data: bytes) -> None:
        """Take in records of a pack, the first of which is its `first`; of one key, the later counts."""
        self.sizes[name] = (first * RECORD.size) + len(data)
        if name not in self._names:
            self._names.append(name)
        raw = np.frombuffer(data, _RAW)
        if len(raw) < 1000:
            for row, (key, place, length, checksum, mark) in enumerate(RECORD.iter_unpack(data)):
                if key != WIPED[:32]:
                    self._later[key] = Entry(name, first + row, place, length, checksum, mark)
            return
        rows = np.empty(len(raw), _TYPE)
        for field in _RAW.names or ():
            rows[field] = raw[field]
        rows["pack"], rows["row"] = self._names.index(name), first + np.arange(len(raw))
        rows = rows[rows["length"] > 0]
        joined = np.concatenate([self._rows, rows])
        heads = np.ascontiguousarray(joined["key"]).view(np.uint64).reshape(len(joined), 4)[:, 0]
        order = np.argsort(heads, kind="stable")
        self._rows = joined[order]
        self._heads, self._keys = memoryview(heads[order].tobytes()).cast("Q"), self._rows["key"].tobytes()
        for key in [key for key, entry in self._later.items() if entry is None]:
            del self._later[key]

    def find(self, key: bytes) -> Entry | None:
        """Return where the value of a key lies."""
        if key in self._later:
            return self._later[key]
        head = int.from_bytes(key[:8], sys.byteorder)
        place = bisect_right(self._heads, head) - 1
        while place >= 0 and self._heads[place] == head:
            if self._key(place) == key:
                return self._entry(place)
            place -= 1
        return None

    def drop(self, key: bytes) -> None:
        """Forget a key."""
        self._later[key] = None

    def every(self) -> Iterator[tuple[bytes, Entry]]:
        """Yield every key once, the later ones first."""
        seen = set(self._later)
        yield from ((key, entry) for key, entry in self._later.items() if entry is not None)
        for place in range(len(self._rows) - 1, -1, -1):
            key = self._key(place)
            if key not in seen:
                seen.add(key)
                yield key, self._entry(place)

    def _key(self, place: int) -> bytes:
        return self._keys[32 * place : 32 * place + 32]

    def _entry(self, place: int) -> Entry:
        row = self._rows[place]
        _, start, length, checksum, mark, pack, number = row.item()
        return Entry(self._names[pack], number, start, length, checksum, mark)


_FIELDS = [("key", "V32"), ("place", "<u8"), ("length", "<u4"), ("checksum", "<u4"), ("mark", "<u4")]
_RAW = np.dtype(_FIELDS)
_TYPE = np.dtype([*_FIELDS, ("pack", "<u4"), ("row", "<u4")])


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


def _locked(index: Path) -> tuple[str, int] | None:
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
