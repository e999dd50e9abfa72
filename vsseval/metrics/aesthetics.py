"""Four things that listeners say of any sound, as Meta's Audiobox aesthetics predicts them (Tjandra et al., 2025)."""

from __future__ import annotations

from typing import Final, Literal

from vsseval.metrics.base import Arrays, MetricSpec, Score

AXES = ("ce", "cu", "pc", "pq")

Axis = Literal["ce", "cu", "pc", "pq", "mean"]


class Aesthetic:
    """One axis of Audiobox aesthetics; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, axis: Axis) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the input `audio`.
            axis: content enjoyment, content usefulness, production complexity or production quality; or the
                mean of the four.
        """
        self.spec = spec
        self._axis = axis

    def score(self, audio: Arrays) -> Score:
        """Return the predicted score, about 1 to 10.

        Args:
            audio: the four scores of the generated sound, () each.
        """
        axes = AXES if self._axis == "mean" else (self._axis,)
        return Score(value=sum(float(audio[axis]) for axis in axes) / len(axes))
