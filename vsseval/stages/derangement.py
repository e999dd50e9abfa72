"""Pairs every clip of a benchmark with another one, in time that grows with their number, and not with its square."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from vsseval.stages.catalog import hash_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.types import Sample

__all__ = ["derangement"]

Mark = tuple[str, str]
"""A label or a transcript: what two clips of a pair must not share."""


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
    places = _Places(ordered, giver)
    for i in range(count):
        shared = _marks(ordered[i]) & _marks(giver[i])
        # A label is shared by more clips than words are: its own list leaves fewer places to look at.
        j = places.first_free(i, min(shared)) if shared else None
        if j is not None:
            places.swap(i, j)
    references = {sample.id: stand_in for sample, stand_in in zip(ordered, giver, strict=True)}
    return [references[sample.id] for sample in samples]


class _Places:
    """For each mark, the places of the list where neither the clip nor its stand-in bears it, in order.

    They are found as they are asked for, and each place is looked at once for a mark: those before `_passed` bear
    it, but for those that a swap has freed of it since.
    """

    def __init__(self, ordered: Sequence[Sample], giver: list[Sample]) -> None:
        self._ordered, self._giver = ordered, giver
        self._passed: dict[Mark, int] = {}
        self._freed: dict[Mark, list[int]] = {}

    def first_free(self, i: int, mark: Mark) -> int | None:
        """Return the first place whose stand-in `i` can take, and whose clip can take that of `i`; None: no such."""
        seen: list[int] = []
        found = None
        for j in self._without(mark):
            seen.append(j)
            if not _clash(self._ordered[i], self._giver[j]) and not _clash(self._ordered[j], self._giver[i]):
                found = j
                break
        for j in seen:
            heappush(self._freed[mark], j)
        return found

    def swap(self, i: int, j: int) -> None:
        """Let two clips change their stand-ins."""
        giver = self._giver
        before = {place: _marks(giver[place]) for place in (i, j)}
        giver[i], giver[j] = giver[j], giver[i]
        for place, marks in before.items():
            for mark in marks - _marks(giver[place]):
                if place < self._passed.get(mark, 0):
                    heappush(self._freed[mark], place)

    def _without(self, mark: Mark) -> Iterator[int]:
        """Yield the places free of a mark, ascending; each is taken off the list of those that are known."""
        freed = self._freed.setdefault(mark, [])
        last = -1
        while True:
            while freed:
                place = heappop(freed)
                if place > last and self._bears_not(place, mark):
                    last = place
                    yield place
            place = self._passed.get(mark, 0)
            while place < len(self._giver) and not self._bears_not(place, mark):
                place += 1
            self._passed[mark] = min(place + 1, len(self._giver))
            if place == len(self._giver):
                return
            last = place
            yield place

    def _bears_not(self, place: int, mark: Mark) -> bool:
        return mark not in _marks(self._ordered[place]) and mark not in _marks(self._giver[place])


def _marks(sample: Sample) -> set[Mark]:
    given = {"label": sample.label, "words": sample.transcript}
    return {(kind, value) for kind, value in given.items() if value is not None}


def _clash(a: Sample, b: Sample) -> bool:
    return a.id == b.id or bool(_marks(a) & _marks(b))
