"""Closes the record of a run: once all clips have their sounds, and once all features are there."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.stages.aggregate import aggregate
from vsseval.stages.plan import now
from vsseval.stages.score import score
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store import codec
from vsseval.store.journal import of_samples
from vsseval.store.provenance import provenance
from vsseval.store.record import load_run, read_record, seal, write_record

if TYPE_CHECKING:
    from vsseval.records import RunRecord
    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract import ExtractFaults
    from vsseval.stages.in_hand import RunInHand
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress

__all__ = ["finish", "record_generated"]


def record_generated(run: RunInHand) -> None:
    """Write how many clips of a run have a sound.

    Raises:
        UsageError: the header has vanished.
    """
    begun, clips = run.plan, Counter[str]()
    for sample in begun.samples:
        clips[of_samples([lines[sample.id] for lines in run.heard]).status] += 1
    record = _read(begun)
    write_record(
        begun.root,
        msgspec.structs.replace(record, status="generated", spec=begun.spec, clips=dict(sorted(clips.items()))),
    )


def finish(run: RunInHand, progress: Progress) -> RunRecord:
    """Turn the features of a run into its scores and values, and close its record."""
    begun, left = run.plan, run.resolved.without_failed(run.faults.extractors)
    score(begun, run.heard, left, run.faults, progress)
    progress.stage("aggregate", 1)
    aggregate(begun, left)
    shutil.rmtree(begun.paths.all_sums, ignore_errors=True)  # nothing that comes after aggregation reads them
    progress.advance()
    record = msgspec.structs.replace(
        _read(begun),
        status="finished",
        finished=now(),
        metrics=left.specs,
        provenance=_provenance(begun, left, run.faults),
    )
    write_record(begun.root, record)
    return load_run(begun.root).record


def _read(begun: Plan) -> RunRecord:
    record = read_record(begun.root)
    if record is None:
        raise UsageError(f"{begun.root} has lost its run.json; run the same command again")
    return record


def _provenance(begun: Plan, left: ResolvedMetrics, faults: ExtractFaults) -> dict[str, object]:
    return {
        "identity": begun.identity,
        "extractors": codec.builtins(dict(left.extractors)),
        "unavailable": dict(left.unavailable),
        "faults": sorted(set(faults.clips.values())),
        "intervals": INTERVALS,
        **seal(begun.root),
        **provenance(),
    }
