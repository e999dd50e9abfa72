"""Lists each distinct medium of a run of which the store lacks a feature, and keeps what could not be extracted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsseval import media
from vsseval.stages.extract_job import ExtractFault, ExtractJob
from vsseval.stages.inputs import (
    PRINT,
    base_features,
    feature_inputs,
    feature_source,
    medium_source,
    why_not_applicable,
)
from vsseval.types import Need, is_bound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.inputs import FeatureSource
    from vsseval.stages.plan import Plan
    from vsseval.types import Generation, Sample


@dataclass(frozen=True)
class ExtractFaults:
    """What could not be extracted for reasons that are not the medium's; it is tried again by the next run."""

    clips: dict[tuple[str, str], str] = field(default_factory=dict)
    """(extractor, key of the medium) -> reason."""
    extractors: dict[str, str] = field(default_factory=dict)
    """Extractor -> why it does not work here."""
    vanished: dict[tuple[str, str], str] = field(default_factory=dict)
    """The same as `clips`, of features that were there before scoring, and turned out to be damaged or gone."""

    def reason(self, extractor: str, key: str) -> str | None:
        """Return why a feature of a medium could not be had, or None."""
        return self.clips.get((extractor, key)) or self.vanished.get((extractor, key))

    def add(self, fault: ExtractFault) -> None:
        """Take in what went wrong."""
        if fault.kind == "extractor":
            self.extractors[fault.extractor] = fault.reason
        else:
            self.clips[fault.extractor, fault.key] = fault.reason


def missing_features(
    plan: Plan,
    generations: Mapping[str, Generation],
    resolved: ResolvedMetrics,
    known: Collection[tuple[str, str]] = (),
) -> list[ExtractJob]:
    """Return one job for each medium, or pair of media, of which the store lacks a feature, in a fixed order.

    Args:
        plan: the run, or some of its clips.
        generations: what became of these clips.
        resolved: metrics and extractors.
        known: features that need no look: (extractor, key of the medium).
    """
    wanted: dict[FeatureSource, set[str]] = {}
    plan.store.refresh(resolved.extractors.values())
    for found, extractor in sorted(set(_required(plan, generations, resolved)), key=_sort_key):
        if (extractor, found.key) not in known and not plan.store.has(resolved.extractors[extractor], found.key):
            wanted.setdefault(found, set()).add(extractor)
    return [_job(found, extractors) for found, extractors in _merge_copies(wanted).items()]


def _job(found: FeatureSource, extractors: Collection[str]) -> ExtractJob:
    medium = found.medium
    return ExtractJob(
        found, tuple(sorted(extractors)), media.hashed_state(medium.path, medium.sha256) if medium else None
    )


def pair_is_there(job: ExtractJob, plan: Plan) -> bool:
    """Return whether both features of a pair are there; where one is not, its own reason is the clip's."""
    reads = job.origin.source_extractor
    return reads is None or all(plan.store.is_feature(reads, key) for key in job.origin.pair)


def _required(
    plan: Plan, generations: Mapping[str, Generation], resolved: ResolvedMetrics
) -> Iterator[tuple[FeatureSource, str]]:
    own = plan.model.own_picture is True
    for sample in plan.samples:
        yield from sound_prints(plan, sample, generations[sample.id], resolved)
        for spec in resolved.specs.values():
            if sample.problem is not None or why_not_applicable(spec, sample, own_picture=own) is not None:
                continue
            for _, whole in feature_inputs(spec):
                for feature in {whole, *base_features(whole, resolved.extractors)}:
                    found = feature_source(feature, sample, generations[sample.id], plan.root, resolved.extractors)
                    if found is not None:
                        yield found, feature.extractor


def sound_prints(
    plan: Plan, sample: Sample, generation: Generation, resolved: ResolvedMetrics
) -> Iterator[tuple[FeatureSource, str]]:
    """Yield what a sound and the clip's reference are known again by; of bounds, which are what they say, nothing."""
    if PRINT not in resolved.extractors or is_bound(plan.model):
        return
    for need in (Need.AUDIO, Need.REFERENCE):
        found = medium_source(need, sample, generation, plan.root)
        if found is not None and sample.problem is None:
            yield found, PRINT


def _merge_copies(wanted: Mapping[FeatureSource, set[str]]) -> dict[FeatureSource, set[str]]:
    """Join the copies of one medium that lie in different places."""
    first: dict[tuple[str, str], FeatureSource] = {}
    joined: dict[FeatureSource, set[str]] = {}
    for found, extractors in wanted.items():
        home = first.setdefault((found.kind, found.key), found)
        joined.setdefault(home, set()).update(extractors)
    return joined


def _sort_key(item: tuple[FeatureSource, str]) -> tuple[str, str, str, str]:
    found, extractor = item
    return found.kind, found.key, str(found.medium and found.medium.path), extractor
