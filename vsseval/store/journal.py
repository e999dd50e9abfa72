"""The journal of a shard: one writer, one line per clip that was tried, the last line of a clip counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from vsseval.store import atomic, codec
from vsseval.types import Generation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self


class Journal:
    """Appends to one journal; on opening, a line that a crash has torn is cut off.

    Raises:
        EnvironmentFault: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with atomic.as_environment_fault(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _heal(path)
            self._file = path.open("ab")

    def append(self, generation: Generation) -> None:
        """Add one line, and wait until it is on the disk."""
        with atomic.as_environment_fault(self._path):
            self._file.write(codec.encode(generation) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_journal(path: Path) -> dict[str, Generation]:
    """Return the last line of each clip, by id; a torn line is no line, and a missing file has none."""
    return {line.id: line for line in _lines(path)}


def read_journals(folder: Path) -> dict[str, Generation]:
    """Return the last line of each clip over all journals of a run."""
    found: dict[str, Generation] = {}
    for path in sorted(folder.glob("*.jsonl")):
        found.update(read_journal(path))
    return found


def _lines(path: Path) -> Iterator[Generation]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.split(b"\n"):
        try:
            yield codec.decode(line, Generation)
        except msgspec.MsgspecError:
            continue  # torn by a crash: the clip has no line, so it is generated again


def _heal(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
