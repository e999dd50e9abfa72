"""Reads and writes the header and the aggregates of a run directory."""

from __future__ import annotations

import hashlib
import logging
import math
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

log = logging.getLogger("vsseval")

SCHEMA = 1
"""Version of the run directory's layout."""


@dataclass(frozen=True)
class LoadedRun:
    """A run directory, read: the header, and the cells (none where the run is not finished)."""

    path: Path
    record: RunRecord
    aggregates: tuple[Aggregate, ...] = ()
    problem: str = ""
    """What is wrong with `aggregates.json` of a finished run: it is not there, or not as the run wrote it."""

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
    if record.status != "finished":
        return LoadedRun(path=root, record=record)
    aggregates, problem = _cells(root, record)
    return LoadedRun(path=root, record=record, aggregates=aggregates, problem=problem)


def find_runs(runs_dir: Path | str) -> list[LoadedRun]:
    """Return every run below a folder, oldest first; unfinished ones have no aggregates.

    What cannot be read (damaged, of another program, of another version) is passed over with a line in the log.
    """
    found, faults = scan_runs(runs_dir)
    for fault in faults:
        log.warning("passed over: %s", fault)
    return found


def scan_runs(runs_dir: Path | str) -> tuple[list[LoadedRun], list[str]]:
    """Return every run below a folder, as `find_runs`, and one line for each that cannot be read."""
    found, faults = [], []
    for header in sorted(Path(runs_dir).glob("*/run.json")):
        try:
            found.append(load_run(header.parent))
        except UsageError as fault:
            faults.append(" ".join(str(fault).split()))
    return found, faults


def read_record(root: Path) -> RunRecord | None:
    """Return the header of a run directory, or None where it has none.

    Raises:
        UsageError: a run.json that this version cannot read.
    """
    path = RunPaths(root).record
    data = _read(path)
    if data is None:
        return None
    # The number first: a header of another layout need not be a RunRecord of this one.
    layout = _decode(path, data, _Layout).schema
    if layout > SCHEMA:
        raise UsageError(
            f"{path} has layout {layout}, this vsseval reads {SCHEMA}: it was made by a newer one. "
            "Mend it with: pip install --upgrade vsseval"
        )
    if layout < SCHEMA:
        raise UsageError(
            f"{path} has layout {layout}, this vsseval reads {SCHEMA}: no release wrote that one. "
            f"Move the folder away and run again: mv {root} {root}.old"
        )
    return _decode(path, data, RunRecord)


def write_record(root: Path, record: RunRecord) -> None:
    """Replace the header of a run directory."""
    atomic.write_bytes(RunPaths(root).record, codec.pretty(record))


def write_aggregates(root: Path, aggregates: Sequence[Aggregate]) -> None:
    """Replace the aggregates of a run directory."""
    atomic.write_bytes(RunPaths(root).aggregates, codec.pretty(list(aggregates)))


def aggregates_sha256(root: Path) -> str:
    """Return the sha256 of the bytes of `aggregates.json`; empty where there is none."""
    data = _read(RunPaths(root).aggregates)
    return "" if data is None else hashlib.sha256(data).hexdigest()


class _Layout(msgspec.Struct, frozen=True):
    """What every run.json of any layout holds."""

    schema: int


def _cells(root: Path, record: RunRecord) -> tuple[tuple[Aggregate, ...], str]:
    """Read the cells of a finished run, and say what is wrong with them."""
    path = RunPaths(root).aggregates
    again = f"Make it anew with: vsseval score {root}"
    data = _read(path)
    if data is None:
        return (), f"{path} is not there. {again}"
    cells = _decode(path, data, tuple[Aggregate, ...])
    for cell in cells:
        fault = cell_fault(cell)
        if fault:
            raise UsageError(
                f"{path} is damaged: {cell.metric}{f', {cell.subset}' if cell.subset else ''}: {fault}. {again}"
            )
    written = record.provenance.get("aggregates")
    found = hashlib.sha256(data).hexdigest()
    if written in {None, found}:  # runs of vsseval before this was recorded have none
        return cells, ""
    return cells, (
        f"{path} was changed after the run: its sha256 begins with {found[:8]}, run.json says {str(written)[:8]}. "
        f"{again}"
    )


def cell_fault(cell: Aggregate) -> str:
    """Say what makes a cell impossible; empty where nothing does."""
    numbers = {"value": cell.value, "se": cell.se, "low": cell.low, "high": cell.high, "macro": cell.macro}
    odd = [
        f"{name} is {number}" for name, number in numbers.items() if number is not None and not math.isfinite(number)
    ]
    if odd:
        return odd[0]
    if (cell.value is None) == (cell.status == "ok"):
        return f"status {cell.status}, but {'no value' if cell.value is None else f'the value {cell.value:g}'}"
    if not 0 <= cell.n <= cell.total:
        return f"n = {cell.n} of N = {cell.total}"
    if cell.low is not None and cell.high is not None and cell.low > cell.high:
        return f"its interval runs from {cell.low:g} to {cell.high:g}"
    return ""


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _decode(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return codec.decode(data, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path} is damaged: {error}. Move the folder away and run the same command again: "
            f"mv {path.parent} {path.parent}.damaged"
        ) from error
