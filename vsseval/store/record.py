"""Reads and writes the header and the aggregates of a run directory, and verifies its numbers by their hashes."""

from __future__ import annotations

import hashlib
import logging
import math
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from vsseval.errors import UsageError
from vsseval.records import Aggregate, Flags, RunRecord
from vsseval.store import atomic, codec
from vsseval.store.chain import broken_links, header_seal
from vsseval.store.layout import RunPaths
from vsseval.store.replicates import Replicates, content_sha256, read_replicates
from vsseval.text.readers import file_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

log = logging.getLogger("vsseval")

SCHEMA = 3
"""Version of the run directory's layout."""


@dataclass(frozen=True)
class LoadedRun:
    """A run, read: the header, the cells, replicates and flags (none where the run is not finished)."""

    path: Path
    record: RunRecord
    aggregates: tuple[Aggregate, ...] = ()
    replicates: tuple[Replicates, ...] = ()
    """Of every distance."""
    flags: Flags = field(default_factory=Flags)
    """What is odd about its sounds."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Name of each file of a finished run that is not there, or not as the run wrote it -> what is said of it."""
    label: str = ""
    """What tables are to call the system (`--name`); empty for its own name."""

    @property
    def problem(self) -> str:
        """What is wrong with the files of a finished run; empty where nothing is."""
        return ". ".join(self.broken.values())

    @property
    def called(self) -> str:
        """What the system is called where two runs are held against each other."""
        return self.label or self.record.model.name

    @property
    def paths(self) -> RunPaths:
        """Where the run's other files lie."""
        return RunPaths(self.path)

    def cell(self, metric: str, subset: str = "") -> Aggregate | None:
        """Return the aggregate of a metric (`fad@logmel`), or None where it was not asked for."""
        cells = (cell for cell in self.aggregates if cell.metric == metric and cell.subset == subset)
        return next(cells, None)

    def distance(self, metric: str, subset: str = "") -> Replicates | None:
        """Return the replicates of a distance, or None where the metric is none or was not asked for."""
        found = (one for one in self.replicates if one.metric == metric and one.subset == subset)
        return next(found, None)


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
    broken = broken_links(root, record)
    replicates, fault = _replicates(root, record)
    if fault:
        broken[RunPaths(root).replicates.name] = fault
    return LoadedRun(root, record, _cells(root), replicates, _flags(root), broken)


def find_runs(runs_dir: Path | str) -> list[LoadedRun]:
    """Return every run below a folder, oldest first; unfinished ones have no aggregates.

    What cannot be read (damaged, of another program, of another version) is passed over with a line in the log.
    """
    found, faults = scan_runs(runs_dir)
    for fault in faults:
        log.warning("passed over: %s", fault)
    return found


def scan_runs(runs_dir: Path | str) -> tuple[list[LoadedRun], list[str]]:
    """Return every run below a folder, as `find_runs`, and one line for each that cannot be read.

    Runs of an older layout share one message, with the commands that make them anew.
    """
    found, faults, old = [], [], []
    for header in sorted(Path(runs_dir).glob("*/run.json")):
        try:
            found.append(load_run(header.parent))
        except OldLayout as fault:
            old.append(fault)
        except UsageError as fault:
            faults.append(" ".join(str(fault).split()))
    if len(old) > 1:
        commands = "\n".join(f"  {fault.command}" for fault in old)
        faults.append(
            f"{len(old)} runs in {runs_dir} have a layout older than {SCHEMA}, which this vsseval reads. Move them "
            f"away and make them anew:\n{commands}"
        )
    return found, [*faults, *(str(fault) for fault in old if len(old) == 1)]


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
    found = _decode(path, data, _Layout)
    if found.schema > SCHEMA:
        raise UsageError(
            f"{path} has layout {found.schema}, this vsseval reads {SCHEMA}: it was made by a newer one. "
            "Mend it with: pip install --upgrade vsseval"
        )
    if found.schema < SCHEMA:
        raise OldLayout(root, found)
    return _decode(path, data, RunRecord)


def write_record(root: Path, record: RunRecord) -> None:
    """Replace the header of a run directory; it carries its own sha256."""
    plain = codec.builtins(record)
    atomic.write_bytes(RunPaths(root).record, codec.pretty({**plain, "seal": header_seal(plain)}))


def write_aggregates(root: Path, aggregates: Sequence[Aggregate]) -> None:
    """Replace the aggregates of a run directory."""
    atomic.write_bytes(RunPaths(root).aggregates, codec.pretty(list(aggregates)))


def write_flags(root: Path, flags: Flags) -> None:
    """Replace what is odd about the sounds of a run."""
    atomic.write_bytes(RunPaths(root).flags, codec.pretty(flags))


class _Layout(msgspec.Struct, frozen=True):
    """What every run.json of any layout holds, and what may be left of what was asked."""

    schema: int
    spec: dict[str, Any] = {}


class OldLayout(UsageError):
    """A run directory of an older layout, whose numbers have to be made anew."""

    def __init__(self, root: Path, found: _Layout) -> None:
        self.command = f"{shlex.join(['mv', str(root), f'{root}.old'])} && {rerun(found.spec, root.parent)}"
        super().__init__(
            f"{RunPaths(root).record} has layout {found.schema}, this vsseval reads {SCHEMA}. "
            f"Move it away and make it anew with: {self.command}"
        )


def rerun(spec: Mapping[str, Any], runs: Path) -> str:
    """Return the command that makes a run anew.

    Args:
        spec: what was asked, as plain JSON of any layout.
        runs: folder of run directories.
    """
    names = ("model", "benchmark", "seed", "limit", "checkpoint", "profile", "device")
    options = [(name, spec[name]) for name in names if spec.get(name) not in {None, "", 0, "cpu"}]
    seeds = spec.get("seeds") or ()
    if seeds:
        options = [("seeds", ",".join(map(str, seeds))), *(option for option in options if option[0] != "seed")]
    metrics = [("metric", name) for name in spec.get("metrics") or ()]
    words = [word for name, value in (*options, *metrics) for word in (f"--{name}", str(value))]
    return shlex.join(["vsseval", "run", *words, "--runs", str(runs)])


def _cells(root: Path) -> tuple[Aggregate, ...]:
    """Read the cells of a finished run; none where there is no file."""
    path = RunPaths(root).aggregates
    data = _read(path)
    if data is None:
        return ()
    cells = _decode(path, data, tuple[Aggregate, ...])
    for cell in cells:
        fault = cell_fault(cell)
        if fault:
            raise UsageError(
                f"{path} is damaged: {cell.metric}{f', {cell.subset}' if cell.subset else ''}: {fault}. "
                f"Make it anew with: vsseval score {root}"
            )
    return cells


def _flags(root: Path) -> Flags:
    path = RunPaths(root).flags
    data = _read(path)
    return Flags() if data is None else _decode(path, data, Flags)


def sealed_flags(root: Path, record: RunRecord) -> Flags | None:
    """Return the flags of a run as its record has sealed them; None where there are none, or others."""
    data = _read(RunPaths(root).flags)
    if data is None or hashlib.sha256(data).hexdigest() != record.provenance.get("flags"):
        return None
    return _flags(root)


def _replicates(root: Path, record: RunRecord) -> tuple[tuple[Replicates, ...], str]:
    """Read the replicates of a finished run, and say what is wrong with them; such are not returned."""
    path = RunPaths(root).replicates
    try:
        found = read_replicates(path)
    except UsageError as error:
        return (), str(error)
    if content_sha256(found) == record.provenance.get("replicates"):
        return found, ""
    return (
        (),
        f"{path} was changed after the run: it is not what run.json says. Make it anew with: vsseval score {root}",
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
        return file_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _decode(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return codec.decode(data, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is damaged: {error}. Move the folder away and run the same command again: "
            f"mv {path.parent} {path.parent}.damaged"
        ) from error
