"""Accepted records of a leaderboard: small JSON files, each made from a finished run, each sealed by its own sha256."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vsseval.errors import UsageError
from vsseval.leaderboard.consistent import cell_faults, chain_faults, provenance_faults, record_faults
from vsseval.records import Aggregate, Flags, RunRecord
from vsseval.store import atomic, codec
from vsseval.store.layout import safe_name
from vsseval.store.record import LoadedRun, load_run, rerun
from vsseval.store.replicates import Replicates
from vsseval.text.readers import file_bytes, json_value
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = 3
"""Version of the layout of an accepted record."""
HASHED = ("aggregates.json", "replicates.npz", "scores.parquet", "flags.json", "shards/*.jsonl")
"""What of a run directory is hashed; the journals hold the sha256 of every sound."""
OF_THE_MACHINE = ("platform", "cores", "torch_threads", "faults")
"""Provenance that nobody else can use."""


class LeaderboardEntry(Record, frozen=True, forbid_unknown_fields=True):
    """One accepted record."""

    schema: int
    id: str
    """Name of the run; the file is called so."""
    run: RunRecord
    """Its header, without the paths of the machine that made it."""
    aggregates: tuple[Aggregate, ...]
    replicates: tuple[Replicates, ...]
    """Of every distance: records of one benchmark are compared group by group."""
    flags: Flags
    """What is odd about its sounds."""
    files: dict[str, str]
    """Path in the run directory -> sha256, of what the numbers were made from."""
    sha256: str = ""
    """Of all of the above."""

    @property
    def loaded(self) -> LoadedRun:
        """The record as a run whose scores are not here."""
        return LoadedRun(
            path=Path(self.id), record=self.run, aggregates=self.aggregates, replicates=self.replicates,
            flags=self.flags,
        )  # fmt: skip


def accept_run(directory: Path, folder: Path) -> Path:
    """Make a record of a finished run.

    Args:
        directory: a run directory.
        folder: the leaderboards folder.

    Returns:
        The file that was written.

    Raises:
        UsageError: the run may not stand in a leaderboard; all reasons in one message.
        EnvironmentFault: the folder cannot be written.
    """
    run = load_run(directory)
    bare = without_paths(run.record)
    reasons = [*_unfit(run)] or [*_impossible(bare, safe_name(run.record.id), run.aggregates)]
    if reasons:
        raise UsageError(f"{directory} cannot be accepted:\n" + "\n".join(f"  - {reason}" for reason in reasons))
    name = safe_name(run.record.id)
    # The numbers as they stand in the run, not as this version would write them: their hash has to hold.
    entry = {
        "schema": SCHEMA, "id": name, "run": codec.builtins(bare),
        "aggregates": json_value(file_bytes(run.paths.aggregates)),
        "replicates": codec.builtins(run.replicates), "flags": json_value(file_bytes(run.paths.flags)),
        "files": dict(_hashes(directory)),
    }  # fmt: skip
    target = folder / "records" / f"{name}.json"
    atomic.write_bytes(target, codec.pretty({**entry, "sha256": entry_sha256(entry)}))
    return target


def entry_sha256(entry: dict[str, object]) -> str:
    """Return the sha256 of a record as plain JSON, keys sorted, without its own field `sha256`."""
    rest = {key: value for key, value in entry.items() if key != "sha256"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).hexdigest()


def read_entry(path: Path) -> tuple[LeaderboardEntry, dict[str, object]]:
    """Read a record, also as plain JSON.

    Raises:
        UsageError: it is no record, or one of another layout.
    """
    data = _bytes(path)
    try:
        plain = codec.decode(data, dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
    if plain.get("schema") != SCHEMA:
        raise UsageError(f"{path} has layout {plain.get('schema')}, this vsseval reads {SCHEMA}. {_anew(plain)}")
    try:
        return codec.decode(data, LeaderboardEntry), plain
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is no record: {error}. Make one with: vsseval leaderboard add RUN") from error


def _anew(plain: dict[str, Any]) -> str:
    """Say how to make a record of another layout anew, as far as it can be told."""
    run = plain.get("run")
    spec = run.get("spec") if isinstance(run, dict) else None
    command = rerun(spec, Path("runs")) if isinstance(spec, dict) else "vsseval run"
    return f"Make it anew with: {command} && vsseval leaderboard add RUN"


def entry_faults(path: Path) -> Iterator[str]:
    """Say what is wrong with a record, one fault a line; its metrics need not be installed.

    Args:
        path: of the record.
    """
    try:
        entry, plain = read_entry(path)
    except UsageError as error:
        yield str(error).removeprefix(f"{path} ")
        return
    if path.stem != entry.id:
        yield f"the file ought to be called {entry.id}.json"
    if entry_sha256(plain) != entry.sha256:
        yield "it was edited: its sha256 is another one. Make it anew with: vsseval leaderboard add RUN"
    yield from chain_faults(entry.loaded, entry.files, plain)
    yield from (f"the sha256 of {name} is none" for name, text in entry.files.items() if not _is_sha256(text))
    yield from _unfit(entry.loaded)
    yield from _impossible(entry.run, entry.id, entry.aggregates)


def _impossible(record: RunRecord, name: str, cells: Sequence[Aggregate]) -> Iterator[str]:
    """Say what of a header and its cells cannot be, given the identity and the signatures."""
    faults = [*provenance_faults(record)]
    if faults:
        yield from faults
        return
    yield from record_faults(record, name)
    for cell in cells:
        yield from (f"{_name(cell)}: {fault}" for fault in cell_faults(cell, record))


def _unfit(run: LoadedRun) -> Iterator[str]:
    """Say why a run may not stand in a leaderboard."""
    record = run.record
    if record.status != "finished":
        yield f"it is {record.status}, not finished. Go on with it by the same run command"
    if record.spec.limit is not None:
        yield f"it was made with --limit {record.spec.limit}: run it on all clips"
    if run.problem:
        yield run.problem
    if record.status == "finished" and not any(cell.value is not None for cell in run.aggregates):
        yield "it has no number"
    if not _is_sha256(record.manifest_sha256):
        yield "it has no sha256 of the manifest"
    for cell in run.aggregates:
        if cell.value is not None and not cell.signature:
            yield f"{_name(cell)} has no signature. Measure it anew with: vsseval score RUN"


def without_paths(record: RunRecord) -> RunRecord:
    """Return a header for others to read: of `audio:/a/b` the last part, of the machine what numbers depend on."""
    spec = record.spec
    bare = msgspec.structs.replace(
        spec, model=_last(spec.model), benchmark=_last(spec.benchmark), runs=Path("runs"), store=None,
        checkpoint=None if spec.checkpoint is None else Path(spec.checkpoint.name),
    )  # fmt: skip
    made = {name: value for name, value in record.provenance.items() if name not in OF_THE_MACHINE}
    model = msgspec.structs.replace(record.model, name=_last(record.model.name))
    return msgspec.structs.replace(record, spec=bare, model=model, provenance=made, seal="")


def _last(asked: str) -> str:
    name, colon, argument = asked.partition(":")
    return f"{name}{colon}{Path(argument).name}" if colon else asked


def _hashes(directory: Path) -> Iterator[tuple[str, str]]:
    for pattern in HASHED:
        for path in sorted(path for path in directory.glob(pattern) if not path.name.startswith(".")):
            with path.open("rb") as file:
                yield path.relative_to(directory).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()


def _name(cell: Aggregate) -> str:
    return f"{cell.metric} ({cell.subset})" if cell.subset else cell.metric


def _is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _bytes(path: Path) -> bytes:
    try:
        return file_bytes(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
