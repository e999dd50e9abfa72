"""Turns each distinct medium of a run into features, where the store does not have them yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsseval import media
from vsseval.stages.extract_job import ExtractJob
from vsseval.stages.extract_pool import ExtractPool
from vsseval.stages.inputs import base_features, feature_inputs, feature_source, why_not_applicable
from vsseval.stages.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.inputs import FeatureSource
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress
    from vsseval.types import Generation


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

    def add(self, more: ExtractFaults) -> None:
        """Take in what went wrong with another sample of the clips."""
        self.clips.update(more.clips)
        self.extractors.update(more.extractors)


def extract(
    plan: Plan,
    generations: Mapping[str, Generation],
    resolved: ResolvedMetrics,
    workers: ExtractPool | None = None,
    progress: Progress | None = None,
) -> ExtractFaults:
    """Make all features that the metrics of a run need and the store lacks.

    Args:
        plan: the run.
        generations: the outcome of every clip.
        resolved: metrics and extractors.
        workers: processes that are already running; None means a pool of `plan.spec.jobs` for this call.
        progress: who watches.

    Returns:
        What went wrong. That a medium has no such feature is no fault: it is stored, with the reason.

    Raises:
        EnvironmentFault: the store cannot be written.
    """
    watcher = progress or NoProgress()
    jobs = missing_features(plan, generations, resolved)
    pairs = [job for job in jobs if job.origin.kind == "features"]
    watcher.stage("extract", len(jobs))
    faults = ExtractFaults()
    if not jobs:
        return faults
    if workers is None:
        with ExtractPool(plan.spec.jobs, plan.spec.device) as pool:
            return extract(plan, generations, resolved, pool, progress)
    for some in ([job for job in jobs if job.origin.kind != "features"], pairs):
        plan.store.refresh(resolved.extractors.values())
        whole = [job for job in some if _pair_is_there(job, plan)]
        if len(whole) < len(some):
            watcher.advance(len(some) - len(whole))
        for done, found in workers.map(whole, plan.store):
            watcher.advance(done)
            for fault in found:
                if fault.kind == "extractor":
                    faults.extractors[fault.extractor] = fault.reason
                else:
                    faults.clips[fault.extractor, fault.key] = fault.reason
    return faults


def missing_features(plan: Plan, generations: Mapping[str, Generation], resolved: ResolvedMetrics) -> list[ExtractJob]:
    """Return one job for each medium, or pair of media, of which the store lacks a feature, in a fixed order."""
    wanted: dict[FeatureSource, set[str]] = {}
    plan.store.refresh(resolved.extractors.values())
    for found, extractor in sorted(set(_required(plan, generations, resolved)), key=_sort_key):
        if not plan.store.has(resolved.extractors[extractor], found.key):
            wanted.setdefault(found, set()).add(extractor)
    return [_job(found, extractors) for found, extractors in _merge_copies(wanted).items()]


def _job(found: FeatureSource, extractors: Collection[str]) -> ExtractJob:
    medium = found.medium
    return ExtractJob(
        found, tuple(sorted(extractors)), media.hashed_state(medium.path, medium.sha256) if medium else None
    )


def _pair_is_there(job: ExtractJob, plan: Plan) -> bool:
    """Return whether both features of a pair are there; where one is not, its own reason is the clip's."""
    reads = job.origin.source_extractor
    return reads is None or all(plan.store.is_feature(reads, key) for key in job.origin.pair)


def _required(
    plan: Plan, generations: Mapping[str, Generation], resolved: ResolvedMetrics
) -> Iterator[tuple[FeatureSource, str]]:
    for sample in plan.samples:
        for spec in resolved.specs.values():
            if sample.problem is not None or why_not_applicable(spec, sample) is not None:
                continue
            for _, whole in feature_inputs(spec):
                for feature in {whole, *base_features(whole, resolved.extractors)}:
                    found = feature_source(feature, sample, generations[sample.id], plan.root, resolved.extractors)
                    if found is not None:
                        yield found, feature.extractor


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
