"""Reads and writes the header and the aggregates of a run directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from vsseval.errors import UsageError
from vsseval.store import atomic, codec
from vsseval.store.layout import RunPaths
from vsseval.types import Aggregate, RunRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

SCHEMA = 1
"""Version of the run directory's layout."""


@dataclass(frozen=True)
class LoadedRun:
    """A run directory, read: the header, and the cells (none where the run is not finished)."""

    path: Path
    record: RunRecord
    aggregates: tuple[Aggregate, ...] = ()

    @property
    def paths(self) -> RunPaths:
        """Where the run's other files lie."""
        return RunPaths(self.path)

    def cell(self, metric: str, subset: str = "") -> Aggregate | None:
        """Return the aggregate of a metric (`fad@logmel`), or None where it was not asked for."""
        cells = (cell for cell in self.aggregates if cell.metric == metric and cell.subset == subset)
        return next(cells, None)


def load_run(path: Path | str) -> LoadedRun:
    """Read a run directory.

    Raises:
        UsageError: there is no run in that folder, or one that this version cannot read.
    """
    root = Path(path)
    record = read_record(root)
    if record is None:
        raise UsageError(f"{root} is not a run directory: it has no run.json. List runs with: vsseval table")
    aggregates = _decode(RunPaths(root).aggregates, tuple[Aggregate, ...])
    finished = record.status == "finished"
    return LoadedRun(path=root, record=record, aggregates=aggregates or () if finished else ())


def find_runs(runs_dir: Path | str) -> list[LoadedRun]:
    """Return every run below a folder, oldest first; unfinished ones have no aggregates.

    Raises:
        UsageError: a run.json that this version cannot read.
    """
    return [load_run(header.parent) for header in sorted(Path(runs_dir).glob("*/run.json"))]


def read_record(root: Path) -> RunRecord | None:
    """Return the header of a run directory, or None where it has none.

    Raises:
        UsageError: a run.json that this version cannot read.
    """
    record = _decode(RunPaths(root).record, RunRecord)
    if record is not None and record.schema != SCHEMA:
        raise UsageError(
            f"{root}/run.json has layout {record.schema}, this vsseval reads {SCHEMA}. "
            "Mend it with: pip install --upgrade vsseval"
        )
    return record


def write_record(root: Path, record: RunRecord) -> None:
    """Replace the header of a run directory."""
    atomic.write_bytes(RunPaths(root).record, codec.pretty(record))


def write_aggregates(root: Path, aggregates: Sequence[Aggregate]) -> None:
    """Replace the aggregates of a run directory."""
    atomic.write_bytes(RunPaths(root).aggregates, codec.pretty(list(aggregates)))


def _decode(path: Path, kind: type[T]) -> T | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return codec.decode(data, kind)
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path} is damaged: {error}. Move the folder away and run the same command again: "
            f"mv {path.parent} {path.parent}.damaged"
        ) from error
