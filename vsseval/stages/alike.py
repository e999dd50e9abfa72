"""Finds sounds that are the same but for gain, polarity, shift and what was added: candidates by landmarks, then proof.

Landmarks (`extractors.sound_print`) make the search linear in the number of clips; the proof is the greatest
cross-correlation of the two sounds with half of their spectra's magnitude taken out (Knapp and Carter, 1976), by which
tones of one pitch are not yet one sound. What was slowed down or transposed is not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RATE = 8_000
"""Samples per second at which sounds are compared."""
WHITENED = 0.5
"""Power of the magnitude that each spectrum is divided by."""
CANDIDATES = 3
VOTES = 3
"""Landmarks that agree on one shift, from which on a sound is a candidate."""
CROWD = 64
"""Sounds with one landmark in common of which the rest are passed over: it says too little."""


class Print(NamedTuple):
    """Landmarks of one sound."""

    codes: np.ndarray
    """Both bins and the distance of each, as one number: int64, (n,)."""
    frames: np.ndarray
    """Where each begins: int64, (n,)."""

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Print:
        """Return the landmarks of a `sound_print`."""
        return cls(_code(arrays["low"], arrays["high"], arrays["apart"]), arrays["frame"].astype(np.int64))

    @classmethod
    def reversed_of(cls, arrays: Mapping[str, np.ndarray]) -> Print:
        """Return the landmarks of the same sound played backwards, counted from its end."""
        end = arrays["frame"].astype(np.int64) + arrays["apart"]
        return cls(_code(arrays["high"], arrays["low"], arrays["apart"]), -end)


class PrintIndex:
    """Many sounds, in which those that share landmarks with another one are found."""

    def __init__(self, prints: Sequence[Print]) -> None:
        sizes = [one.codes.size for one in prints]
        codes = np.concatenate([np.zeros(0, np.int64), *(one.codes for one in prints)])
        order = np.argsort(codes, kind="stable")
        self._codes = codes[order]
        self._frames = np.concatenate([np.zeros(0, np.int64), *(one.frames for one in prints)])[order]
        self._sounds = np.repeat(np.arange(len(prints)), sizes)[order]

    def candidates(self, asked: Print, *, without: int = -1) -> list[int]:
        """Return the places of sounds that share the most landmarks at one shift, the likeliest first.

        Args:
            asked: the sound.
            without: place of one that does not count: itself.
        """
        first = np.searchsorted(self._codes, asked.codes, "left")
        counts = np.minimum(np.searchsorted(self._codes, asked.codes, "right") - first, CROWD)
        if not counts.sum():
            return []
        query = np.repeat(np.arange(counts.size), counts)
        rows = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        sounds, shifts = self._sounds[rows], self._frames[rows] - asked.frames[query]
        kept = sounds != without
        if not kept.any():
            return []
        # a shift that is no multiple of the hop falls into either of two frames
        pairs = np.stack([np.tile(sounds[kept], 2), np.concatenate([shifts[kept] // 2, (shifts[kept] + 1) // 2])])
        found, votes = np.unique(pairs, axis=1, return_counts=True)
        best = np.zeros(int(found[0].max()) + 1, np.int64)
        np.maximum.at(best, found[0], votes)
        likely = np.argsort(-best, kind="stable")[:CANDIDATES]
        return [int(place) for place in likely if best[place] >= VOTES]


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
    return (low.astype(np.int64) << 24) | (high.astype(np.int64) << 12) | apart.astype(np.int64)
