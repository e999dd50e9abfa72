"""Where the values of a folder of packs lie: the records of their indexes, in memory."""

from __future__ import annotations

import struct
import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = struct.Struct("<32sQIII")
"""Key (32 bytes), place in the pack, length, CRC-32 of the value, mark."""
WIPED = bytes(RECORD.size)
"""A record that is taken out."""

_FIELDS = [("key", "V32"), ("place", "<u8"), ("length", "<u4"), ("checksum", "<u4"), ("mark", "<u4")]
_RAW = np.dtype(_FIELDS)
_TYPE = np.dtype([*_FIELDS, ("pack", "<u4"), ("row", "<u4")])


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


class PackIndex:
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
