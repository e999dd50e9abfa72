"""Sound to patches of log-mel statistics: what the embedded Fréchet audio distance compares.

Front end of VGGish (Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017):
16 kHz, 64 mel bands from 125 to 7500 Hz, windows of 25 ms every 10 ms, log(magnitude + 0.01). In place of its
network, each patch of 0.96 s (one every 0.48 s) is described by 48 numbers: for each of 16 groups of four
neighbouring bands the mean level, its standard deviation over time, and its mean absolute change from one window
to the next: spectrum, dynamics and texture.

Why 48 numbers: a Fréchet distance estimates a covariance of d x d. A benchmark of 48 clips of 4 s gives 336
patches, and neighbours resemble each other; 64 bands times three statistics would be 192 dimensions and leave that
covariance nearly singular, with a bias (about d / n) larger than the differences that are to be seen.
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.networks.spectrum import log_mel

RATE = 16_000
GROUPS = 16
PATCH, PATCH_HOP = 96, 48
"""Windows per patch, and from one patch to the next: 0.96 s and 0.48 s."""

CENTRE = np.repeat(np.array([-1.5, 0.6, 0.3]), GROUPS)
"""Subtracted from every patch: round averages over real recordings. float64 sums of squares are then safe."""


class LogMel:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="logmel",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        licence="Apache-2.0",
        description="48 log-mel statistics (level, spread, change in 16 bands) per 0.96 s patch",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `patches`, float64, shape (n >= 1, 48): natural-log units, centred by `CENTRE`.

        Sound shorter than a patch is filled up with silence; a tail shorter than half a patch is not read.

        Raises:
            Unmeasurable: there are no samples.
        """
        source = sound(source, "logmel")
        samples = source.mono(RATE)
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        least = 400 + (PATCH - 1) * 160
        levels = log_mel(np.pad(samples, (0, max(0, least - samples.size))))
        starts = range(0, len(levels) - PATCH + 1, PATCH_HOP)
        return {"patches": np.stack([_statistics(levels[start : start + PATCH]) for start in starts]) - CENTRE}


def _statistics(levels: np.ndarray) -> np.ndarray:
    """Return mean, standard deviation and mean absolute difference of (96, 64) levels in 16 groups: (48,)."""
    grouped = levels.reshape(len(levels), GROUPS, -1).mean(axis=2)
    change = np.abs(np.diff(grouped, axis=0)).mean(axis=0)
    return np.concatenate([grouped.mean(axis=0), grouped.std(axis=0), change])
