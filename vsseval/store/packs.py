"""A folder of packs: many small values by key, in a few files that processes append to.

`<name>.pack` holds values one after the other, `<name>.index` a record of 52 bytes for each: key, place, length and
checksum. A pack has one writer at a time: it holds the lock of the index, and is of the machine that the name begins
with. So writers never wait for each other, and nothing is shared that a network file system could mix up. A value
counts once its record is whole: what a killed process leaves behind is a piece of a pack that no record names. A record
whose value does not fit its checksum is wiped out, and its key is absent.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from vsseval.store import atomic
from vsseval.store.pack_index import RECORD, WIPED, Entry, PackIndex
from vsseval.store.pack_writer import PackWriter, locked
from vsseval.text.readers import opened_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Packs", "Usage"]


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
        self._index = PackIndex()
        self._writer: PackWriter | None = None

    def refresh(self) -> None:
        """Read what was appended since; where packs have gone, read all anew."""
        sizes: dict[str, int] = {}
        with suppress(FileNotFoundError), os.scandir(self.folder) as found:
            sizes = {file.name[:-6]: file.stat().st_size for file in found if file.name.endswith(".index")}
        if any(sizes.get(name, -1) < size for name, size in self._index.sizes.items()):
            self._index = PackIndex()
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
                self._writer = PackWriter(self.folder)
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
        held = [lock for path in sorted(self.folder.glob("*.index")) if (lock := locked(path)) is not None]
        names = {name for name, _ in held}
        target = PackWriter(self.folder, new=True)
        for key, entry in list(self.entries()):
            if entry.pack in names and (data := self._value(entry)) is not None:
                target.append(bytes.fromhex(key), data, entry.mark)
        for name, descriptor in held:
            (self.folder / f"{name}.index").unlink()
            (self.folder / f"{name}.pack").unlink(missing_ok=True)
            os.close(descriptor)
        target.close()
        self._index = PackIndex()
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
