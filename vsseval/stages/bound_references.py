"""Decides what each bound is made from: every clip's own reference, that of another clip, both, or a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.stages.catalog import hash_order
from vsseval.stages.derangement import derangement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.types import Medium, Sample

__all__ = ["BoundReferences", "BoundReferencesByClip", "bound_references"]


class BoundReferences(NamedTuple):
    """The references that a bound is made from for one clip."""

    reference: Medium
    other: Medium | None = None
    others: tuple[Medium, ...] = ()


POOL = 64
"""Other clips among which a bound may choose: a look at each other one of 15,000 would take days."""

BoundReferencesByClip = dict[str, BoundReferences] | None
"""What a bound is made from, by clip; None for a model that is no bound."""


def bound_references(
    bound: Literal["own", "other", "both", "others"] | None, samples: Sequence[Sample]
) -> BoundReferencesByClip:
    """Return the references that a bound is given for each of some clips; None for a model that is no bound.

    Clips without an entry have no reference to be made from.
    """
    if bound is None:
        return None
    usable = [sample for sample in samples if sample.reference and not sample.problem]
    own = {sample.id: sample.reference for sample in usable if sample.reference}
    if bound == "own":
        return {clip: BoundReferences(reference) for clip, reference in own.items()}
    if bound == "others":
        return _choices(own, [sample.id for sample in hash_order(usable)[: POOL + 1]])
    givers = derangement(usable)
    others = {sample.id: own[giver.id] for sample, giver in zip(usable, givers, strict=True)} if givers else {}
    if bound == "other":
        return {clip: BoundReferences(reference) for clip, reference in others.items()}
    return {clip: BoundReferences(own[clip], other) for clip, other in others.items()}


def _choices(own: dict[str, Medium], pool: Sequence[str]) -> BoundReferencesByClip:
    """Return for each clip its own reference and those of the pool, less its own; nothing where there is no other."""
    return {
        clip: BoundReferences(reference, others=tuple(own[other] for other in pool if other != clip)[:POOL])
        for clip, reference in own.items()
        if any(other != clip for other in pool)
    }
