"""What of a record follows from its hashed and signed parts: hashes, identity, counts and signatures have to agree."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from vsseval.store import codec
from vsseval.store.chain import JOURNALS, journals_digest
from vsseval.store.record import cell_fault
from vsseval.store.replicates import content_sha256
from vsseval.store.run_identity import run_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vsseval.records import Aggregate, RunRecord
    from vsseval.store.record import LoadedRun

_ID = re.compile(r"[a-z][a-z0-9_]*@[a-z0-9][a-z0-9._-]*")

__all__ = ["cell_faults", "chain_faults", "provenance_faults", "record_faults"]

FILES = {"aggregates.json": "aggregates", "scores.parquet": "scores", "flags.json": "flags"}
"""What every record names the sha256 of, and as what the header does."""


def chain_faults(run: LoadedRun, files: Mapping[str, str], plain: Mapping[str, Any]) -> Iterator[str]:
    """Say which hashes of a record do not agree with each other, or with what the record holds.

    Args:
        run: the record as a run.
        files: path in the run directory -> sha256.
        plain: the record as it stands in its file.
    """
    made = run.record.provenance
    for name, key in FILES.items():
        if name not in files:
            yield f"it has no sha256 of {name}"
        elif files[name] != made.get(key):
            yield f"its sha256 of {name} is not that of the header"
    if "replicates.npz" not in files:
        yield "it has no sha256 of replicates.npz"
    for name in ("aggregates", "flags"):
        if hashlib.sha256(codec.pretty(plain[name])).hexdigest() != made.get(name):
            yield f"its {name} are not those of the run: their sha256 is another one"
    journals = {name.rpartition("/")[2]: text for name, text in files.items() if name.endswith(".jsonl")}
    if journals_digest(journals) != made.get(JOURNALS):
        yield "its journals are not those of the header: their sha256 is another one"
    yield from _replicate_faults(run)


def _replicate_faults(run: LoadedRun) -> Iterator[str]:
    if content_sha256(run.replicates) != run.record.provenance.get("replicates"):
        yield "its replicates are not those of the run: their sha256 is another one"
    for one in run.replicates:
        cell = run.cell(one.metric, one.subset)
        if cell is None or (cell.value, cell.n, cell.total) != (one.value, one.n, one.total):
            yield f"its replicates of {one.metric}{f' ({one.subset})' if one.subset else ''} are of another number"


def provenance_faults(record: RunRecord) -> Iterator[str]:
    """Say what of the provenance of a header is not of the kind that readers take it for."""
    for key in ("packages", "unavailable"):
        found = record.provenance.get(key, {})
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            yield f"its provenance says under {key} what is no table of texts"
        elif key == "unavailable":
            odd = [one for one in (*record.metrics, *found) if not _ID.fullmatch(one)]
            yield from (f"{one!r} is no id of a metric" for one in odd)


def record_faults(record: RunRecord, name: str) -> Iterator[str]:
    """Say where a header disagrees with the identity that its run is named by, and with the number of clips.

    The identity covers model, weights, benchmark, manifest, seeds and device; an argument that was a path is not known.
    """
    identity = str(record.provenance.get("identity", ""))
    hidden = ":" in record.spec.model and record.model.argument is None
    if not hidden and run_identity(record.spec, record.benchmark, record.model, record.manifest_sha256) != identity:
        yield "its model, benchmark, manifest, seeds or device are not those of the run: the identity is another one"
    if not identity or not name.endswith(identity[:8]):
        yield f"it is not the run that its name says: its identity begins with {identity[:8] or 'nothing'}"
    clips = sum(record.clips.values())
    if clips != record.benchmark.size:
        yield f"it has {clips} clips, the benchmark {record.benchmark.size}: it was made with a limit"


def cell_faults(cell: Aggregate, record: RunRecord) -> Iterator[str]:
    """Say what of a cell is impossible, or is not what its signature says."""
    if cell.metric not in {*record.metrics, *record.provenance.get("unavailable", {})}:
        yield "there is no such metric in the record: neither its declaration, nor why it could not be had"
    fault = cell_fault(cell)
    if fault:
        yield fault
    counted = cell.n + cell.failed + cell.missing
    if cell.status == "ok" and counted != cell.total:
        yield f"{cell.n} measured, {cell.failed} failed and {cell.missing} missing clips are not N = {cell.total}"
    whole = cell.total + cell.not_applicable
    if whole > record.benchmark.size or (whole < record.benchmark.size and not cell.subset):
        yield (
            f"N = {cell.total} and {cell.not_applicable} clips that it does not apply to, but the benchmark has "
            f"{record.benchmark.size} clips"
        )
    if cell.n > record.clips.get("ok", 0):
        yield f"n = {cell.n}, but only {record.clips.get('ok', 0)} clips have a sound"
    if cell.value is not None:
        yield from _signature_faults(cell, record)


def _signature_faults(cell: Aggregate, record: RunRecord) -> Iterator[str]:
    signed = dict(part.partition(":")[::2] for part in cell.signature.split("|"))
    declared = record.metrics.get(cell.metric)
    ought = {
        "metric": cell.metric, "bench": f"{record.benchmark.name}-{record.benchmark.version}",
        "manifest": record.manifest_sha256[:8], "seed": "+".join(map(str, record.spec.every_seed)),
        "n": f"{cell.n}/{cell.total}", "limit": None if record.spec.limit is None else str(record.spec.limit),
        "subset": cell.subset or None, "version": None if declared is None else declared.version,
    }  # fmt: skip
    for key, value in ought.items():
        if signed.get(key) != value:
            yield f"its signature says {key}:{signed.get(key, 'nothing')}, the record {value or 'nothing'}"
