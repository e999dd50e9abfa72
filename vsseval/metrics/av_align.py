"""AV-Align: how many peaks of sound and of motion fall together, over all that there are.

Yariv et al., "Diverse and aligned audio-to-video generation via text-to-video model adaptation", AAAI 2024, eq. 5, and
the script of TempoTokens: onsets of the sound by librosa; local maxima, of at least 0.1 pixels, of the mean optical
flow between frames; an onset and a maximum match if they are less than one frame apart. The script counts matched
onsets alone, so that two onsets at one maximum give 2 / 1; the paper counts both sides and halves: at most 1.
JavisBench takes the script without the least motion; MOVA lets every maximum serve one onset.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.onset_peaks import peaks

DELTA = 0.07
"""Of onsets: librosa's default."""
LEAST_FLOW = 0.1
"""Pixels per frame below which a maximum of flow is none: a still picture has some too."""


Counting = Literal["both", "onsets", "once"]
"""What counts as matched: the mean of matched onsets and matched maxima (the paper); onsets (TempoTokens' script);
pairs of an onset and a maximum, each used once, the earliest first (MOVA)."""


class AvAlign:
    """`av_align@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, counting: Counting = "both", least_flow: float = LEAST_FLOW) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `sound` and `picture`.
            counting: what counts as matched.
            least_flow: pixels per frame below which a maximum of flow is none.
        """
        self.spec = spec
        self._counting: Counting = counting
        self._least = least_flow

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return intersection over union, from 0; detail: `onsets`, `flow_peaks` and `matched` onsets.

        Args:
            sound: `strength` (n,) and `rate` () of the onset strength.
            picture: `magnitude` (m,) and `fps` () of the optical flow.

        Raises:
            Unmeasurable: neither has a peak.
        """
        rate, fps = float(sound["rate"]), float(picture["fps"])
        heard = peaks(sound["strength"], DELTA, rate) / rate
        seen = flow_peaks(picture["magnitude"], self._least) / fps
        if not len(heard) + len(seen):
            raise Unmeasurable("neither the sound nor the picture has a peak")
        near = (seen - 1 / fps < heard[:, None]) & (heard[:, None] < seen + 1 / fps)
        onsets, maxima = int(near.any(axis=1).sum()), int(near.any(axis=0).sum())
        matched = {"both": (onsets + maxima) / 2, "onsets": onsets, "once": _pairs(near)}[self._counting]
        union = len(heard) + len(seen) - matched
        counts: dict[str, float | int | str] = {"onsets": len(heard), "flow_peaks": len(seen), "matched": onsets}
        if union <= 0:
            raise Unmeasurable("as the script counts, more onsets are matched than there are peaks of either kind")
        return Score(value=matched / union, detail=counts)


def _pairs(near: np.ndarray) -> int:
    """Return how many onsets find a maximum of their own, each the first that is left; `near` is (onsets, maxima)."""
    used = np.zeros(near.shape[1], bool)
    for row in near:
        free = np.flatnonzero(row & ~used)
        used[free[:1]] = True
    return int(used.sum())


def flow_peaks(magnitude: np.ndarray, least: float = LEAST_FLOW) -> np.ndarray:
    """Return the frames whose flow is greater than that of both neighbours, and at least `least` pixels; int, (k,)."""
    x = np.asarray(magnitude, np.float64)
    if len(x) < 3:
        return np.zeros(0, int)
    middle = x[1:-1]
    return np.flatnonzero((middle > x[:-2]) & (middle > x[2:]) & (middle >= least)) + 1
