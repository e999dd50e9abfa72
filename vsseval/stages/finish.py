"""Closes the record of a run: once all clips have their sounds, and once all features are there."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.stages.aggregate import aggregate
from vsseval.stages.flags import find_flags
from vsseval.stages.plan import now
from vsseval.stages.score import score
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store import codec
from vsseval.store.chain import links
from vsseval.store.journal import of_samples
from vsseval.store.provenance import provenance
from vsseval.store.record import load_run, read_record, sealed_flags, write_flags, write_record
from vsseval.store.timings import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def finish(run: RunInHand, progress: Progress, extract_again: Callable[[RunInHand], RunInHand]) -> RunRecord:
    """Turn the features of a run into its scores and values, and close its record.

    Args:
        run: its features are there.
        progress: who watches.
        extract_again: makes the features that scoring found damaged anew, and returns the run with them.
    """
    begun, left = run.plan, _scored(run, progress)
    damaged: set[tuple[str, str]] = set()
    # A clip tells of one damaged feature at a time; one that is damaged again is left to the next command.
    while new := run.faults.vanished.keys() - damaged:
        progress.note(f"{len(new)} features in {begun.store.root} are damaged: they are made anew")
        damaged |= new
        run = extract_again(run)
        left = _scored(run, progress)
    progress.stage("aggregate", 1)
    with _timed(begun, "aggregate"):
        aggregate(begun, left)
    with _timed(begun, "flags"):
        known = sealed_flags(begun.root, _read(begun))
        write_flags(begun.root, find_flags(begun, run.heard, left, run.faults, known))
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


def _scored(run: RunInHand, progress: Progress) -> ResolvedMetrics:
    """Score a run; return what is left of its metrics."""
    left = run.resolved.without_failed(run.faults.extractors)
    with _timed(run.plan, "score"):
        score(run.plan, run.heard, left, run.faults, progress)
    return left


@contextmanager
def _timed(begun: Plan, name: str) -> Iterator[None]:
    """Keep how long a stage of a run takes."""
    with timed(begun.store.root, "stage", name) as watch:
        yield
        watch.clips = len(begun.samples)


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
        "faults": sorted({*faults.clips.values(), *faults.vanished.values()}),
        "intervals": INTERVALS,
        **links(begun.root),
        **provenance(),
    }
