"""By how much sound and picture are apart, as Synchformer judges: mean of the absolute offset in windows of 4.8 s.

The definition of av-benchmark (av_bench/evaluate.py), which MMAudio and most later work report. The network knows 21
offsets from -2 to 2 s in steps of 0.2 s; the mean over its answers for the first and the last 14 segments is taken.
JavisBench takes all windows of 14.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

CLASSES = 21
GREATEST = 2.0
"""Seconds."""
WINDOW = 4.8
"""Seconds of the 14 segments that are compared at once; two windows may be the same one."""


class DesyncSynchformer:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, offsets: Arrays) -> Score:
        """Score one clip.

        Args:
            offsets: `logits`, shape (windows, 21).

        Returns:
            The value in seconds; as detail the signed offset of the first and the last window, in seconds, positive
            where the sound comes early.

        Raises:
            Unmeasurable: a logit is NaN or infinite.
        """
        logits = np.asarray(offsets["logits"])
        if not np.isfinite(logits).all():
            raise Unmeasurable("the offsets are not finite: the weights of Synchformer are damaged, or not its own")
        found = signed(logits).astype(np.float64)
        ends = {"offset_first": round(float(found[0]), 1), "offset_last": round(float(found[-1]), 1)}
        return Score(value=float(np.abs(found).mean()), detail={**ends})


def signed(logits: np.ndarray) -> np.ndarray:
    """Return the likeliest offsets, float32, shape (...), in seconds; of equal logits the first class wins.

    Args:
        logits: shape (..., 21), finite.
    """
    grid = np.linspace(-GREATEST, GREATEST, CLASSES).astype(np.float32)
    return np.asarray(grid[logits.argmax(axis=-1)])
