"""Sound to the onset strength of librosa, and to how loud it is where an onset may be, on frames of 512 samples.

What `librosa.onset.onset_strength` computes at its defaults (McFee et al., SciPy 2015; 0.11.0), and `onset_detect` then
brings to 0..1: the mean over 128 mel bands of the rise in decibels from one frame to the next. Peaks are picked by the
metrics, whose thresholds differ.
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.extractors.waveform import as_librosa
from vsseval.networks.spectrum import mel_filters, power

WINDOW, HOP = 2048, 512
BANDS = 128
AROUND = 0.05
"""Seconds to either side of a frame in which its loudest is looked for (Du et al., CVPR 2023, evaluation script)."""

_FLOOR, _RANGE = 1e-10, 80.0
"""Least power, and decibels below the loudest at which nothing is seen."""
_DELAY = 1 + WINDOW // (2 * HOP)
"""Frames by which the strength is late: one for the difference, two for the half window that sees ahead."""


class OnsetStrength:
    """Satisfies `Extractor`; holds no state."""

    def __init__(self, name: str, rate: int) -> None:
        """Say who it is.

        Args:
            name: of the variant.
            rate: samples a second that sound is brought to; 0 leaves it at its own.
        """
        self._rate = rate
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio",),
            sample_rate=rate or None,
            licence="Apache-2.0",
            description="onset strength as librosa's, with the loudness around each frame",
        )

    def extract(self, source: Source) -> Arrays:
        """Return arrays on frames k, whose time is k * 512 / rate s; n = 1 + samples // 512.

        `strength`, float32 (n,), 0 to 1, all 0 where nothing ever sets in; `here`, float32 (n, 2), absolute and signed
        sample at the frame's time; `loudest`, float32 (n, 2), the greatest of either within 50 ms; `extremes`, float32
        (2, 2), least and greatest absolute, least and greatest signed sample of the whole; `rate`, float64 (), frames
        per second.

        Raises:
            Unmeasurable: there are no samples.
        """
        source = sound(source, self.spec.name)
        rate = self._rate or source.sample_rate
        samples = as_librosa(source, rate)
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        strength, around = _strength(samples, rate), int(AROUND * rate)
        both = np.stack([np.abs(samples), samples], axis=1)
        places = np.minimum(np.arange(len(strength)) * HOP, samples.size - 1)
        windows = [both[max(0, place - around) : place + around].max(axis=0) for place in places]
        return {
            "strength": strength.astype(np.float32),
            "here": both[places],
            "loudest": np.stack(windows),
            "extremes": np.stack([both.min(axis=0), both.max(axis=0)], axis=1),
            "rate": np.asarray(rate / HOP),
        }


def _strength(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the onset strength of mono, brought to 0..1, shape (1 + n // 512,)."""
    padded = np.pad(samples, WINDOW // 2)
    levels = power(padded, WINDOW, HOP) @ mel_filters(rate, WINDOW, BANDS, 0.0, rate / 2, "slaney")
    decibels = 10 * np.log10(np.maximum(levels, _FLOOR))
    decibels = np.maximum(decibels, decibels.max() - _RANGE)
    rise = np.maximum(np.diff(decibels, axis=0), 0.0).mean(axis=1)
    late = np.pad(rise, (_DELAY, 0))[: len(decibels)]
    late = late - late.min()
    return np.asarray(late / (late.max() + np.finfo(np.float32).tiny))
