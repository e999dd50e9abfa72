"""Decides what each bound is made from: every clip's own reference, that of another clip, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.stages.derangement import derangement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.types import Medium, Sample

__all__ = ["BoundReferences", "BoundReferencesByClip", "bound_references"]


class BoundReferences(NamedTuple):
    """The references that a bound is made from for one clip."""

    reference: Medium
    other: Medium | None = None


BoundReferencesByClip = dict[str, BoundReferences] | None
"""What a bound is made from, by clip; None for a model that is no bound."""


def bound_references(bound: Literal["own", "other", "both"] | None, samples: Sequence[Sample]) -> BoundReferencesByClip:
    """Return the references that a bound is given for each of some clips; None for a model that is no bound.

    Clips without an entry have no reference to be made from.
    """
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
