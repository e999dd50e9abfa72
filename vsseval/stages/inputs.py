"""Where the features of a metric are taken from: the medium or the text behind each of its inputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from vsseval.language import covers, wrong_script
from vsseval.store.features import text_key, video_key
from vsseval.turns import is_dialogue, spoken
from vsseval.types import TEXTS, Feature, Medium, Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vsseval.types import ExtractorSpec, Generation, MetricSpec, Sample

SourceKind = Literal["audio", "video", "text", "features"]

PRINT = "sound_print"
"""The extractor that every run has, whatever its metrics are: copies and faults of sounds are seen by it."""

NEED_NAMES = {
    Need.AUDIO: "generated audio",
    Need.REFERENCE: "reference",
    Need.VIDEO: "video",
    Need.SPEAKER: "speaker prompt",
    Need.TRANSCRIPT: "transcript",
    Need.TURNS: "transcript that says who speaks, [S1] ... [S2] ...",
    Need.CAPTION: "caption",
    Need.EVENTS: "annotated events",
    Need.PAIR: "partner (ids of a pair end in _a and _b)",
    Need.CONFLICT: "level of conflict (ids end in __L0, __L1_subject, ...)",
}

PAIR_ENDS = ("_a", "_b")
"""Of the ids of two clips that differ in one thing, as PhyAVBench names them."""
CONFLICT = re.compile(r"__L\d\w*$")
"""The end of the ids of clips of one video that are asked for in other words, as VGGSound-TVC names its levels."""


class FeatureSource(NamedTuple):
    """One medium, text, or pair of media, under the key of its features."""

    kind: SourceKind
    key: str
    medium: Medium | None = None
    text: str | None = None
    source_extractor: ExtractorSpec | None = None
    pair: tuple[str, str] = ("", "")
    """Keys of the two media whose features, made by `source_extractor`, are put together."""


def why_not_applicable(spec: MetricSpec, sample: Sample, *, own_picture: bool = False) -> str | None:
    """Return why a metric does not apply to a clip, as far as the manifest says; None where it does.

    This depends on the benchmark and on what the model is, never on what it made, so that every model is measured on
    the same number of clips.

    Args:
        spec: the metric.
        sample: the clip.
        own_picture: the model makes pictures (`ModelCard.own_picture`), which stand in where a prompt has no video.
    """
    if spec.language is not None and not covers(spec.language, sample.language):
        return f"the clip's language is {sample.language}, the metric is for {spec.language}"
    if sample.problem is not None:
        return None  # it may lack its media because of the problem; it stays in N as failed
    if sample.duration < spec.min_seconds:
        return f"the clip lasts {sample.duration:.2f} s, the metric takes {spec.min_seconds:g} s or more"
    for value in spec.inputs.values():
        for need in needs_of(value):
            if need is Need.AUDIO or (need is Need.VIDEO and own_picture) or _given(need, sample) is not None:
                continue
            return f"the clip has no {NEED_NAMES[need]}" + (", and the model makes none" if need is Need.VIDEO else "")
    if spec.language is not None and {Need.TRANSCRIPT, Need.TURNS} & {*spec.inputs.values()}:
        return wrong_script(spec.language, text_of(Need.TRANSCRIPT, sample) or "")
    return None


def needs_of(value: Feature | Need) -> list[Need]:
    """Return the media or text that an input is made of."""
    if not isinstance(value, Feature):
        return [value]
    return [value.of] if value.paired_with is None else [value.of, value.paired_with]


def feature_inputs(spec: MetricSpec) -> Iterator[tuple[str, Feature]]:
    """Yield the inputs of a metric that are features, by argument name; those of the benchmark come first."""
    named = [(name, value) for name, value in spec.inputs.items() if isinstance(value, Feature)]
    yield from sorted(named, key=lambda item: (Need.AUDIO in needs_of(item[1]), item[0]))


def text_inputs(spec: MetricSpec, sample: Sample) -> dict[str, str]:
    """Return the inputs of a metric that are texts given as they are."""
    named = {name: value for name, value in spec.inputs.items() if not isinstance(value, Feature)}
    return {name: text_of(need, sample) or "" for name, need in named.items()}


def text_of(need: Need, sample: Sample) -> str | None:
    """Return a text of a clip."""
    if need is Need.EVENTS:
        return " ".join(map(str, sorted(sample.events))) or None
    if need is Need.PAIR:
        return sample.id if sample.id.endswith(PAIR_ENDS) else None
    if need is Need.CONFLICT:
        return sample.id if CONFLICT.search(sample.id) else None
    if need is Need.CAPTION or sample.transcript is None:
        return sample.caption if need is Need.CAPTION else None
    if need is Need.TURNS:
        return sample.transcript if is_dialogue(sample.transcript) else None
    return spoken(sample.transcript)


def required_features(spec: MetricSpec, extractors: Mapping[str, ExtractorSpec]) -> list[Feature]:
    """Return all features that a metric is made of: the benchmark's alone first, and what a pair is made of before it.

    A clip that the metric does not apply to is so for every model, whatever became of the sound: N is the benchmark's.
    """
    found = dict.fromkeys(
        piece for _, whole in feature_inputs(spec) for piece in (*base_features(whole, extractors), whole)
    )
    return sorted(found, key=lambda piece: Need.AUDIO in needs_of(piece))


def base_features(feature: Feature, extractors: Mapping[str, ExtractorSpec]) -> list[Feature]:
    """Return the features that one is made of, those of the benchmark first: both of a pair's, else itself alone."""
    reads = extractors[feature.extractor].source_extractor
    if feature.paired_with is None or reads is None:
        return [feature]
    needs = sorted((feature.of, feature.paired_with), key=lambda need: need is Need.AUDIO)
    return [Feature(extractor=reads, of=need) for need in needs]


def feature_source(
    feature: Feature, sample: Sample, generation: Generation, root: Path, extractors: Mapping[str, ExtractorSpec]
) -> FeatureSource | None:
    """Return what a feature of a clip is taken from; None where there is no such medium.

    The key of a pair names the extractor that both features are from: other weights there are another feature.
    """
    first = medium_source(feature.of, sample, generation, root)
    if feature.paired_with is None or first is None:
        return first
    second = medium_source(feature.paired_with, sample, generation, root)
    reads = extractors[feature.extractor].source_extractor
    if second is None or reads is None:
        return None
    spec = extractors[reads]
    key = text_key(" ".join((*spec.identity, first.key, second.key)))
    return FeatureSource("features", key, source_extractor=spec, pair=(first.key, second.key))


def medium_source(need: Need, sample: Sample, generation: Generation, root: Path) -> FeatureSource | None:
    """Return one medium or text of a clip; None where there is none."""
    if need in TEXTS:
        words = text_of(need, sample)
        return None if words is None else FeatureSource("text", text_key(words), text=words)
    if need is Need.AUDIO:
        if generation.status != "ok" or generation.path is None or generation.sha256 is None:
            return None
        return FeatureSource("audio", generation.sha256, Medium(path=root / generation.path, sha256=generation.sha256))
    medium = _medium(need, sample)
    if need is Need.VIDEO and generation.picture is not msgspec.UNSET:
        # What was made with the sound is what it has to fit, and not the video that others are given.
        medium = Medium(path=root / generation.picture.path, sha256=generation.picture.sha256)
    if medium is None:
        return None
    if need is Need.VIDEO:
        # One file may be both the video and, by its own track, the reference, and one extractor may take both.
        return FeatureSource("video", video_key(medium), medium)
    return FeatureSource("audio", medium.key, medium)


def _medium(need: Need, sample: Sample) -> Medium | None:
    return {Need.VIDEO: sample.video, Need.REFERENCE: sample.reference, Need.SPEAKER: sample.speaker_prompt}[need]


def _given(need: Need, sample: Sample) -> object | None:
    if need not in TEXTS:
        return _medium(need, sample)
    words = text_of(need, sample) or ""
    # "..." is a transcript in form only: there is no word to be right or wrong about
    return words if any(character.isalnum() for character in words) else None
