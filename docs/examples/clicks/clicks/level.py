"""An extractor: the level of a sound every 50 ms, in decibels below full scale."""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source

RATE = 16_000


class Level:
    """Root mean squares of windows; built with the `parameters` of its row."""

    def __init__(self, seconds: float = 0.05) -> None:
        self._window = round(seconds * RATE)
        # name and version are part of the key under which features are stored: raise the version when they change
        self.spec = ExtractorSpec(name="level", version="1", input_kinds=("audio",), sample_rate=RATE, licence="CC0")

    def extract(self, source: Source) -> Arrays:
        """Return `level`, shape (windows,), of one sound; it depends on that sound alone."""
        if not isinstance(source, Audio):
            raise Unmeasurable("it measures sound alone")
        samples = source.mono(RATE)
        windows = samples[: samples.size // self._window * self._window].reshape(-1, self._window)
        if not windows.size:
            raise Unmeasurable(f"shorter than {self._window / RATE:g} s")
        power = np.mean(windows.astype(np.float64) ** 2, axis=1)
        return {"level": 10 * np.log10(np.maximum(power, 1e-10))}
