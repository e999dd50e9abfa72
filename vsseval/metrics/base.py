"""What a metric is: arithmetic on features, in numpy, without networks and files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.types import Feature, MetricSpec, Need, Score

Arrays = Mapping[str, np.ndarray]
Sums = dict[str, np.ndarray]
"""Additive float64 statistics of a set of clips; the only merge is `+`, and the harness does it."""

Rows = dict[str, np.ndarray]
"""Named arrays of one clip, each (k, ...), kept as they are; of many clips, joined in the order of the clips' ids."""

__all__ = [
    "Arrays",
    "DistributionMetric",
    "Feature",
    "GroupedRowsMetric",
    "MetricSpec",
    "Need",
    "Rows",
    "RowsMetric",
    "SampleMetric",
    "Score",
    "SummedRowsMetric",
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


@runtime_checkable
class RowsMetric(Protocol):
    """A metric of sets of clips that is no function of sums: of kernels, of splits, of subsets drawn at random."""

    spec: MetricSpec

    def rows(self, **inputs: Any) -> Rows:
        """Return what is kept of one clip, float32 or float64; the keywords are the keys of `spec.inputs`.

        Raises:
            Unmeasurable: the clip cannot take part; the message says why.
        """
        ...

    def value(self, rows: Rows) -> float:
        """Return the value from the rows of all clips.

        Raises:
            Unmeasurable: too few clips.
        """
        ...


@runtime_checkable
class GroupedRowsMetric(Protocol):
    """A `RowsMetric` whose draws stay as they are when groups of clips are left out.

    Drawn anew for each group left out, splits and subsets would differ by chance, and the jackknife would take that
    chance for the error of the metric. By simulation, its standard error then is 2.6 times the true one for KID (600
    clips) and 1.9 times for FAD-inf (1,000); with draws that stay, 1.3 and 1.05 times.
    """

    spec: MetricSpec

    def rows(self, **inputs: Any) -> Rows:
        """Return what is kept of one clip, as `RowsMetric.rows`."""
        ...

    def value(self, rows: Rows) -> float:
        """Return the value from the rows of all clips, as `RowsMetric.value`."""
        ...

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray]) -> Callable[[Collection[int]], float]:
        """Return what gives the value with the rows of some groups left out; of none, it is `value(rows)`.

        Args:
            rows: of all clips, joined in the order of their ids.
            groups: name of an array -> number of the group of each of its rows, (k,).

        Raises:
            Unmeasurable: too few clips; also raised by what is returned, where too few are left.
        """
        ...


@runtime_checkable
class SummedRowsMetric(Protocol):
    """A distance whose sums take more room than the clips: rows are kept, and summed when it is computed.

    For vectors of 2,048 numbers the sums of twenty groups take 1.3 GB whatever the number of clips.
    """

    spec: MetricSpec

    def rows(self, **inputs: Any) -> Rows:
        """Return what is kept of one clip, as `RowsMetric.rows`."""
        ...

    def sums(self, **rows: np.ndarray) -> Sums:
        """Return additive float64 statistics of rows; the keywords are the keys of what `rows` returns."""
        ...

    def value(self, sums: Sums) -> float:
        """Return the distance from added sums, as `DistributionMetric.value`."""
        ...

    def value_of_rows(self, rows: Rows) -> float:
        """Return the same distance straight from rows: the quicker way where they are fewer than their columns."""
        ...
