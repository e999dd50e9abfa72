"""Turns samples into requests: no reference, a muted video, a seed of its own for every clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.errors import Unmeasurable
from vsseval.stages.catalog import hash_order
from vsseval.stages.clip_seed import clip_seed
from vsseval.stages.muted_copy import excerpt_copy, muted_copy
from vsseval.types import Medium, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.stages.plan import Plan
    from vsseval.store.features import FeatureStore
    from vsseval.types import Sample


class BoundReferences(NamedTuple):
    """The references that a bound is made from for one clip."""

    reference: Medium
    other: Medium | None = None


BoundReferencesByClip = dict[str, BoundReferences] | None
"""What a bound is made from, by clip; None for a model that is no bound."""


def references_for_bound(plan: Plan) -> BoundReferencesByClip:
    """Return the references that a bound is given for each clip; None for a model that is no bound.

    Clips without an entry have no reference to be made from.
    """
    return bound_references(plan.model.bound, plan.samples)


def bound_references(bound: Literal["own", "other", "both"] | None, samples: Sequence[Sample]) -> BoundReferencesByClip:
    """Return what a bound is given for each of some clips, as `references_for_bound`."""
    if bound is None:
        return None
    usable = [sample for sample in samples if sample.reference and not sample.problem]
    own = {sample.id: sample.reference for sample in usable if sample.reference}
    if bound == "own":
        return {clip: BoundReferences(reference) for clip, reference in own.items()}
    givers = derangement(usable)
    others = {sample.id: own[giver.id] for sample, giver in zip(usable, givers, strict=True)} if givers else {}
    if bound == "other":
        return {clip: BoundReferences(reference) for clip, reference in others.items()}
    return {clip: BoundReferences(own[clip], other) for clip, other in others.items()}


def derangement(samples: Sequence[Sample]) -> list[Sample]:
    """Pair every clip with another one of the list, each used once, the same pairs on every machine.

    The list sorted by hash is shifted by half its length. A clip that meets its own label or its own words
    is then swapped with the first one with which both are free of such a clash; where there is none (one
    label fills more than half of the list), it keeps what it met.

    Returns:
        For each sample, in the order given, the clip that stands in for it; empty for fewer than two.
    """
    ordered = hash_order(samples)
    count = len(ordered)
    if count < 2:
        return []
    giver = [ordered[(index + count // 2) % count] for index in range(count)]
    for i in range(count):
        if not _clash(ordered[i], giver[i]):
            continue
        for j in range(count):
            if not _clash(ordered[i], giver[j]) and not _clash(ordered[j], giver[i]):
                giver[i], giver[j] = giver[j], giver[i]
                break
    references = {sample.id: stand_in for sample, stand_in in zip(ordered, giver, strict=True)}
    return [references[sample.id] for sample in samples]


def make_request(
    sample: Sample,
    seed: int,
    store: FeatureStore,
    references: BoundReferencesByClip,
    *,
    number: int = 0,
    uses_video: bool = True,
) -> Request:
    """Return what a model is given for one clip.

    Args:
        sample: the clip.
        seed: of the run; of several samples of a clip each has one of its own.
        store: holds the copies of media that a model may have.
        references: what a bound is made from.
        number: of the sample, from 0.
        uses_video: whether the model looks at videos.

    Raises:
        Unmeasurable: the video or the speaker prompt cannot be read.
        EnvironmentFault: a copy cannot be written.
    """
    owned = references.get(sample.id) if references else None
    return Request(
        id=sample.id,
        duration=sample.duration,
        seed=clip_seed(seed, sample.id),
        sample=number,
        video=muted_copy(sample.video, store) if sample.video and uses_video else None,
        caption=sample.caption,
        transcript=sample.transcript,
        language=sample.language,
        speech_window=sample.speech_window,
        speaker_prompt=excerpt_copy(sample.speaker_prompt, store) if sample.speaker_prompt else None,
        reference=owned.reference if owned else None,
        other=owned.other if owned else None,
    )


def readable_requests(
    samples: Iterable[Sample], plan: Plan, references: BoundReferencesByClip
) -> tuple[list[Request], dict[str, str]]:
    """Return the requests of those clips whose media can be read, and the reason for each whose media cannot."""
    requests: list[Request] = []
    reasons: dict[str, str] = {}
    for sample in samples:
        try:
            request = make_request(
                sample, plan.spec.seed, plan.store, references, number=plan.sample, uses_video=plan.model.uses_video
            )
            requests.append(request)
        except Unmeasurable as error:
            reasons[sample.id] = str(error)
    return requests, reasons


def _clash(a: Sample, b: Sample) -> bool:
    same_label = a.label is not None and a.label == b.label
    same_words = a.transcript is not None and a.transcript == b.transcript
    return a.id == b.id or same_label or same_words
