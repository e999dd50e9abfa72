"""Turns features into scores, one per clip and metric, and into what metrics of distributions keep by group."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval.border.blame import PluginFault
from vsseval.border.metrics import rows_or_sums, scored
from vsseval.errors import Unmeasurable, VssevalError
from vsseval.stages.extract import ExtractFaults
from vsseval.stages.inputs import (
    NEED_NAMES,
    feature_inputs,
    feature_source,
    needs_of,
    required_features,
    text_inputs,
    why_not_applicable,
)
from vsseval.stages.progress import NoProgress
from vsseval.store.group_rows import GroupRows, append_rows, write_rows
from vsseval.store.group_sums import GroupSums, add_sums, assign_groups, write_sums
from vsseval.store.scores import ScoreRow, write_scores
from vsseval.store.timings import Timing, command, keep
from vsseval.types import Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.metrics.base import Arrays, Distance, Metric
    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress
    from vsseval.store.features import FeatureStore
    from vsseval.types import ExtractorSpec, Feature, Generation, Sample, Status


class _GroupedClips:
    """What is kept of the clips for one metric of distributions: sums or rows, by subset and group."""

    def __init__(self, plan: Plan, metric: Distance) -> None:
        self._plan = plan
        self._metric = metric.spec.id
        self._as_rows = metric.kind != "sums"
        self._sums: dict[str, GroupSums] = {subset: {} for subset in subsets(plan)}
        self._rows: dict[str, GroupRows] = {subset: {} for subset in subsets(plan)}
        self._shapes: dict[str, tuple[int, ...]] | None = None

    def shape_mismatch(self, more: dict[str, np.ndarray]) -> str | None:
        """Return why a clip cannot be put together with those before it, or None."""
        first = 1 if self._as_rows else 0
        if any(np.ndim(value) < first for value in more.values()):
            return f"{self._metric}: its rows must be of shape (k, ...)"
        shapes = {name: np.shape(value)[first:] for name, value in more.items()}
        self._shapes = shapes if self._shapes is None else self._shapes
        if shapes == self._shapes:
            return None
        return f"{self._metric} has {shapes} of this clip and {self._shapes} of those before it: other arrays"

    def add_clip(self, sample: Sample, group: int, place: int, more: dict[str, np.ndarray]) -> None:
        """Take in one clip; `place` is that among the sorted ids."""
        for subset in {"", sample.subset} & self._sums.keys():
            if self._as_rows:
                append_rows(self._rows[subset].setdefault(group, {}), more, place)
            else:
                add_sums(self._sums[subset].setdefault(group, {}), more)

    def write(self) -> None:
        """Write one file per subset."""
        for subset in self._sums:
            path = self._plan.paths.sums(self._metric, subset)
            if self._as_rows:
                write_rows(path, self._rows[subset])
            else:
                write_sums(path, self._sums[subset])


class ClipOutcome(NamedTuple):
    """What becomes of one clip under one metric."""

    status: Status
    reason: str | None = None
    value: float | None = None
    weight: float | None = None
    detail: Mapping[str, float | int | str] = {}


def score(
    plan: Plan,
    uses_audio: Sequence[Mapping[str, Generation]],
    resolved: ResolvedMetrics,
    faults: ExtractFaults | None = None,
    progress: Progress | None = None,
) -> None:
    """Score every clip by every metric, and write `scores.parquet` and `sums/`.

    The same features give the same bytes, whatever the shards, jobs and interruptions were. Of several samples of a
    clip, each has a row; for a distance of sets a clip counts where all of its samples do, so that every sample is a
    set of the same clips.

    Args:
        plan: the run.
        uses_audio: for each sample of the clips (`Plan.by_seed`), the outcome of every clip.
        resolved: metrics and extractors.
        faults: what could not be extracted.
        progress: who watches.

    Raises:
        EnvironmentFault: the run directory cannot be written.
    """
    watcher, faults = progress or NoProgress(), faults or ExtractFaults()
    watcher.stage("score", len(plan.samples))
    group_of = assign_groups(sample.cluster for sample in plan.samples)
    plans = plan.by_seed()
    stacks = {
        name: [_GroupedClips(one, metric) for one in plans]
        for name, metric in resolved.metrics.items() if metric.kind != "per_clip"
    }  # fmt: skip
    rows: list[ScoreRow] = []
    spent, start = dict.fromkeys(resolved.metrics, 0.0), time.time()
    for place, sample in enumerate(sorted(plan.samples, key=lambda sample: sample.id)):
        store = _ReadOnce(plan.store, faults)
        clips = [
            _Clip(one, sample, generations[sample.id], resolved, store)
            for one, generations in zip(plans, uses_audio, strict=True)
        ]
        for name, metric in resolved.metrics.items():
            begun = time.process_time()
            kept = stacks.get(name, [])
            found = [_outcome(clip, metric, kept[number] if kept else None) for number, clip in enumerate(clips)]
            rows += [_row(clip, metric, outcome) for clip, (outcome, _) in zip(clips, found, strict=True)]
            arrays = [more for _, more in found if more is not None]
            if len(arrays) == len(clips):
                for stack, more in zip(kept, arrays, strict=True):
                    stack.add_clip(sample, group_of[sample.cluster], place, more)
            spent[name] += time.process_time() - begun
        watcher.advance()
    for kept in stacks.values():
        for stack in kept:
            stack.write()
    write_scores(plan.paths.scores, rows)
    scored = len(plan.samples) * len(plans)
    keep(plan.store.root, [
        Timing(
            kind="metric", name=name, start=start, wall=seconds, processor=seconds, clips=scored, process=os.getpid(),
            command=command(),
        ) for name, seconds in spent.items()
    ])  # fmt: skip


def subsets(plan: Plan) -> list[str]:
    """Return the parts that are reported: "" for all, and each named subset where there is more than one part."""
    parts = {sample.subset for sample in plan.samples}
    return ["", *sorted(parts - {""})] if len(parts) > 1 else [""]


class _ReadOnce:
    """What the store holds of one clip: several metrics, and several samples of the clip, read the same features."""

    def __init__(self, store: FeatureStore, faults: ExtractFaults) -> None:
        self._store = store
        self._faults = faults
        self._found: dict[tuple[str, str], dict[str, np.ndarray] | Unmeasurable | str] = {}

    def feature(self, spec: ExtractorSpec, key: str, whose: str) -> dict[str, np.ndarray] | Unmeasurable | str:
        """Return a feature, or that there is none, or (str) what went wrong; `whose` names the medium."""
        if (spec.name, key) not in self._found:
            self._found[spec.name, key] = self._faults.reason(spec.name, key) or self._read(spec, key, whose)
        return self._found[spec.name, key]

    def _read(self, spec: ExtractorSpec, key: str, whose: str) -> dict[str, np.ndarray] | Unmeasurable | str:
        try:
            arrays = self._store.read(spec, key)
        except Unmeasurable as error:
            return error
        if arrays is None:
            why = (
                f"the feature {spec.name} of the {whose} has vanished from {self._store.root}. "
                "Run the same command again: it is made anew"
            )
            self._faults.vanished[spec.name, key] = why
            return why
        for value in arrays.values():
            value.flags.writeable = False  # many metrics read one array
        return arrays


class _Clip:
    """One sample of a clip under all metrics."""

    def __init__(
        self, plan: Plan, sample: Sample, generation: Generation, resolved: ResolvedMetrics, store: _ReadOnce
    ) -> None:
        self.sample = sample
        self.generation = generation
        self.seed = plan.spec.seed
        self._own_picture = plan.model.own_picture is True
        self._root = plan.root
        self._measures = resolved
        self._store = store

    def outcome(self, metric: Metric) -> tuple[ClipOutcome, dict[str, np.ndarray] | None]:
        """Return the outcome, and for a metric of distributions the sums or rows of this clip.

        What the benchmark lacks is looked at first, so that N is the same for every model.
        """
        why = why_not_applicable(metric.spec, self.sample, own_picture=self._own_picture)
        if why is not None:
            return ClipOutcome("not_applicable", why), None
        if self.sample.problem is not None:
            return ClipOutcome("failed", self.sample.problem), None
        inputs = self._inputs(metric)
        return (inputs, None) if isinstance(inputs, ClipOutcome) else _measured(metric, inputs)

    def _inputs(self, metric: Metric) -> dict[str, Arrays | str] | ClipOutcome:
        """Return the inputs of a metric, or the outcome where one cannot be had; the benchmark's come first."""
        inputs: dict[str, Arrays | str] = dict(text_inputs(metric.spec, self.sample))
        status = self.generation.status
        # A bound that cannot be made of a clip lacks it; the clip stays in N, as it does for every model.
        no_sound = ClipOutcome("missing" if status == "not_applicable" else status, self.generation.error)
        held: dict[Feature, Arrays] = {}
        for piece in required_features(metric.spec, self._measures.extractors):
            # A picture that the model made is its output as the sound is: what is wrong with it is no lack of the data.
            made = Need.AUDIO in needs_of(piece) or (self._own_picture and Need.VIDEO in needs_of(piece))
            if made and status != "ok":
                return no_sound
            found = self._feature(piece)
            if isinstance(found, str):
                return ClipOutcome("failed", found)
            if isinstance(found, Unmeasurable):
                whose = " and ".join(NEED_NAMES[need] for need in needs_of(piece))
                return ClipOutcome("failed" if made else "not_applicable", f"{whose}: {found}")
            held[piece] = found
        inputs |= {name: held[feature] for name, feature in feature_inputs(metric.spec)}
        return inputs if status == "ok" else no_sound

    def _feature(self, feature: Feature) -> dict[str, np.ndarray] | Unmeasurable | str:
        """Return a feature, or that there is none, or (str) what went wrong."""
        extractors = self._measures.extractors
        found = feature_source(feature, self.sample, self.generation, self._root, extractors)
        whose = NEED_NAMES[feature.of]
        if found is None:
            return f"the clip has no {whose}"
        return self._store.feature(extractors[feature.extractor], found.key, whose)


def _outcome(
    clip: _Clip, metric: Metric, stack: _GroupedClips | None
) -> tuple[ClipOutcome, dict[str, np.ndarray] | None]:
    """Return what becomes of one sample of a clip, and what a metric of distributions is to keep of it."""
    outcome, more = clip.outcome(metric)
    if more is not None and stack is not None and (why := stack.shape_mismatch(more)) is not None:
        return ClipOutcome("failed", why), None
    return outcome, more


def _measured(metric: Metric, inputs: Mapping[str, Arrays | str]) -> tuple[ClipOutcome, dict[str, np.ndarray] | None]:
    try:
        if metric.kind != "per_clip":
            return ClipOutcome("ok", weight=1.0), _finite(rows_or_sums(metric, inputs))
        found = scored(metric, inputs)
    except Unmeasurable as error:
        return ClipOutcome("failed", str(error)), None
    except (PluginFault, VssevalError) as error:
        return ClipOutcome("failed", f"{metric.spec.id}: {error}"), None
    if not math.isfinite(found.value) or not math.isfinite(found.weight) or found.weight < 0:
        return ClipOutcome("failed", f"{metric.spec.id} gave {found.value} with weight {found.weight}"), None
    return ClipOutcome("ok", None, found.value, found.weight, found.detail), None


def _finite(sums: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, value in sums.items():
        if not np.isfinite(value).all():
            raise Unmeasurable(f"its {name} is not finite")
    return sums


def _row(clip: _Clip, metric: Metric, outcome: ClipOutcome) -> ScoreRow:
    detail: dict[str, float | int | str] = dict(outcome.detail)
    if outcome.reason is not None:
        detail["reason"] = outcome.reason
    if outcome.status == "ok" and clip.generation.note is not None:
        detail["note"] = clip.generation.note
    return ScoreRow(
        sample_id=clip.sample.id,
        cluster=clip.sample.cluster,
        subset=clip.sample.subset,
        seed=clip.seed,
        metric=metric.spec.id,
        version=metric.spec.version,
        value=outcome.value,
        weight=outcome.weight,
        status=outcome.status,
        detail=msgspec.json.encode(detail, order="sorted").decode(),
    )
