"""Ways to keep a million small features, side by side: a file each, SQLite, LMDB, and the packs of vsseval.

    python benchmarks/feature_store.py [--entries N] [--writers K] [--bytes B] [--only WAY]

For each way: processor seconds to write, to open and ask for every key, and to read in random order, by one process;
the seconds of K processes that write at once; and what is left after `kill -9` in the middle of writing. LMDB is
measured where the package is installed. Values are random bytes, keys are sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import zlib
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from vsseval.store.packs import Packs


class Way(Protocol):
    """What is measured: values by key."""

    def __init__(self, folder: Path) -> None: ...
    def write(self, key: str, data: bytes) -> None: ...
    def has(self, key: str) -> bool: ...
    def read(self, key: str) -> bytes | None: ...


class Files:
    """One file a value, written beside and renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, key: str, data: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{os.getpid()}")
        beside.write_bytes(data)
        beside.replace(path)

    def has(self, key: str) -> bool:
        return self._path(key).exists()

    def read(self, key: str) -> bytes | None:
        return self._path(key).read_bytes()

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


class Sqlite:
    """One table; every write is a transaction, as a value has to survive its process."""

    journal = "wal"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.base = sqlite3.connect(folder / "features.sqlite", timeout=600, isolation_level=None)
        self.base.execute(f"pragma journal_mode={self.journal}")
        self.base.execute("pragma synchronous=off")
        self.base.execute("create table if not exists features (key blob primary key, crc integer, data blob)")

    def write(self, key: str, data: bytes) -> None:
        row = (bytes.fromhex(key), zlib.crc32(data), data)
        self.base.execute("insert or replace into features values (?, ?, ?)", row)

    def has(self, key: str) -> bool:
        return self.base.execute("select 1 from features where key=?", (bytes.fromhex(key),)).fetchone() is not None

    def read(self, key: str) -> bytes | None:
        found = self.base.execute("select crc, data from features where key=?", (bytes.fromhex(key),)).fetchone()
        return found[1] if found and zlib.crc32(found[1]) == found[0] else None


class SqliteRollback(Sqlite):
    """The same without shared memory, which network file systems do not have."""

    journal = "truncate"


class Lmdb:
    """Memory-mapped B+ tree: one writer at a time."""

    def __init__(self, folder: Path) -> None:
        import lmdb

        self.base = lmdb.open(str(folder), map_size=1 << 36, sync=False)

    def write(self, key: str, data: bytes) -> None:
        with self.base.begin(write=True) as change:
            change.put(bytes.fromhex(key), data)

    def has(self, key: str) -> bool:
        return self.read(key) is not None

    def read(self, key: str) -> bytes | None:
        with self.base.begin() as view:
            return view.get(bytes.fromhex(key))


class OwnPacks:
    """`vsseval.store.packs`."""

    def __init__(self, folder: Path) -> None:
        self.packs = Packs(folder)
        self.packs.refresh()

    def write(self, key: str, data: bytes) -> None:
        self.packs.write(key, data)

    def has(self, key: str) -> bool:
        return self.packs.find(key) is not None

    def read(self, key: str) -> bytes | None:
        found = self.packs.read(key)
        return found and found[0]


WAYS: dict[str, type[Way]] = {
    "files": Files, "sqlite-wal": Sqlite, "sqlite-rollback": SqliteRollback, "lmdb": Lmdb, "packs": OwnPacks,
}  # fmt: skip


def key_of(number: int) -> str:
    return hashlib.sha256(f"{number}".encode()).hexdigest()


def value_of(number: int, size: int) -> bytes:
    return random.Random(number).randbytes(size)


def write_part(way: str, folder: Path, first: int, count: int, size: int) -> None:
    store = WAYS[way](folder)
    for number in range(first, first + count):
        store.write(key_of(number), value_of(number, size))


def clocked(what) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - wall, time.process_time() - processor


def together(way: str, folder: Path, writers: int, each: int, size: int) -> tuple[float, int]:
    """Seconds until K processes have written, and how many of their values are there."""
    context = get_context("fork")
    crowd = [context.Process(target=write_part, args=(way, folder, n * each, each, size)) for n in range(writers)]
    begun = time.perf_counter()
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    store = WAYS[way](folder)
    found = sum(store.read(key_of(n)) == value_of(n, size) for n in range(writers * each))
    return time.perf_counter() - begun, found


def killed(way: str, folder: Path, size: int) -> str:
    """Kill a writer a few times; say whether all that can be asked for can be read, and the store still be written."""
    context = get_context("fork")
    bad = there = 0
    for turn in range(5):
        process = context.Process(target=write_part, args=(way, folder, turn * 100_000, 100_000, size))
        process.start()
        time.sleep(0.3 + 0.1 * turn)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        store = WAYS[way](folder)
        for number in range(turn * 100_000, turn * 100_000 + 3000):
            if store.has(key_of(number)):
                there += 1
                bad += store.read(key_of(number)) != value_of(number, size)
        store.write(key_of(-1 - turn), b"after")
        bad += store.read(key_of(-1 - turn)) != b"after"
        del store  # LMDB opens a folder once a process
    return f"{bad} bad of {there}"


def measure(way: str, entries: int, writers: int, size: int) -> str:
    folder = Path(tempfile.mkdtemp(prefix=f"vsseval-{way}-"))
    try:
        kind = WAYS[way]
        keys = [key_of(number) for number in range(entries)]
        write = clocked(lambda: write_part(way, folder / "one", 0, entries, size))
        opened: list[Way] = []
        begin = clocked(lambda: opened.append(kind(folder / "one")))
        store = opened[0]
        ask = clocked(lambda: [store.has(key) for key in keys])
        random.Random(0).shuffle(keys)
        read = clocked(lambda: [store.read(key) for key in keys])
        crowd, found = together(way, folder / "many", writers, 50, size)
        disk = sum(path.stat().st_blocks * 512 for path in (folder / "one").rglob("*"))
        files = sum(path.is_file() for path in (folder / "one").rglob("*"))
        left = killed(way, folder / "killed", size)
    finally:
        shutil.rmtree(folder)
    micro = 1e6 / entries
    return (
        f"| {way} | {write[1] * micro:.0f} | {begin[1] * 1e3:.0f} | {ask[1] * micro:.1f} | {read[1] * micro:.0f} "
        f"| {crowd:.1f} ({found} of {writers * 50}) | {left} | {disk / entries / size:.2f} | {files} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=40)
    parser.add_argument("--bytes", type=int, default=4096)
    parser.add_argument("--only", choices=WAYS)
    asked = parser.parse_args()
    print("| way | write, µs | open, ms | has, µs | read, µs | crowd, s | killed | disk | files |")
    print("|---|---|---|---|---|---|---|---|---|")
    for way in [asked.only] if asked.only else WAYS:
        try:
            print(measure(way, asked.entries, asked.writers, asked.bytes), flush=True)
        except ModuleNotFoundError as error:
            print(f"{way}: not measured: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
