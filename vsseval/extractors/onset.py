"""Sound to its onsets in four bands, and to its level, at every fiftieth of a second.

Onsets are SuperFlux (Böck and Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013, section 2):
the rise of a logarithmic spectrum over what any neighbouring band had 20 ms before, so that a tone that glides does not
set in anew; here of 80 mel bands, averaged within each quarter of them. The level is the mean of log-mel bands.
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.networks.spectrum import mel_filters, power, silent

RATE = 16_000
ENVELOPE_RATE = 50
"""Values a second; value k stands for the time (k + 1/2) / 50."""

_WINDOW, _HOP = 1024, 160
_BANDS, _GROUPS = 80, 4
_CONTRAST = 100.0
"""Magnitudes are seen as log10(1 + 100 m), m relative to the loudest band: what is 40 dB below it and less hardly
counts, and gain not at all."""
_RANGE = 1e-6
"""Power relative to the loudest band (-60 dB) at which the level stops to fall."""
_WIDTH, _LAG = 3, 2
"""Of SuperFlux: bands over which the earlier spectrum's maximum is taken; hops between the two spectra."""
_LEAD = 0.019
"""Seconds by which the flux of a click precedes it: a window of 64 ms sees it coming. Taken back."""


class Onset:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="onset",
        version="2",
        input_kinds=("audio",),
        sample_rate=RATE,
        licence="Apache-2.0",
        description="SuperFlux in four bands and mean log-mel level at 50 Hz",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `flux` and `level`, with n = floor(seconds * 50), and their `rate`, float64 ().

        `flux` is float32 >= 0, shape (n, 4), low bands first; `level` float32 (n,), decades of power, of any zero.

        Raises:
            Unmeasurable: the audio is silent (peak below -60 dBFS) or shorter than 0.5 s.
        """
        source = sound(source, "onset")
        samples = source.mono(RATE)
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        if samples.size < RATE // 2:
            raise Unmeasurable(f"the audio is shorter than 0.5 s ({samples.size / RATE:.2f} s)")
        return {
            "flux": _flux(_mel(samples, _LEAD)).astype(np.float32),
            "level": _level(_mel(samples, 0.0)).astype(np.float32),
            "rate": np.asarray(float(ENVELOPE_RATE)),
        }


def _mel(samples: np.ndarray, late: float) -> np.ndarray:
    """Return the power of mel bands, two rows to a value of the grid, shape (2 n, 80).

    Args:
        samples: 16 kHz mono, shape (m,).
        late: seconds by which row i, of the time (i + 1/2) / 100, looks behind.
    """
    rows = 2 * (samples.size * ENVELOPE_RATE // RATE)
    before = _WINDOW // 2 - _HOP // 2 + round(late * RATE)
    padded = np.pad(samples, (before, _WINDOW))
    return np.asarray((power(padded, _WINDOW, _HOP) @ mel_filters(RATE, _WINDOW, _BANDS, 60.0, 7600.0, "htk"))[:rows])


def _flux(bands: np.ndarray) -> np.ndarray:
    """Return SuperFlux of mel powers (2 n, 80) in four groups of bands, shape (n, 4)."""
    from scipy.ndimage import maximum_filter1d

    seen = np.log10(1 + _CONTRAST * np.sqrt(bands / bands.max()))
    rise = np.maximum(seen[_LAG:] - maximum_filter1d(seen, _WIDTH, axis=1)[:-_LAG], 0.0)
    rise = np.pad(rise, ((_LAG // 2, _LAG // 2), (0, 0)))
    return np.asarray(rise.reshape(len(rise) // 2, 2, _GROUPS, -1).mean(axis=(1, 3)))


def _level(bands: np.ndarray) -> np.ndarray:
    """Return the mean log power of mel bands (2 n, 80), shape (n,)."""
    logs = np.log10(bands + _RANGE * bands.max())
    return np.asarray(logs.reshape(len(logs) // 2, -1).mean(axis=1))
