"""AV-Align: how many peaks of sound and of motion fall together, over all that there are.

Yariv et al., "Diverse and aligned audio-to-video generation via text-to-video model adaptation", AAAI 2024, eq. 5, and
the script of TempoTokens: onsets of the sound by librosa; local maxima, of at least 0.1 pixels, of the mean optical
flow between frames; an onset and a maximum match if they are less than one frame apart. The script counts matched
onsets alone, so that two onsets at one maximum give 2 / 1; the paper counts both sides and halves: at most 1.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.onset_peaks import peaks

DELTA = 0.07
"""Of onsets: librosa's default."""
LEAST_FLOW = 0.1
"""Pixels per frame below which a maximum of flow is none: a still picture has some too."""


class AvAlign:
    """`av_align@tempotokens` and `av_align@tempotokens-asreported`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, *, as_reported: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `sound` and `picture`.
            as_reported: count as the script does, and not as the paper.
        """
        self.spec = spec
        self._as_reported = as_reported

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return intersection over union, from 0; detail: `onsets`, `flow_peaks` and `matched` onsets.

        Args:
            sound: `strength` (n,) and `rate` () of the onset strength.
            picture: `magnitude` (m,) and `fps` () of the optical flow.

        Raises:
            Unmeasurable: neither has a peak.
        """
        heard = peaks(sound["strength"], DELTA) / float(sound["rate"])
        fps = float(picture["fps"])
        seen = flow_peaks(picture["magnitude"]) / fps
        if not len(heard) + len(seen):
            raise Unmeasurable("neither the sound nor the picture has a peak")
        near = (seen - 1 / fps < heard[:, None]) & (heard[:, None] < seen + 1 / fps)
        onsets, maxima = int(near.any(axis=1).sum()), int(near.any(axis=0).sum())
        matched = onsets if self._as_reported else (onsets + maxima) / 2
        union = len(heard) + len(seen) - matched
        counts: dict[str, float | int | str] = {"onsets": len(heard), "flow_peaks": len(seen), "matched": onsets}
        if union <= 0:
            raise Unmeasurable("as the script counts, more onsets are matched than there are peaks of either kind")
        return Score(value=matched / union, detail=counts)


def flow_peaks(magnitude: np.ndarray) -> np.ndarray:
    """Return the frames whose flow is greater than that of both neighbours, and at least 0.1 pixels; int, (k,)."""
    x = np.asarray(magnitude, np.float64)
    if len(x) < 3:
        return np.zeros(0, int)
    middle = x[1:-1]
    return np.flatnonzero((middle > x[:-2]) & (middle > x[2:]) & (middle >= LEAST_FLOW)) + 1
