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
TOGETHER = 256
"""Sounds that are looked for at a time: their landmarks are found in order, neighbours beside one another."""
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

    def backwards(self) -> Print:
        """Return the landmarks of the same sound played backwards, counted from its end."""
        low, high, apart = self.codes >> 15, self.codes >> 6 & 511, self.codes & 63
        return Print(_code(high, low, apart), -(self.frames + apart.astype(np.int32)))


NOTHING = Print(np.zeros(0, np.uint32), np.zeros(0, np.int32))
"""Of silence."""


class Candidate(NamedTuple):
    """A sound that shares landmarks with another."""

    votes: int
    """Landmarks that agree on one shift."""
    place: int


def candidates(
    count: int, read: Callable[[int], Print], queries: int, asked: Callable[[int], Print], *, own: bool = False
) -> list[list[int]]:
    """Return for each query the places of the likeliest sounds, the likeliest first.

    No more than `BLOCK` sounds are searched at a time; the answer does not depend on that.

    Args:
        count: sounds that are searched.
        read: gives the print of one of them.
        queries: what is looked for.
        asked: gives the print of one of those.
        own: whether query i is sound i, which does not count.
    """
    before = np.zeros(CODES if count > BLOCK else 0, np.uint8)
    found: list[list[Candidate]] = [[] for _ in range(queries)]
    for first in range(0, count, BLOCK):
        index = _Index([read(place) for place in range(first, min(count, first + BLOCK))], first, before)
        for start in range(0, queries, TOGETHER):
            numbers = range(start, min(queries, start + TOGETHER))
            news = index.find([asked(number) for number in numbers], without=numbers if own else None)
            for number, new in zip(numbers, news, strict=True):
                best = sorted([*found[number], *new], key=lambda one: (-one.votes, one.place))
                found[number] = best[:CANDIDATES]
        index.add_to(before)
        del index  # before that of the next block is made
    return [[one.place for one in best] for best in found]


class _Index:
    """Some of the sounds, in which those that share landmarks with another one are found."""

    def __init__(self, prints: Sequence[Print], first: int, before: np.ndarray) -> None:
        """Sort landmarks.

        Args:
            prints: of sounds that follow one another.
            first: place of the first.
            before: landmarks of earlier sounds by code, `CROWD` at most; empty where there are none.
        """
        codes, frames, sounds = _joined(prints)
        order = np.argsort(codes, kind="stable")
        self._codes, self._frames, self._sounds = codes[order], frames[order], sounds[order]
        self._first, self._count, self._before = first, len(prints), before

    def add_to(self, before: np.ndarray) -> None:
        """Count these landmarks among the earlier ones."""
        if before.size:
            codes, counts = np.unique(self._codes, return_counts=True)
            before[codes] = np.minimum(before[codes] + counts, CROWD)

    def find(self, asked: Sequence[Print], *, without: Sequence[int] | None = None) -> list[list[Candidate]]:
        """Return for each print the sounds that share the most landmarks with it at one shift, the likeliest first.

        Args:
            asked: prints.
            without: for each the place of a sound that does not count.
        """
        queries, sounds, shifts = self._shared(asked)
        if without is not None:
            kept = sounds + self._first != np.asarray(without)[queries]
            queries, sounds, shifts = queries[kept], sounds[kept], shifts[kept]
        found: list[list[Candidate]] = [[] for _ in asked]
        if not queries.size:
            return found
        # a shift that is no multiple of the hop falls into either of two frames
        frames = np.concatenate([shifts // 2, (shifts + 1) // 2])
        least = frames.min()
        span = int(frames.max() - least) + 1
        pair = queries * self._count + sounds
        places, votes = np.unique(np.tile(pair, 2) * span + (frames - least), return_counts=True)
        pairs = places // span
        starts = np.flatnonzero(np.diff(pairs, prepend=-1))
        most = np.maximum.reduceat(votes, starts)
        likely = most >= VOTES
        query, sound = np.divmod(pairs[starts][likely], self._count)
        for place in np.lexsort((sound, -most[likely], query)):
            best = found[int(query[place])]
            if len(best) < CANDIDATES:
                best.append(Candidate(int(most[likely][place]), self._first + int(sound[place])))
        return found

    def _shared(self, asked: Sequence[Print]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which print shares a landmark with which sound of these, and how much later it has it, in frames."""
        codes, frames, queries = _joined(asked)
        order = np.argsort(codes, kind="stable")  # neighbours are found beside one another
        codes, frames, queries = codes[order], frames[order], queries[order]
        first = np.searchsorted(self._codes, codes, "left")
        most = CROWD - self._before[codes].astype(np.int64) if self._before.size else CROWD
        counts = np.minimum(np.searchsorted(self._codes, codes, "right") - first, most)
        each = np.repeat(np.arange(counts.size), counts)
        rows = np.arange(each.size) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        shifts = self._frames[rows].astype(np.int64) - frames[each]
        return queries[each].astype(np.int64), self._sounds[rows].astype(np.int64), shifts


def _joined(prints: Sequence[Print]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the codes and frames of all landmarks, and the place of the print that each is of."""
    codes = np.concatenate([np.zeros(0, np.uint32), *(one.codes for one in prints)])
    frames = np.concatenate([np.zeros(0, np.int32), *(one.frames for one in prints)])
    return codes, frames, np.repeat(np.arange(len(prints), dtype=np.int32), [one.codes.size for one in prints])


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
