"""Sound to its onset envelope: how abruptly it sets in, at every fiftieth of a second.

Spectral flux on several bands (Bello et al., "A tutorial on onset detection in music signals", IEEE TSAP 13, 2005):
the rise of the log power of 40 mel bands, averaged within each of eight groups of bands; the groups' square roots are
averaged, so that an onset in many bands outweighs a strong one in a single band.
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source
from vsseval.networks.spectrum import mel_filters, power, silent

RATE = 16_000
ENVELOPE_RATE = 50
"""Values a second; value k stands for the time (k + 1/2) / 50."""

_WINDOW, _HOP = 1024, 160
_BANDS, _GROUPS = 40, 8
_RANGE = 1e-6
"""Power relative to the loudest band (-60 dB) below which nothing is seen: makes the envelope blind to gain."""

_LEAD = 0.02
"""Seconds by which the flux of a click precedes it: a window of 64 ms sees it coming. Taken back."""


class Onset:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="onset",
        version="1",
        takes=("audio",),
        sample_rate=RATE,
        licence="Apache-2.0",
        description="multi-band spectral flux at 50 Hz",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `envelope`, float32 >= 0, shape (floor(seconds * 50),), and its `rate`, float64 ().

        Raises:
            Unmeasurable: the audio is silent (peak below -60 dBFS) or shorter than 0.5 s.
        """
        if not isinstance(source, Audio):
            raise TypeError(f"onset takes audio, not {type(source).__name__}")
        samples = source.mono(RATE)
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        if samples.size < RATE // 2:
            raise Unmeasurable(f"the audio is shorter than 0.5 s ({samples.size / RATE:.2f} s)")
        return {
            "envelope": _flux(samples).astype(np.float32),
            "rate": np.asarray(float(ENVELOPE_RATE)),
        }


def create() -> Onset:
    """Return the extractor."""
    return Onset()


def _flux(samples: np.ndarray) -> np.ndarray:
    """Return the envelope of 16 kHz mono, shape (floor(seconds * 50),)."""
    count = samples.size * ENVELOPE_RATE // RATE
    # Window i is centred on (i + 1/2) hops, later by _LEAD, so that two of them average to one value of the grid.
    before = _WINDOW // 2 - _HOP // 2 + round(_LEAD * RATE)
    padded = np.pad(samples, (before, _WINDOW), mode="constant")
    bands = power(padded, _WINDOW, _HOP) @ mel_filters(RATE, _WINDOW, _BANDS, 60.0, 7600.0, "htk")
    level = np.log10(bands + _RANGE * bands.max())
    rise = np.maximum(level[2:] - level[:-2], 0.0)
    rise = np.pad(rise, ((1, 1), (0, 0)))[: 2 * count].reshape(2 * count, _GROUPS, -1).mean(axis=2)
    by_grid = rise.reshape(count, 2, _GROUPS).mean(axis=1)
    return np.asarray(np.sqrt(by_grid).mean(axis=1))
