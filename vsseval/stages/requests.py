"""Turns samples into requests: no reference, a muted video, a seed of its own for every clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable
from vsseval.stages.clip_seed import clip_seed
from vsseval.stages.muted_copy import excerpt_copy, muted_copy
from vsseval.types import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.stages.bound_references import BoundReferencesByClip
    from vsseval.stages.plan import Plan
    from vsseval.store.features import FeatureStore
    from vsseval.types import Sample


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
        others=owned.others if owned else (),
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
