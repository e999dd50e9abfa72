"""How far the melody of speech is from that of its recording: errors of pitch and of voicing.

Along the warping path of the mel-cepstra, so that timing does not count (`@world`), or frame by frame in hertz with
unvoiced frames as zeros (`@versa`, as VERSA computes them).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable
from vsseval.metrics.mcd import common_frames
from vsseval.metrics.warping import warping_path

Kind = Literal["f0_rmse", "f0_corr", "vuv_error"]

_FEW = 10
"""Frames voiced in both, 50 ms, below which there is no pitch to compare."""
_VERSA = "Shi et al., VERSA, NAACL 2025 (c398480, without DTW)"
_WORLD = "Hayashi et al., ESPnet-TTS, ICASSP 2020; pitch by WORLD (Morise et al., 2016)"


class Recipe(NamedTuple):
    """One measure at one recipe."""

    kind: Kind
    recipe: Literal["world", "versa"]
    description: str


RECIPES = {
    "f0_rmse@world": Recipe("f0_rmse", "world", "root mean square error of pitch in cents, where both are voiced"),
    "f0_corr@world": Recipe("f0_corr", "world", "correlation of log pitch, where both are voiced"),
    "vuv_error@world": Recipe("vuv_error", "world", "share of frames of which one is voiced and one is not"),
    "f0_rmse@versa": Recipe("f0_rmse", "versa", "root mean square error of pitch in Hz frame by frame, unvoiced as 0"),
    "f0_corr@versa": Recipe("f0_corr", "versa", "correlation of pitch in Hz frame by frame, unvoiced as 0"),
}
"""Metric id -> recipe."""


class Pitch:
    """Satisfies `SampleMetric`."""

    def __init__(self, made: Recipe) -> None:
        self._made = made
        share, correlation = made.kind == "vuv_error", made.kind == "f0_corr"
        unit = "%" if share else "" if correlation else "cents" if made.recipe == "world" else "Hz"
        extractor = "world22k" if made.recipe == "world" else "world16k"
        self.spec = MetricSpec(
            name=made.kind,
            recipe=made.recipe,
            version="1",
            inputs={
                "generated": Feature(extractor=extractor, of=Need.AUDIO),
                "reference": Feature(extractor=extractor, of=Need.REFERENCE),
            },
            direction="higher" if correlation else "lower",
            unit=unit,
            scale=100.0 if share else 1.0,
            decimals=3 if correlation else 1,
            least=-1.0 if correlation else 0.0,
            greatest=None if made.kind == "f0_rmse" else 1.0,
            description=made.description + (", along the warping path" if made.recipe == "world" else ""),
            citation=_WORLD if made.recipe == "world" else _VERSA,
            # Neither noise nor silence is voiced: under both pitch rules their clips have no value, or a chance one.
            sees=("shuffled", "noise", "silence") if share else ("shuffled",),
        )

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the error or the correlation; detail: `frames` that were compared.

        Args:
            generated: `mcep` (n, k) and `f0` (n,) of the generated speech, Hz, 0 where unvoiced.
            reference: the same of the recording.

        Raises:
            Unmeasurable: nothing is voiced in both, pitch is constant where a correlation is asked for, or (VERSA)
                the lengths are too far apart.
        """
        heard, there = _aligned(generated, reference, self._made.recipe)
        if self._made.kind == "vuv_error":
            return Score(value=float(((heard > 0) != (there > 0)).mean()), detail={"frames": len(heard)})
        if self._made.recipe == "world":
            both = (heard > 0) & (there > 0)
            if both.sum() < _FEW:
                raise Unmeasurable(f"only {int(both.sum())} frames of 5 ms are voiced in both sounds")
            heard, there = 1200 * np.log2(heard[both]), 1200 * np.log2(there[both])
        value = _correlation(heard, there) if self._made.kind == "f0_corr" else _rmse(heard, there)
        return Score(value=value, detail={"frames": len(heard)})


def f0_rmse_world() -> Pitch:
    """Return the error of pitch in cents."""
    return Pitch(RECIPES["f0_rmse@world"])


def f0_corr_world() -> Pitch:
    """Return the correlation of log pitch."""
    return Pitch(RECIPES["f0_corr@world"])


def vuv_error_world() -> Pitch:
    """Return the error of voicing."""
    return Pitch(RECIPES["vuv_error@world"])


def f0_rmse_versa() -> Pitch:
    """Return the error of pitch at VERSA's settings."""
    return Pitch(RECIPES["f0_rmse@versa"])


def f0_corr_versa() -> Pitch:
    """Return the correlation of pitch at VERSA's settings."""
    return Pitch(RECIPES["f0_corr@versa"])


def _aligned(generated: Arrays, reference: Arrays, recipe: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pitch of both, frame by frame of a path or as they come."""
    if recipe == "versa":
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
