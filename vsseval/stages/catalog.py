"""Benchmarks and models of one command, each built once, and the metrics that a run needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from vsseval import plugins
from vsseval.border.benchmarks import samples
from vsseval.border.build import build
from vsseval.border.extractors import build_extractor
from vsseval.errors import EnvironmentFault, UsageError, unknown
from vsseval.models.base import FinishedSound, Model, ModelOptions
from vsseval.stages.inputs import PRINT
from vsseval.types import Feature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from vsseval.benchmarks.base import Benchmark
    from vsseval.metrics.base import Metric
    from vsseval.records import RunSpec
    from vsseval.types import ExtractorSpec, MetricSpec, Sample


class Catalog:
    """Builds plugins by name and keeps them for as long as one command lasts.

    A model is shared by all its benchmarks, so its weights are loaded once.
    """

    def __init__(self, moved: Mapping[str, str] | None = None) -> None:
        """Begin with nothing.

        Args:
            moved: where benchmarks of a path (`folder:PATH`) lie now: old beginning of a path -> new one.
        """
        self._moved = moved or {}
        self._benchmarks: dict[str, Benchmark] = {}
        self._samples: dict[str, tuple[Sample, ...]] = {}
        self._models: dict[tuple[str, Path | None, str], Model] = {}

    def benchmark(self, reference: str) -> Benchmark:
        """Return the benchmark of `name` or `name:argument`.

        Raises:
            UsageError: unknown, or the argument makes no sense.
            EnvironmentFault: its data is not there.
        """
        if reference not in self._benchmarks:
            name, argument = plugins.split_argument(reference)
            argument = argument and relocated(argument, self._moved)
            self._benchmarks[reference] = build("benchmarks", name, argument)
        return self._benchmarks[reference]

    def samples(self, reference: str) -> tuple[Sample, ...]:
        """Return all samples of a benchmark; ids are unique.

        Raises:
            UsageError: the manifest is unreadable, empty, or names an id twice.
            EnvironmentFault: its data is not there.
        """
        if reference not in self._samples:
            self._samples[reference] = _unique(reference, samples(self.benchmark(reference), reference))
        return self._samples[reference]

    def model(self, spec: RunSpec) -> Model:
        """Return the model of a run; its weights are loaded by its first `generate`, not here.

        Raises:
            UsageError: unknown, or the argument makes no sense.
            EnvironmentFault: something that it needs is not installed.
        """
        name, argument = plugins.split_argument(spec.model)
        # The checkpoint is asked of the model that was named; the bounds beside it have none.
        key = (spec.model, spec.checkpoint, spec.device)
        if key not in self._models:
            self._models[key] = build("models", name, ModelOptions(argument, spec.checkpoint, spec.device))
        return self._models[key]

    def model_of_run(self, spec: RunSpec) -> Model:
        """Return the model of a run; finished sound knows which clips its benchmark has.

        Raises:
            UsageError: as `model` and `samples`.
            EnvironmentFault: as `model` and `samples`.
        """
        model = self.model(spec)
        if isinstance(model, FinishedSound):
            return model.of_clips([sample.id for sample in self.samples(spec.benchmark)])
        return model

    def release(self, spec: RunSpec) -> None:
        """Let go of a model, and of its weights, once its last run is done."""
        self._models.pop((spec.model, spec.checkpoint, spec.device), None)


@dataclass(frozen=True)
class ResolvedMetrics:
    """What a run is measured with: metrics and extractors that can be had, and those that cannot."""

    metrics: Mapping[str, Metric]
    """Metric id -> metric, in the order of ids."""
    extractors: Mapping[str, ExtractorSpec]
    unavailable: Mapping[str, str]
    """Metric id -> why it cannot be had here, and the command that gets it."""

    @cached_property
    def specs(self) -> dict[str, MetricSpec]:
        """The declarations of the metrics, by id."""
        return {name: metric.spec for name, metric in self.metrics.items()}

    def extractors_of(self, metric: str) -> dict[str, ExtractorSpec]:
        """Return the extractors that a metric reads from, by name, sorted; with those that these read from."""
        names = set(extractor_names([self.metrics[metric].spec]))
        names |= {reads for name in names if (reads := self.extractors[name].source_extractor) is not None}
        return {name: self.extractors[name] for name in sorted(names)}

    def without_failed(self, faults: Mapping[str, str]) -> ResolvedMetrics:
        """Return the measures that are left when extractors turn out not to work (extractor -> why)."""
        reasons = dict(self.unavailable)
        for name in self.metrics:
            lost = [extractor for extractor in self.extractors_of(name) if extractor in faults]
            if lost:
                reasons[name] = faults[lost[0]]
        left = {name: metric for name, metric in self.metrics.items() if name not in reasons}
        return replace(self, metrics=left, unavailable=dict(sorted(reasons.items())))


def resolve_metrics(
    requested: Sequence[str],
    defaults: Sequence[str],
    earlier: Iterable[str] = (),
    recorded: Mapping[str, ExtractorSpec] | None = None,
    device: str = "cpu",
) -> ResolvedMetrics:
    """Build the metrics of a run and the declarations of their extractors.

    Args:
        requested: ids named by the user; they must exist.
        defaults: ids of a profile or of the benchmark; one that is not installed is unavailable, not an error.
        earlier: ids that the run already holds; those that no longer exist are dropped.
        recorded: extractors that the run was measured with. They stand for those that cannot be had any more: what
            they made is in the store, and weights that were removed take no number with them.
        device: where networks run; it shows in the declarations of those whose features depend on it.

    Raises:
        UsageError: an asked metric does not exist.
    """
    known = set(plugins.names("metrics"))
    require_metrics(requested, known)
    metrics: dict[str, Metric] = {}
    extractors: dict[str, ExtractorSpec] = {}
    unavailable: dict[str, str] = {}
    wanted = {*requested, *defaults} | {name for name in earlier if name in known}
    for name in sorted(wanted):
        try:
            metric: Metric = build("metrics", name)
            read = _read_from(metric.spec, extractors, recorded or {}, device)
        except (EnvironmentFault, UsageError) as error:
            unavailable[name] = str(error)
            continue
        extractors |= read
        metrics[name] = metric
    if PRINT not in extractors:
        extractors[PRINT] = _extractor_spec(PRINT, recorded or {}, device)
    return ResolvedMetrics(metrics, dict(sorted(extractors.items())), unavailable)


def require_metrics(asked: Sequence[str], known: Collection[str]) -> None:
    """Make sure that metrics exist; of a name without a recipe the recipes are named that can be had here.

    Raises:
        UsageError: one does not.
    """
    for name in asked:
        if name in known:
            continue
        recipes = sorted(metric for metric in known if metric.partition("@")[0] == name.lower())
        if not recipes:
            raise unknown("metric", name, known)
        if len(recipes) == 1:
            raise UsageError(f"'{name}' is a name without its recipe: write {recipes[0]}. See: vsseval list metrics")
        here = [*resolve_metrics((), recipes).metrics]
        others = [metric for metric in recipes if metric not in here]
        first = f"Here: {', '.join(here)}" if here else "None of its recipes is whole here"
        more = f". Others need weights or packages: {', '.join(others)}" if others else ""
        raise UsageError(
            f"'{name}' is measured by more than one recipe, and its numbers differ: say which. {first}{more}. "
            "See: vsseval list metrics"
        )


def relocated(path: str, moved: Mapping[str, str]) -> str:
    """Return a path with its beginning replaced, where it has one of the old ones; the longest of these counts."""
    for old in sorted(moved, key=len, reverse=True):
        bare = old.rstrip("/")
        if path == bare or path.startswith(f"{bare}/"):
            return moved[old].rstrip("/") + path[len(bare) :]
    return path


def extractor_names(specs: Iterable[MetricSpec]) -> list[str]:
    """Return the names of all extractors that metrics read from, sorted."""
    inputs = (value for spec in specs for value in spec.inputs.values())
    return sorted({value.extractor for value in inputs if isinstance(value, Feature)})


def hash_order(samples: Iterable[Sample]) -> list[Sample]:
    """Return samples in an order that does not depend on the manifest's: by the sha256 of the id."""
    return sorted(samples, key=lambda sample: hashlib.sha256(sample.id.encode("utf-8")).digest())


def _read_from(
    spec: MetricSpec, known: Mapping[str, ExtractorSpec], recorded: Mapping[str, ExtractorSpec], device: str
) -> dict[str, ExtractorSpec]:
    """Return the extractors of a metric's features, and those that they read from.

    Raises:
        UsageError: there is no such extractor, or the metric asks one of pairs for a single medium, or the reverse.
        EnvironmentFault: one cannot be had.
    """
    found: dict[str, ExtractorSpec] = {}
    for value in spec.inputs.values():
        if not isinstance(value, Feature):
            continue
        used = found[value.extractor] = known.get(value.extractor) or _extractor_spec(value.extractor, recorded, device)
        if (used.source_extractor is None) != (value.paired_with is None):
            what = "one medium" if used.source_extractor is None else "two media together (`Feature.paired_with`)"
            raise UsageError(f"{spec.id} asks {value.extractor} for what it does not make: its features are of {what}")
        if used.source_extractor is not None:
            found[used.source_extractor] = known.get(used.source_extractor) or _extractor_spec(
                used.source_extractor, recorded, device
            )
    return found


def _extractor_spec(name: str, recorded: Mapping[str, ExtractorSpec], device: str) -> ExtractorSpec:
    try:
        spec: ExtractorSpec = build_extractor(name, device).spec
    except EnvironmentFault:
        if name not in recorded:
            raise
        return recorded[name]
    return spec


def _unique(reference: str, samples: Sequence[Sample]) -> tuple[Sample, ...]:
    if not samples:
        raise UsageError(f"benchmark '{reference}' has no clips")
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise UsageError(f"benchmark '{reference}' names the clip '{sample.id}' twice: ids must be unique")
        seen.add(sample.id)
        if not sample.id or sample.id != sample.id.encode("utf-8", "replace").decode():
            raise UsageError(f"benchmark '{reference}': {sample.id!r} is no id: it is empty or not Unicode")
    return tuple(samples)
