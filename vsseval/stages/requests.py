"""Turns samples into requests: no reference, a muted video, a seed of its own for every clip."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.stages.catalog import hash_order
from vsseval.store import atomic
from vsseval.types import Medium, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.stages.plan import Plan
    from vsseval.store.features import FeatureStore
    from vsseval.types import Sample


class Loan(NamedTuple):
    """The references that a bound is made from for one clip."""

    reference: Medium
    other: Medium | None = None


Given = dict[str, Loan] | None
"""What a bound is made from, by clip; None for a model that is no bound."""


def clip_seed(run_seed: int, sample_id: str) -> int:
    """Return the seed of one clip, 0 to 2**63 - 1: a function of the run's seed and the clip's id alone."""
    digest = hashlib.sha256(f"{run_seed}:{sample_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 2**63


def references(plan: Plan) -> Given:
    """Return the references that a bound is given for each clip; None for a model that is no bound.

    Clips without an entry have no reference to be made from.
    """
    return loans(plan.model.bound, plan.samples)


def loans(bound: Literal["own", "other", "both"] | None, samples: Sequence[Sample]) -> Given:
    """Return what a bound is given for each of some clips, as `references`."""
    if bound is None:
        return None
    usable = [sample for sample in samples if sample.reference and not sample.problem]
    own = {sample.id: sample.reference for sample in usable if sample.reference}
    if bound == "own":
        return {clip: Loan(reference) for clip, reference in own.items()}
    givers = derangement(usable)
    others = {sample.id: own[giver.id] for sample, giver in zip(usable, givers, strict=True)} if givers else {}
    if bound == "other":
        return {clip: Loan(reference) for clip, reference in others.items()}
    return {clip: Loan(own[clip], other) for clip, other in others.items()}


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
    given = {sample.id: stand_in for sample, stand_in in zip(ordered, giver, strict=True)}
    return [given[sample.id] for sample in samples]


def make_request(sample: Sample, seed: int, store: FeatureStore, given: Given, *, watches: bool = True) -> Request:
    """Return what a model is given for one clip.

    Args:
        sample: the clip.
        seed: of the run.
        store: holds the copies of media that a model may have.
        given: what a bound is made from.
        watches: whether the model looks at videos.

    Raises:
        Unmeasurable: the video or the speaker prompt cannot be read.
        EnvironmentFault: a copy cannot be written.
    """
    loan = given.get(sample.id) if given else None
    return Request(
        id=sample.id,
        duration=sample.duration,
        seed=clip_seed(seed, sample.id),
        video=muted(sample.video, store) if sample.video and watches else None,
        caption=sample.caption,
        transcript=sample.transcript,
        language=sample.language,
        speech_window=sample.speech_window,
        speaker_prompt=excerpt(sample.speaker_prompt, store) if sample.speaker_prompt else None,
        reference=loan.reference if loan else None,
        other=loan.other if loan else None,
    )


def muted(video: Medium, store: FeatureStore) -> Medium:
    """Return a video without an audio track and without what lies outside its stretch: itself, or a copy in the store.

    Videos of data sets carry the ground truth; a model that is handed one could copy it.

    Raises:
        Unmeasurable: the video cannot be read.
        EnvironmentFault: the copy cannot be written.
    """
    whole = video.key == video.sha256
    if whole and not media.probe(video.path).has_audio:
        return video
    target = store.muted(video.key)
    if not target.exists():
        with atomic.faults(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        media.mute(video.path, target, video.start, video.seconds)
    return Medium(path=target, sha256=media.sha256(target))


def excerpt(sound: Medium, store: FeatureStore) -> Medium:
    """Return a sound of which nothing lies outside its stretch: itself, or a copy in the store.

    Raises:
        Unmeasurable: the sound cannot be read.
        EnvironmentFault: the copy cannot be written.
    """
    if sound.key == sound.sha256:
        return sound
    target = store.excerpt(sound.key)
    if not target.exists():
        audio = media.load_audio(sound.path, sound.start, sound.seconds)
        with atomic.faults(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        media.write_flac(target, audio.samples, audio.sample_rate)
    return Medium(path=target, sha256=media.sha256(target))


def readable(samples: Iterable[Sample], plan: Plan, given: Given) -> tuple[list[Request], dict[str, str]]:
    """Return the requests of those clips whose media can be read, and the reason for each whose media cannot."""
    requests: list[Request] = []
    reasons: dict[str, str] = {}
    for sample in samples:
        try:
            requests.append(make_request(sample, plan.spec.seed, plan.store, given, watches=plan.model.watches))
        except Unmeasurable as error:
            reasons[sample.id] = str(error)
    return requests, reasons


def _clash(a: Sample, b: Sample) -> bool:
    same_label = a.label is not None and a.label == b.label
    same_words = a.transcript is not None and a.transcript == b.transcript
    return a.id == b.id or same_label or same_words
