"""Turns each distinct medium of a run into features, where the store does not have them yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.stages.inputs import applies, features, origin, parts
from vsseval.stages.progress import Quiet
from vsseval.stages.work import Job
from vsseval.stages.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from vsseval.stages.catalog import Measures
    from vsseval.stages.inputs import Origin
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress
    from vsseval.types import Generation


@dataclass(frozen=True)
class Faults:
    """What could not be extracted for reasons that are not the medium's; it is tried again by the next run."""

    clips: dict[tuple[str, str], str] = field(default_factory=dict)
    """(extractor, key of the medium) -> reason."""
    extractors: dict[str, str] = field(default_factory=dict)
    """Extractor -> why it does not work here."""


def extract(
    plan: Plan,
    generations: Mapping[str, Generation],
    measures: Measures,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Faults:
    """Make all features that the metrics of a run need and the store lacks.

    Args:
        plan: the run.
        generations: the outcome of every clip.
        measures: metrics and extractors.
        workers: processes that are already running; None means a pool of `plan.spec.jobs` for this call.
        progress: who watches.

    Returns:
        What went wrong. That a medium has no such feature is no fault: it is stored, with the reason.

    Raises:
        EnvironmentFault: the store cannot be written.
    """
    watcher = progress or Quiet()
    jobs = missing(plan, generations, measures)
    pairs = [job for job in jobs if job.origin.kind == "features"]
    watcher.stage("extract", len(jobs))
    faults = Faults()
    if not jobs:
        return faults
    if workers is None:
        with Workers(plan.spec.jobs, plan.spec.device) as pool:
            return extract(plan, generations, measures, pool, progress)
    for some in ([job for job in jobs if job.origin.kind != "features"], pairs):
        whole = [job for job in some if _complete(job, plan)]
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


def missing(plan: Plan, generations: Mapping[str, Generation], measures: Measures) -> list[Job]:
    """Return one job for each medium, or pair of media, of which the store lacks a feature, in a fixed order."""
    wanted: dict[Origin, set[str]] = {}
    for found, extractor in sorted(set(_wanted(plan, generations, measures)), key=_place):
        if not plan.store.has(measures.extractors[extractor], found.key):
            wanted.setdefault(found, set()).add(extractor)
    return [_job(found, extractors) for found, extractors in _distinct(wanted).items()]


def _job(found: Origin, extractors: Collection[str]) -> Job:
    medium = found.medium
    return Job(found, tuple(sorted(extractors)), media.vouched(medium.path, medium.sha256) if medium else None)


def _complete(job: Job, plan: Plan) -> bool:
    """Return whether both features of a pair are there; where one is not, its own reason is the clip's."""
    reads = job.origin.reads
    try:
        return reads is None or all(plan.store.read(reads, key) is not None for key in job.origin.pair)
    except Unmeasurable:
        return False


def _wanted(plan: Plan, generations: Mapping[str, Generation], measures: Measures) -> Iterator[tuple[Origin, str]]:
    for sample in plan.samples:
        for spec in measures.specs.values():
            if sample.problem is not None or applies(spec, sample) is not None:
                continue
            for _, whole in features(spec):
                for feature in {whole, *parts(whole, measures.extractors)}:
                    found = origin(feature, sample, generations[sample.id], plan.root, measures.extractors)
                    if found is not None:
                        yield found, feature.extractor


def _distinct(wanted: Mapping[Origin, set[str]]) -> dict[Origin, set[str]]:
    """Join the copies of one medium that lie in different places."""
    first: dict[tuple[str, str], Origin] = {}
    joined: dict[Origin, set[str]] = {}
    for found, extractors in wanted.items():
        home = first.setdefault((found.kind, found.key), found)
        joined.setdefault(home, set()).update(extractors)
    return joined


def _place(item: tuple[Origin, str]) -> tuple[str, str, str, str]:
    found, extractor = item
    return found.kind, found.key, str(found.medium and found.medium.path), extractor
