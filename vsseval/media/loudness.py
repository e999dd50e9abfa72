"""Loudness of a sound as ITU-R BS.1770 measures it, at any sample rate.

K-weighting is given by the Recommendation as two filters at 48 kHz; at other rates they are the bilinear transforms of
the same analogue prototypes, whose constants were published with libebur128 and pyloudnorm (Steinmetz and Reiss, 2021).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vsseval.media.audio import Audio

__all__ = ["integrated_loudness", "peak"]

BLOCK, STEP = 0.4, 0.1
"""Seconds of a gating block, and from one to the next (BS.1770-4, annex 1)."""
ABSOLUTE_GATE = -70.0
"""LUFS. Quieter blocks are no programme."""
RELATIVE_GATE = -10.0
"""Loudness units below the mean of the others at which blocks are pauses."""
OFFSET = -0.691
"""Of the logarithm, so that 997 Hz at full scale in one channel is -3.01."""
SURROUND = 1.41
"""Weight of the fourth and fifth of five channels; the others have 1."""


def integrated_loudness(audio: Audio) -> float:
    """Return the gated loudness in LUFS; -inf where no block is louder than -70.

    A sound shorter than one block of 0.4 s is one block.

    Args:
        audio: any number of channels; of more than five, and of those of more than two, the order L R C Ls Rs is meant.
    """
    rate = audio.sample_rate
    samples = _weighted(np.asarray(audio.samples, np.float64), rate)
    channels = np.array([SURROUND if i in {3, 4} and len(samples) == 5 else 1.0 for i in range(len(samples))])
    power = channels @ _blocks(samples**2, rate)
    loudness = _lufs(power)
    loud = power[loudness >= ABSOLUTE_GATE]
    if not loud.size:
        return -math.inf
    gate = _lufs(loud.mean()) + RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def peak(audio: Audio) -> float:
    """Return the greatest sample's magnitude (not the true peak between samples), 0 for silence."""
    return float(np.abs(audio.samples).max(initial=0.0))


def _blocks(squares: np.ndarray, rate: int) -> np.ndarray:
    """Return the mean square of each gating block, shape (channels, blocks)."""
    length = squares.shape[1]
    size, total = min(round(BLOCK * rate), length), np.cumsum(np.pad(squares, ((0, 0), (1, 0))), axis=1)
    starts = np.round(np.arange(0, (length - size) / (STEP * rate) + 1e-9) * STEP * rate).astype(int)
    starts = starts[starts + size <= length] if starts.size else np.zeros(1, int)
    return np.asarray((total[:, starts + size] - total[:, starts]) / max(size, 1))


def _weighted(samples: np.ndarray, rate: int) -> np.ndarray:
    from scipy.signal import lfilter

    for numerator, denominator in (_shelf(rate), _highpass(rate)):
        samples = lfilter(numerator, denominator, samples, axis=-1)
    return samples


def _shelf(rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first stage: the head lifts what lies above 1.5 kHz by 4 dB."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    quality, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / quality + k * k
    upper = np.array([high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k])
    return upper / norm, np.array([1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm])


def _highpass(rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the second stage: a high-pass at 38 Hz."""
    k, quality = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + k / quality + k * k
    return np.array([1.0, -2.0, 1.0]), np.array([1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm])


def _lufs(power: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(OFFSET + 10 * np.log10(power))
