"""Words of a recorded sentence, lost or exchanged: where they begin is estimated from the sound.

No aligner is at hand that speaks every voice. Words are laid out in proportion to their letters over the time in which
the clip speaks, and each boundary then moves to the quietest place near it. A boundary may be a phone off; how many
words are hit is exact.
"""

from __future__ import annotations

import re

import numpy as np

from vsseval.errors import Unmeasurable

_FRAME = 0.01
"""Seconds of a frame of loudness."""
_REACH = 0.35
"""How far a boundary may move, as a share of the shorter word beside it."""
_LOUD = 0.02
"""Share of the loudest frame's energy above which a frame counts as speech."""
_FADE = 0.004
"""Seconds of a ramp, so that no cut clicks."""


def dropped(
    samples: np.ndarray, rate: int, transcript: str, window: tuple[float, float] | None, share: float,
    draw: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Return the recording with a share of its words, rounded up, silenced.

    Args:
        samples: float32, shape (channels, n).
        rate: samples per second.
        transcript: what is said.
        window: seconds between which it is said; None where that is not known.
        share: of the words, 0 to 1.
        draw: stream of the clip; the order in which words are lost depends on it alone.

    Raises:
        Unmeasurable: no word, or no speech.
    """
    words = boundaries(samples, rate, transcript, window)
    order = draw.permutation(len(words) - 1)
    gain = np.ones(samples.shape[1], np.float32)
    for word in order[: int(np.ceil(share * len(order) - 1e-9))]:
        first, last = words[word], words[word + 1]
        gain[first:last] = 0.0
    return np.asarray(samples * _ramped(gain, rate), np.float32)


def swapped(
    samples: np.ndarray, rate: int, transcript: str, window: tuple[float, float] | None, share: float,
    draw: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Return the recording with a share of its words exchanged with a neighbour, in disjoint pairs.

    Arguments and errors are those of `dropped`; a sentence of one word cannot be put in another order.
    """
    words = boundaries(samples, rate, transcript, window)
    count = len(words) - 1
    if count < 2:
        raise Unmeasurable("a sentence of one word has no other order")
    first = int(draw.integers(2)) if count > 2 else 0
    pairs = np.arange(first, count - 1, 2)
    chosen = draw.permutation(len(pairs))[: int(np.ceil(share * len(pairs) - 1e-9))]
    made = samples.copy()
    for start in pairs[chosen]:
        a, b, c = words[start], words[start + 1], words[start + 2]
        made[:, a:c] = np.concatenate([samples[:, b:c], samples[:, a:b]], axis=1)
    return np.asarray(made, np.float32)


def boundaries(samples: np.ndarray, rate: int, transcript: str, window: tuple[float, float] | None) -> np.ndarray:
    """Return the sample at which each word begins, and last the one at which the last ends: int, shape (words + 1,).

    Raises:
        Unmeasurable: no word, or no speech.
    """
    letters = [len(word) for word in re.findall(r"[\w']+", transcript)]
    if not letters:
        raise Unmeasurable("the transcript holds no word")
    size = max(1, round(_FRAME * rate))
    count = samples.shape[1] // size
    energy = np.square(samples[:, : count * size], dtype=np.float64).mean(axis=0).reshape(count, size).mean(axis=1)
    first, last = _spoken(energy, window)
    # a word of one letter takes longer than its share of letters
    places = first + (last - first) * np.concatenate([[0.0], np.cumsum(np.add(letters, 1.0))]) / (
        sum(letters) + len(letters)
    )
    lengths = np.diff(places)
    edges = [round(float(places[0]))]
    for index in range(1, len(letters)):
        reach = _REACH * min(lengths[index - 1], lengths[index])
        low = max(edges[-1] + 1, int(places[index] - reach))
        high = max(low + 1, int(places[index] + reach) + 1)
        near = energy[low:high]
        edges.append(low + int(np.argmin(near)) if near.size else low)
    edges.append(max(edges[-1] + 1, round(float(places[-1]))))
    return np.asarray(np.minimum(np.asarray(edges) * size, samples.shape[1]))


def _spoken(energy: np.ndarray, window: tuple[float, float] | None) -> tuple[float, float]:
    """Return the frames between which the clip speaks: within the window, where it is loud."""
    low, high = (0, energy.size) if window is None else (int(window[0] / _FRAME), int(np.ceil(window[1] / _FRAME)))
    inside = energy[low:high]
    if inside.size == 0 or inside.max() <= 0:
        raise Unmeasurable("the recording is silent where the words should be")
    loud = np.flatnonzero(inside > _LOUD * inside.max())
    return low + float(loud[0]), low + float(loud[-1] + 1)


def _ramped(gain: np.ndarray, rate: int) -> np.ndarray:
    size = max(1, round(_FADE * rate))
    padded = np.pad(gain, (size, size), mode="edge")
    return np.convolve(padded, np.full(2 * size + 1, 1 / (2 * size + 1)), mode="valid").astype(np.float32)
