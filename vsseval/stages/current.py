"""Says of a run whether it is finished, by the metrics and extractors of today, and brings its words up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.profiles import load_profile
from vsseval.stages.catalog import Measures, measures
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store import codec, lock
from vsseval.store.provenance import packages
from vsseval.store.record import intact, read_record, write_record
from vsseval.types import ExtractorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vsseval.stages.plan import Plan
    from vsseval.types import MetricSpec, RunRecord

__all__ = ["Work", "selected", "work_of"]


@dataclass(frozen=True)
class Work:
    """A plan with its metrics; `record` where there is nothing to be done."""

    plan: Plan
    measures: Measures
    record: RunRecord | None = None


def work_of(planned: Plan, device: str) -> Work:
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
    found = measures(planned.spec.metrics, _besides(planned), earlier, _extractors(record), device)
    if record is None or not _up_to_date(planned, found, record):
        return Work(planned, found)
    return Work(planned, found, _reworded(planned, found, record))


def selected(planned: Plan) -> tuple[str, ...]:
    """Return the metrics of the profile that are those of the benchmark's task."""
    return load_profile(planned.spec.profile).selects(planned.benchmark.task) if planned.spec.profile else ()


def _besides(planned: Plan) -> tuple[str, ...]:
    """Return what is measured besides the metrics that are named: those of the profile; without both, the customary.

    Raises:
        UsageError: there is no such profile, or it has no metric for the benchmark's task.
    """
    if not planned.spec.profile:
        return () if planned.spec.metrics else planned.benchmark.metrics
    found = selected(planned)
    if not found:
        raise UsageError(
            f"the profile '{planned.spec.profile}' has no metric for {planned.benchmark.name}, whose task is "
            f"{planned.benchmark.task}. See: vsseval list profiles"
        )
    return found


def _extractors(record: RunRecord | None) -> dict[str, ExtractorSpec]:
    """Return the extractors that a run was measured with."""
    made = record.provenance.get("extractors", {}) if record else {}
    try:
        return msgspec.convert(made, dict[str, ExtractorSpec])
    except msgspec.ValidationError:  # of an earlier version
        return {}


def _up_to_date(planned: Plan, found: Measures, record: RunRecord) -> bool:
    """Return whether a run is finished, without clips to retry, by the metrics and extractors of today."""
    paths = planned.paths
    hopeless = sum(sample.problem is not None for sample in planned.samples)
    unheard = record.clips.get("failed", 0) + record.clips.get("missing", 0)
    made = record.provenance
    return (
        record.status == "finished"
        and paths.scores.exists()
        and intact(planned.root, record)
        and unheard == hopeless
        and _counting(record.metrics, _extractors(record)) == _counting(found.specs, found.extractors)
        and made.get("unavailable") == dict(found.unavailable)
        and not made.get("faults")
        and made.get("intervals") == INTERVALS
        and made.get("packages", {}).get("vsseval") == packages().get("vsseval")
    )


def _counting(metrics: Mapping[str, MetricSpec], extractors: Mapping[str, ExtractorSpec]) -> list[object]:
    """Return all of some declarations that numbers depend on; the rest says how they are shown."""
    return [
        {
            name: (spec.version, spec.inputs, spec.language, spec.shortest, spec.least, spec.greatest)
            for name, spec in metrics.items()
        },
        {name: (spec.identity, spec.takes, spec.sample_rate, spec.reads) for name, spec in extractors.items()},
    ]


def _reworded(planned: Plan, found: Measures, record: RunRecord) -> RunRecord:
    """Take over what was mended in declarations (a description, a licence): nothing is measured again for it."""
    said = codec.builtins(dict(found.extractors))
    if record.metrics == found.specs and codec.encode(record.provenance.get("extractors")) == codec.encode(said):
        return record
    with lock.held(planned.spec.runs, planned.identity):
        record = msgspec.structs.replace(
            record, metrics=found.specs, provenance={**record.provenance, "extractors": said}
        )
        write_record(planned.root, record)
    return read_record(planned.root) or record
