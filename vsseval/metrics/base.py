"""What a metric is: arithmetic on features, in numpy, without networks and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.types import Feature, MetricSpec, Need, Score

Arrays = Mapping[str, np.ndarray]
Sums = dict[str, np.ndarray]
"""Additive float64 statistics of a set of clips; the only merge is `+`, and the harness does it."""

__all__ = [
    "Arrays",
    "DistributionMetric",
    "Feature",
    "MetricSpec",
    "Need",
    "SampleMetric",
    "Score",
    "Sums",
    "Unmeasurable",
]


@runtime_checkable
class SampleMetric(Protocol):
    """A metric with one value per clip."""

    spec: MetricSpec

    def score(self, **inputs: Any) -> Score:
        """Score one clip; the keywords are the keys of `spec.inputs`.

        A feature arrives as `Arrays`, a text as `str`.

        Raises:
            Unmeasurable: the clip cannot be scored; the message says why.
        """
        ...


@runtime_checkable
class DistributionMetric(Protocol):
    """A metric of two sets of clips. Each key of `spec.inputs` is one side."""

    spec: MetricSpec

    def sums(self, **inputs: Arrays) -> Sums:
        """Return the additive float64 statistics of one clip (both sides)."""
        ...

    def value(self, sums: Sums) -> float:
        """Return the distance from added sums.

        Raises:
            Unmeasurable: too few clips for the statistic.
        """
        ...
