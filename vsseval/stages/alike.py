"""Finds sounds that are the same but for gain, polarity, shift and what was added: candidates by landmarks, then proof.

Landmarks (`extractors.sound_print`) make the search linear in the number of clips; the proof is the greatest
cross-correlation of the two sounds with half of their spectra's magnitude taken out (Knapp and Carter, 1976), by which
tones of one pitch are not yet one sound. What was slowed down or transposed is not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RATE = 8_000
"""Samples per second at which sounds are compared."""
WHITENED = 0.5
"""Power of the magnitude that each spectrum is divided by."""
CANDIDATES = 3
VOTES = 3
"""Landmarks that agree on one shift, from which on a sound is a candidate."""
CROWD = 64
"""Sounds with one landmark in common of which the rest are passed over: it says too little."""
CODES = 1 << 24
"""Bins of 512 samples have 9 bits, a second in hops of 16 ms has 6."""
BLOCK = 20_000
"""Sounds whose landmarks are searched at a time: of ten seconds each, about 350 MB with what sorting takes."""


class Print(NamedTuple):
    """Landmarks of one sound."""

    codes: np.ndarray
    """Both bins and the distance of each, as one number below `CODES`: uint32, (n,)."""
    frames: np.ndarray
    """Where each begins: int32, (n,)."""

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Print:
        """Return the landmarks of a `sound_print`."""
        return cls(_code(arrays["low"], arrays["high"], arrays["apart"]), arrays["frame"].astype(np.int32))

    @classmethod
    def reversed_of(cls, arrays: Mapping[str, np.ndarray]) -> Print:
        """Return the landmarks of the same sound played backwards, counted from its end."""
        end = arrays["frame"].astype(np.int32) + arrays["apart"].astype(np.int32)
        return cls(_code(arrays["high"], arrays["low"], arrays["apart"]), -end)


NOTHING = Print(np.zeros(0, np.uint32), np.zeros(0, np.int32))
"""Of silence."""


class Candidate(NamedTuple):
    """A sound that shares landmarks with another."""

    votes: int
    """Landmarks that agree on one shift."""
    place: int


def candidates(
    count: int,
    read: Callable[[int], Print],
    queries: int,
    asked: Callable[[int], Sequence[Print]],
    *,
    own: bool = False,
) -> list[list[list[int]]]:
    """Return for each query, for each of its prints, the places of the likeliest sounds, the likeliest first.

    No more than `BLOCK` prints are in memory at a time; the answer does not depend on that.

    Args:
        count: sounds that are searched.
        read: gives the print of one of them.
        queries: what is looked for.
        asked: gives the prints of one of those, as many for each.
        own: whether query i is sound i, which does not count.
    """
    before = np.zeros(CODES if count > BLOCK else 0, np.uint8)
    found: list[list[list[Candidate]]] = [[] for _ in range(queries)]
    for first in range(0, count, BLOCK):
        prints = [read(place) for place in range(first, min(count, first + BLOCK))]
        index = _Index(prints, first, before)
        for number in range(queries):
            news = [index.find(one, without=number if own else -1) for one in asked(number)]
            olds = found[number] or [[] for _ in news]
            found[number] = [
                sorted([*old, *new], key=lambda one: (-one.votes, one.place))[:CANDIDATES]
                for old, new in zip(olds, news, strict=True)
            ]
        index.add_to(before)
        del index, prints  # before those of the next are read
    return [[[one.place for one in best] for best in each] for each in found]


class _Index:
    """Some of the sounds, in which those that share landmarks with another one are found."""

    def __init__(self, prints: Sequence[Print], first: int, before: np.ndarray) -> None:
        """Sort landmarks.

        Args:
            prints: of sounds that follow one another.
            first: place of the first.
            before: landmarks of earlier sounds by code, `CROWD` at most; empty where there are none.
        """
        sizes = [one.codes.size for one in prints]
        codes = np.concatenate([np.zeros(0, np.uint32), *(one.codes for one in prints)])
        order = np.argsort(codes, kind="stable")
        self._codes = codes[order]
        self._frames = np.concatenate([np.zeros(0, np.int32), *(one.frames for one in prints)])[order]
        self._sounds = np.repeat(np.arange(first, first + len(prints), dtype=np.int32), sizes)[order]
        self._first, self._before = first, before

    def add_to(self, before: np.ndarray) -> None:
        """Count these landmarks among the earlier ones."""
        if before.size:
            codes, counts = np.unique(self._codes, return_counts=True)
            before[codes] = np.minimum(before[codes] + counts, CROWD)

    def find(self, asked: Print, *, without: int) -> list[Candidate]:
        """Return the sounds that share the most landmarks at one shift, the likeliest first."""
        first = np.searchsorted(self._codes, asked.codes, "left")
        most = CROWD - self._before[asked.codes].astype(np.int64) if self._before.size else CROWD
        counts = np.minimum(np.searchsorted(self._codes, asked.codes, "right") - first, most)
        if not counts.sum():
            return []
        query = np.repeat(np.arange(counts.size), counts)
        rows = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        sounds, shifts = self._sounds[rows].astype(np.int64), self._frames[rows] - asked.frames[query].astype(np.int64)
        kept = sounds != without
        if not kept.any():
            return []
        # a shift that is no multiple of the hop falls into either of two frames
        pairs = np.stack([np.tile(sounds[kept], 2), np.concatenate([shifts[kept] // 2, (shifts[kept] + 1) // 2])])
        found, votes = np.unique(pairs, axis=1, return_counts=True)
        best = np.zeros(int(found[0].max()) - self._first + 1, np.int64)
        np.maximum.at(best, found[0] - self._first, votes)
        likely = np.argsort(-best, kind="stable")[:CANDIDATES]
        return [Candidate(int(best[one]), self._first + int(one)) for one in likely if best[one] >= VOTES]


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the greatest cross-correlation, 0 to 1, of two sounds at `RATE`, whatever their gain, polarity and shift.

    Half of the magnitude of both spectra is taken out. 0 where one of them is silent. Unrelated sounds stay below 0.2.
    """
    from scipy import fft

    size = fft.next_fast_len(one.size + other.size, real=True)
    spectra = []
    for wave in (one, other):
        spectrum = fft.rfft(wave.astype(np.float64) - wave.mean(), size) if wave.size else np.zeros(1, np.complex128)
        magnitude = np.abs(spectrum)
        if not magnitude.max() > 0.0:
            return 0.0
        white = spectrum / np.maximum(magnitude, 1e-3 * magnitude.max()) ** WHITENED
        spectra.append(white / np.linalg.norm(white))
    # both halves of the spectrum: `irfft` divides by the size, the norm was that of one half
    crossed = fft.irfft(spectra[0] * np.conj(spectra[1]), size) * (size / 2)
    return min(1.0, float(np.abs(crossed).max()))


def _code(low: np.ndarray, high: np.ndarray, apart: np.ndarray) -> np.ndarray:
    low, high, apart = (part.astype(np.uint32) for part in (low, high, apart))
    return (low & 511) << 15 | (high & 511) << 6 | (apart & 63)
