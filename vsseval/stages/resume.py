"""When work that is there already is used again: a run's folder, a whole run, one clip, one feature.

- `plan.existing_run`: the same command finds its folder again, by the run's identity.
- `run_is_done`: nothing at all is left to do.
- `clip_is_done`: the clip is not generated again.
- Features have no function here: `extract.missing_features` lists those that the store lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.records import RunRecord
from vsseval.stages.own_picture import picture_is_there
from vsseval.statistics.intervals import VERSION as INTERVALS
from vsseval.store.chain import intact
from vsseval.store.provenance import packages
from vsseval.types import ExtractorSpec, Generation, MetricSpec, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vsseval.stages.bound_references import BoundReferencesByClip
    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.plan import Plan


def recorded_extractors(record: RunRecord | None) -> dict[str, ExtractorSpec]:
    """Return the extractors that a run was measured with."""
    made = record.provenance.get("extractors", {}) if record else {}
    try:
        return msgspec.convert(made, dict[str, ExtractorSpec])
    except msgspec.ValidationError:  # of an earlier version
        return {}


def run_is_done(planned: Plan, found: ResolvedMetrics, record: RunRecord) -> bool:
    """Return whether a run is finished, without clips to retry, by the metrics and extractors of today."""
    unusable = sum(sample.problem is not None for sample in planned.samples)
    failed_now = record.clips.get("failed", 0) + record.clips.get("missing", 0)
    made = record.provenance
    return (
        record.status == "finished"
        and intact(planned.root, record)
        and failed_now == unusable
        and _counting(record.metrics, recorded_extractors(record)) == _counting(found.specs, found.extractors)
        and made.get("unavailable") == dict(found.unavailable)
        and not made.get("faults")
        and made.get("intervals") == INTERVALS
        and made.get("packages", {}).get("vsseval") == packages().get("vsseval")
    )


def _counting(metrics: Mapping[str, MetricSpec], extractors: Mapping[str, ExtractorSpec]) -> list[object]:
    """Return all of some declarations that numbers depend on; the rest says how they are shown."""
    return [
        {
            name: (spec.version, spec.inputs, spec.language, spec.min_seconds, spec.minimum, spec.maximum)
            for name, spec in metrics.items()
        },
        {
            name: (spec.identity, spec.input_kinds, spec.sample_rate, spec.source_extractor)
            for name, spec in extractors.items()
        },
    ]


def clip_is_done(plan: Plan, sample: Sample, line: Generation | None, references: BoundReferencesByClip) -> bool:
    """Return whether a clip needs nothing more: its sound is there, unaltered, or there can be none."""
    if line is None:
        return False
    if line.status != "ok" or line.path is None:
        return line == outcome_without_model(sample, references)
    try:
        return media.sha256(plan.root / line.path) == line.sha256 and picture_is_there(line, plan.root)
    except Unmeasurable:
        return False


def outcome_without_model(sample: Sample, references: BoundReferencesByClip) -> Generation | None:
    """Return the outcome of a clip that no model is asked for, or None."""
    if sample.problem is not None:
        return Generation(id=sample.id, status="failed", error=sample.problem, lost=sample.lost)
    if references is not None and sample.id not in references:
        why = "no reference to make this bound from"
        return Generation(id=sample.id, status="not_applicable", error=why)
    return None
