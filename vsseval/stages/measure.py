"""Turns the sounds of a run into a closed record: features, scores, cells."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.stages.aggregate import aggregate
from vsseval.stages.extract import ExtractFaults, extract
from vsseval.stages.plan import Plan, now
from vsseval.stages.score import score
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store import codec
from vsseval.store.journal import of_samples
from vsseval.store.provenance import provenance
from vsseval.store.record import load_run, read_record, seal, write_record
from vsseval.store.timings import timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vsseval.records import RunRecord
    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract_pool import ExtractPool
    from vsseval.stages.progress import Progress
    from vsseval.types import Generation

__all__ = ["measure", "stage_timed"]


def measure(
    begun: Plan,
    heard: Sequence[Mapping[str, Generation]],
    wanted: ResolvedMetrics,
    workers: ExtractPool,
    progress: Progress,
) -> RunRecord:
    """Extract, score and aggregate a run whose clips have been generated, and close its record.

    Args:
        begun: the run; its lock is held.
        heard: for each sample of the clips (`Plan.by_seed`), the outcome of every clip.
        wanted: metrics and extractors.
        workers: processes that extract.
        progress: who watches.

    Raises:
        VssevalError: the machine lacks something; what is done stays done.
    """
    record = read_record(begun.root)
    if record is None:
        raise UsageError(f"{begun.root} has lost its run.json; run the same command again")
    clips: dict[str, int] = {}
    for sample in begun.samples:
        outcome = of_samples([lines[sample.id] for lines in heard])
        clips[outcome.status] = clips.get(outcome.status, 0) + 1
    record = msgspec.structs.replace(record, status="generated", spec=begun.spec, clips=dict(sorted(clips.items())))
    write_record(begun.root, record)
    faults, left = _extract_and_score(begun, heard, wanted, workers, progress)
    damaged: set[tuple[str, str]] = set()
    # A clip tells of one damaged feature at a time; one that is damaged again is left to the next command.
    while new := faults.vanished.keys() - damaged:
        progress.note(f"{len(new)} features in {begun.store.root} are damaged: they are made anew")
        damaged |= new
        faults, left = _extract_and_score(begun, heard, wanted, workers, progress)
    progress.stage("aggregate", 1)
    with stage_timed(begun, "aggregate"):
        aggregate(begun, left)
    shutil.rmtree(begun.paths.all_sums, ignore_errors=True)  # nothing that comes after aggregation reads them
    progress.advance()
    record = msgspec.structs.replace(
        record,
        status="finished",
        finished=now(),
        metrics=left.specs,
        provenance=_provenance(begun, left, faults),
    )
    write_record(begun.root, record)
    return load_run(begun.root).record


def _extract_and_score(
    begun: Plan,
    heard: Sequence[Mapping[str, Generation]],
    wanted: ResolvedMetrics,
    workers: ExtractPool,
    progress: Progress,
) -> tuple[ExtractFaults, ResolvedMetrics]:
    """Extract and score; return what went wrong, and what is left of the metrics."""
    faults = ExtractFaults()
    with stage_timed(begun, "extract"):
        for one, lines in zip(begun.by_seed(), heard, strict=True):
            faults.add(extract(one, lines, wanted, workers, progress))
    left = wanted.without_failed(faults.extractors)
    with stage_timed(begun, "score"):
        score(begun, heard, left, faults, progress)
    return faults, left


@contextmanager
def stage_timed(begun: Plan, name: str) -> Iterator[None]:
    """Keep how long a stage of a run takes."""
    with timed(begun.store.root, "stage", name) as watch:
        yield
        watch.clips = len(begun.samples)


def _provenance(begun: Plan, left: ResolvedMetrics, faults: ExtractFaults) -> dict[str, object]:
    return {
        "identity": begun.identity,
        "extractors": codec.builtins(dict(left.extractors)),
        "unavailable": dict(left.unavailable),
        "faults": sorted({*faults.clips.values(), *faults.vanished.values()}),
        "intervals": INTERVALS,
        **seal(begun.root),
        **provenance(),
    }
