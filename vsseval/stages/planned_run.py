"""A plan with its metrics resolved; says whether the run is finished, and brings its descriptions up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.profiles import load_profile
from vsseval.stages.catalog import ResolvedMetrics, resolve_metrics
from vsseval.stages.resume import recorded_extractors, run_is_done
from vsseval.store import codec, lock
from vsseval.store.record import read_record, write_record

if TYPE_CHECKING:
    from vsseval.records import RunRecord
    from vsseval.stages.plan import Plan

__all__ = ["PlannedRun", "profile_metrics", "resolve_run"]


@dataclass(frozen=True)
class PlannedRun:
    """A plan with its metrics; `record` where there is nothing to be done."""

    plan: Plan
    resolved: ResolvedMetrics
    record: RunRecord | None = None


def resolve_run(planned: Plan, device: str) -> PlannedRun:
    """Return what there is to be done for a run.

    Args:
        planned: the run.
        device: where the networks of extractors run.

    Raises:
        UsageError: an asked metric does not exist, or the profile has none for the benchmark's task.
    """
    record = read_record(planned.root)
    lost = record.provenance.get("unavailable", {}) if record else {}
    earlier = {*record.metrics, *lost} if record else set()
    found = resolve_metrics(
        planned.spec.metrics, _default_metrics(planned), earlier, recorded_extractors(record), device
    )
    if record is None or not run_is_done(planned, found, record):
        return PlannedRun(planned, found)
    return PlannedRun(planned, found, _with_new_descriptions(planned, found, record))


def profile_metrics(planned: Plan) -> tuple[str, ...]:
    """Return the metrics of the profile that are those of the benchmark's task."""
    return load_profile(planned.spec.profile).selects(planned.benchmark.task) if planned.spec.profile else ()


def _default_metrics(planned: Plan) -> tuple[str, ...]:
    """Return the metrics of the profile; without a profile and named metrics, the default ones of the benchmark.

    Raises:
        UsageError: there is no such profile, or it has no metric for the benchmark's task.
    """
    if not planned.spec.profile:
        return () if planned.spec.metrics else planned.benchmark.metrics
    found = profile_metrics(planned)
    if not found:
        raise UsageError(
            f"the profile '{planned.spec.profile}' has no metric for {planned.benchmark.title}, whose task is "
            f"{planned.benchmark.task}. See: vsseval list profiles"
        )
    return found


def _with_new_descriptions(planned: Plan, found: ResolvedMetrics, record: RunRecord) -> RunRecord:
    """Take over what was mended in declarations (a description, a licence): nothing is measured again for it."""
    said = codec.builtins(dict(found.extractors))
    if record.metrics == found.specs and codec.encode(record.provenance.get("extractors")) == codec.encode(said):
        return record
    with lock.hold_lock(planned.spec.runs, planned.identity):
        record = msgspec.structs.replace(
            record, metrics=found.specs, provenance={**record.provenance, "extractors": said}
        )
        write_record(planned.root, record)
    return read_record(planned.root) or record
