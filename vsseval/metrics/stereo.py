"""How far the direction of a sound is from that of its recording: differences of level and of time between channels."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

Measure = Literal["level", "delay"]

QUIET = 1e-4
"""Power relative to a sound's loudest frame (-40 dB) below which it is taken for quiet: silence has no direction."""
FARTHEST = 30.0
"""dB beyond which a sound is all on one side; farther is no farther."""
MILLISECONDS = 1000.0


class ChannelDifference:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            measure: "level" in dB, or "delay" in milliseconds.
        """
        self.spec = spec
        self._measure = measure

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the mean absolute difference where both sound; the weight is 1, `frames` how many they are.

        Args:
            generated: `level`, `delay` and `power` of the generated sound, each (n,).
            reference: the same of the recording, of m frames; the longer is cut.

        Raises:
            Unmeasurable: there is no frame in which both sound.
        """
        count = min(len(generated["power"]), len(reference["power"]))
        loud = [side["power"] > QUIET * np.max(side["power"]) for side in (generated, reference)]
        both = loud[0][:count] & loud[1][:count]
        if not both.any():
            raise Unmeasurable("there is no moment at which both the generated sound and the recording are heard")
        heard, there = (np.asarray(side[self._measure][:count][both], np.float64) for side in (generated, reference))
        if self._measure == "level":
            heard, there = (np.clip(side, -FARTHEST, FARTHEST) for side in (heard, there))
        apart = np.abs(heard - there) * (1.0 if self._measure == "level" else MILLISECONDS)
        return Score(value=float(apart.mean()), detail={"frames": int(both.sum())})
