"""A metric: how far the dynamic range of the generated sound is from that of the recording."""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.metrics.base import Arrays, MetricSpec, Score

SILENT = -99.0
"""Decibels of what the extractor calls silent throughout."""


class RangeError:
    """Absolute difference of two dynamic ranges, from one percentile of the levels to another."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, low: float = 10.0, high: float = 95.0) -> None:
        self.spec = spec
        self._ends = (low, high)

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return decibels; the two ranges stand in the detail of the clip.

        Raises:
            Unmeasurable: one of the sounds is silent; the clip keeps its place in N.
        """
        ranges = {}
        for name, levels in (("generated", generated["level"]), ("reference", reference["level"])):
            if levels.max() <= SILENT:
                raise Unmeasurable(f"the {name} sound is silent")
            quiet, loud = np.percentile(levels, self._ends)
            ranges[name] = float(loud - quiet)
        return Score(value=abs(ranges["generated"] - ranges["reference"]), detail={**ranges})
