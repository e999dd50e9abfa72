"""Where the features of a metric are taken from: the medium or the text behind each of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.language import covers, unheard
from vsseval.store.features import text_key
from vsseval.types import TEXTS, Feature, Medium, Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vsseval.types import ExtractorSpec, Generation, MetricSpec, Sample

Kind = Literal["audio", "video", "text", "features"]

NAMES = {
    Need.AUDIO: "generated audio",
    Need.REFERENCE: "reference",
    Need.VIDEO: "video",
    Need.SPEAKER: "speaker prompt",
    Need.TRANSCRIPT: "transcript",
    Need.CAPTION: "caption",
    Need.EVENTS: "annotated events",
}


class Origin(NamedTuple):
    """One medium, text, or pair of media, under the key of its features."""

    kind: Kind
    key: str
    medium: Medium | None = None
    text: str | None = None
    reads: ExtractorSpec | None = None
    pair: tuple[str, str] = ("", "")
    """Keys of the two media whose features, made by `reads`, are put together."""


def applies(spec: MetricSpec, sample: Sample) -> str | None:
    """Return why a metric does not apply to a clip, as far as the manifest says; None where it does.

    This depends on the benchmark alone, so that every model is held against the same number of clips.
    """
    if spec.language is not None and not covers(spec.language, sample.language):
        return f"the clip's language is {sample.language}, the metric is for {spec.language}"
    if sample.problem is not None:
        return None  # it may lack its media because of the problem; it stays in N as failed
    if sample.duration < spec.shortest:
        return f"the clip lasts {sample.duration:.2f} s, the metric takes {spec.shortest:g} s or more"
    for value in spec.inputs.values():
        for need in needs(value):
            if need is not Need.AUDIO and _given(need, sample) is None:
                return f"the clip has no {NAMES[need]}"
    if spec.language is not None and Need.TRANSCRIPT in spec.inputs.values():
        return unheard(spec.language, sample.transcript or "")
    return None


def needs(value: Feature | Need) -> list[Need]:
    """Return the media or text that an input is made of."""
    if not isinstance(value, Feature):
        return [value]
    return [value.of] if value.beside is None else [value.of, value.beside]


def features(spec: MetricSpec) -> Iterator[tuple[str, Feature]]:
    """Yield the inputs of a metric that are features, by argument name; those of the benchmark come first."""
    named = [(name, value) for name, value in spec.inputs.items() if isinstance(value, Feature)]
    yield from sorted(named, key=lambda item: (Need.AUDIO in needs(item[1]), item[0]))


def texts(spec: MetricSpec, sample: Sample) -> dict[str, str]:
    """Return the inputs of a metric that are texts given as they are."""
    named = {name: value for name, value in spec.inputs.items() if not isinstance(value, Feature)}
    return {name: text(need, sample) or "" for name, need in named.items()}


def text(need: Need, sample: Sample) -> str | None:
    """Return a text of a clip."""
    if need is Need.EVENTS:
        return " ".join(map(str, sorted(sample.events))) or None
    return sample.transcript if need is Need.TRANSCRIPT else sample.caption


def pieces(spec: MetricSpec, extractors: Mapping[str, ExtractorSpec]) -> list[Feature]:
    """Return all features that a metric is made of: the benchmark's alone first, and what a pair is made of before it.

    A clip that the metric does not apply to is so for every model, whatever became of the sound: N is the benchmark's.
    """
    found = dict.fromkeys(piece for _, whole in features(spec) for piece in (*parts(whole, extractors), whole))
    return sorted(found, key=lambda piece: Need.AUDIO in needs(piece))


def parts(feature: Feature, extractors: Mapping[str, ExtractorSpec]) -> list[Feature]:
    """Return the features that one is made of, those of the benchmark first: both of a pair's, else itself alone."""
    reads = extractors[feature.extractor].reads
    if feature.beside is None or reads is None:
        return [feature]
    needs = sorted((feature.of, feature.beside), key=lambda need: need is Need.AUDIO)
    return [Feature(extractor=reads, of=need) for need in needs]


def origin(
    feature: Feature, sample: Sample, generation: Generation, root: Path, extractors: Mapping[str, ExtractorSpec]
) -> Origin | None:
    """Return what a feature of a clip is taken from; None where there is no such medium.

    The key of a pair names the extractor that both features are from: other weights there are another feature.
    """
    first = origin_of(feature.of, sample, generation, root)
    if feature.beside is None or first is None:
        return first
    second = origin_of(feature.beside, sample, generation, root)
    reads = extractors[feature.extractor].reads
    if second is None or reads is None:
        return None
    spec = extractors[reads]
    key = text_key(" ".join((*spec.identity, first.key, second.key)))
    return Origin("features", key, reads=spec, pair=(first.key, second.key))


def origin_of(need: Need, sample: Sample, generation: Generation, root: Path) -> Origin | None:
    """Return one medium or text of a clip; None where there is none."""
    if need in TEXTS:
        words = text(need, sample)
        return None if words is None else Origin("text", text_key(words), text=words)
    if need is Need.AUDIO:
        if generation.status != "ok" or generation.path is None or generation.sha256 is None:
            return None
        return Origin("audio", generation.sha256, Medium(path=root / generation.path, sha256=generation.sha256))
    medium = _medium(need, sample)
    if medium is None:
        return None
    if need is Need.VIDEO:
        # One file may be both the video and, by its own track, the reference, and one extractor may take both.
        return Origin("video", text_key(f"video {medium.key}"), medium)
    return Origin("audio", medium.key, medium)


def _medium(need: Need, sample: Sample) -> Medium | None:
    return {Need.VIDEO: sample.video, Need.REFERENCE: sample.reference, Need.SPEAKER: sample.speaker_prompt}[need]


def _given(need: Need, sample: Sample) -> object | None:
    if need not in TEXTS:
        return _medium(need, sample)
    words = text(need, sample) or ""
    # "..." is a transcript in form only: there is no word to be right or wrong about
    return words if any(character.isalnum() for character in words) else None
