"""How far the melody of speech is from that of its recording: errors of pitch and of voicing.

Along the warping path of the mel-cepstra, so that timing does not count (`@world`), or frame by frame in hertz with
unvoiced frames as zeros (`@versa`, as VERSA computes them).
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.metrics.mcd import common_frames
from vsseval.metrics.warping import warping_path

Measure = Literal["f0_rmse", "f0_corr", "vuv_error"]
Aligned = Literal["warped", "frame by frame"]

_FEW = 10
"""Frames voiced in both, 50 ms, below which there is no pitch to compare."""


class Pitch:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure, aligned: Aligned) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            measure: error of pitch, its correlation, or error of voicing.
            aligned: "warped" along the path of the mel-cepstra, pitch in cents; or "frame by frame", pitch in hertz.
        """
        self.spec = spec
        self._measure, self._aligned = measure, aligned

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the error or the correlation; detail: `frames` that were compared.

        Args:
            generated: `mcep` (n, k) and `f0` (n,) of the generated speech, Hz, 0 where unvoiced.
            reference: the same of the recording.

        Raises:
            Unmeasurable: nothing is voiced in both, pitch is constant where a correlation is asked for, or (VERSA)
                the lengths are too far apart.
        """
        heard, there = _aligned(generated, reference, self._aligned)
        if self._measure == "vuv_error":
            return Score(value=float(((heard > 0) != (there > 0)).mean()), detail={"frames": len(heard)})
        if self._aligned == "warped":
            both = (heard > 0) & (there > 0)
            if both.sum() < _FEW:
                raise Unmeasurable(f"only {int(both.sum())} frames of 5 ms are voiced in both sounds")
            heard, there = 1200 * np.log2(heard[both]), 1200 * np.log2(there[both])
        value = _correlation(heard, there) if self._measure == "f0_corr" else _rmse(heard, there)
        return Score(value=value, detail={"frames": len(heard)})


def _aligned(generated: Arrays, reference: Arrays, aligned: Aligned) -> tuple[np.ndarray, np.ndarray]:
    """Return the pitch of both, frame by frame of a path or as they come."""
    if aligned == "frame by frame":
        frames = common_frames(len(generated["f0"]), len(reference["f0"]))
        return generated["f0"][:frames], reference["f0"][:frames]
    path = warping_path(reference["mcep"][:, 1:], generated["mcep"][:, 1:])
    return generated["f0"][path[:, 1]], reference["f0"][path[:, 0]]


def _rmse(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.square(a - b).mean()))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a - a.mean(), b - b.mean()
    norms = float(np.linalg.norm(x) * np.linalg.norm(y))
    if norms < 1e-9:
        raise Unmeasurable("the pitch of one sound is constant, or nothing is voiced: there is no correlation")
    return float(np.clip(x @ y / norms, -1.0, 1.0))
