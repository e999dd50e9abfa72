"""What a metric is: arithmetic on features, in numpy, without networks and files.

A family is a class with one of five `kind`s. `family(spec, **parameters)` is one metric; recipes are rows of data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal, ParamSpec, Protocol

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.types import Feature, MetricSpec, Need, Score

Arrays = Mapping[str, np.ndarray]
Sums = dict[str, np.ndarray]
"""Additive float64 statistics of a set of clips; the only merge is `+`, and the harness does it."""

Rows = dict[str, np.ndarray]
"""Named arrays of one clip, each (k, ...), kept as they are; of many clips, joined in the order of the clips' ids."""

Kind = Literal["per_clip", "sums", "rows", "grouped_rows", "summed_rows"]

METHODS: Mapping[Kind, tuple[str, ...]] = {
    "per_clip": ("score",),
    "sums": ("sums", "value"),
    "rows": ("rows", "value"),
    "grouped_rows": ("rows", "value", "without"),
    "summed_rows": ("rows", "sums", "value", "value_of_rows"),
}
"""What a family of each kind has; the first is given the inputs of one clip."""

Inputs = ParamSpec("Inputs")
"""The inputs of one clip, by keyword: the keys of `spec.inputs`. A feature arrives as `Arrays`, a text as `str`.

Each family names its own; the harness compares them with the recipe when it builds the metric.
"""

__all__ = [
    "METHODS",
    "Arrays",
    "Distance",
    "DistributionMetric",
    "Feature",
    "Inputs",
    "Kind",
    "LeaveOutRowsMetric",
    "Metric",
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


class SampleMetric(Protocol[Inputs]):
    """A metric with one value per clip."""

    spec: MetricSpec

    @property
    def kind(self) -> Literal["per_clip"]:
        """A class attribute: `kind: Final = "per_clip"`."""
        ...

    def score(self, *args: Inputs.args, **inputs: Inputs.kwargs) -> Score:
        """Score one clip.

        Raises:
            Unmeasurable: the clip cannot be scored; the message says why.
        """
        ...


class DistributionMetric(Protocol[Inputs]):
    """A metric of two sets of clips that is a function of sums. Each key of `spec.inputs` is one side."""

    spec: MetricSpec

    @property
    def kind(self) -> Literal["sums"]:
        """A class attribute: `kind: Final = "sums"`."""
        ...

    def sums(self, *args: Inputs.args, **inputs: Inputs.kwargs) -> Sums:
        """Return the additive float64 statistics of one clip (both sides).

        Raises:
            Unmeasurable: the clip cannot take part; the message says why.
        """
        ...

    def value(self, sums: Sums, /) -> float:
        """Return the distance from added sums.

        Raises:
            Unmeasurable: too few clips for the statistic.
        """
        ...


class RowsMetric(Protocol[Inputs]):
    """A metric of sets of clips that is no function of sums: of kernels, of splits, of subsets drawn at random."""

    spec: MetricSpec

    @property
    def kind(self) -> Literal["rows"]:
        """A class attribute: `kind: Final = "rows"`."""
        ...

    def rows(self, *args: Inputs.args, **inputs: Inputs.kwargs) -> Rows:
        """Return what is kept of one clip, float32 or float64.

        Raises:
            Unmeasurable: the clip cannot take part; the message says why.
        """
        ...

    def value(self, rows: Rows, /) -> float:
        """Return the value from the rows of all clips.

        Raises:
            Unmeasurable: too few clips.
        """
        ...


class LeaveOutRowsMetric(Protocol[Inputs]):
    """A metric of rows whose draws stay as they are when groups of clips are left out.

    Drawn anew for each group left out, splits and subsets would differ by chance, and the jackknife would take that
    chance for the error of the metric. By simulation, its standard error then is 2.6 times the true one for KID (600
    clips) and 1.9 times for FAD-inf (1,000); with draws that stay, 1.3 and 1.05 times.
    """

    spec: MetricSpec

    @property
    def kind(self) -> Literal["grouped_rows"]:
        """A class attribute: `kind: Final = "grouped_rows"`."""
        ...

    def rows(self, *args: Inputs.args, **inputs: Inputs.kwargs) -> Rows:
        """Return what is kept of one clip, as `RowsMetric.rows`."""
        ...

    def value(self, rows: Rows, /) -> float:
        """Return the value from the rows of all clips, as `RowsMetric.value`."""
        ...

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray], /) -> Callable[[Collection[int]], float]:
        """Return what gives the value with the rows of some groups left out; of none, it is `value(rows)`.

        Args:
            rows: of all clips, joined in the order of their ids.
            groups: name of an array -> number of the group of each of its rows, (k,).

        Raises:
            Unmeasurable: too few clips; also raised by what is returned, where too few are left.
        """
        ...


class SummedRowsMetric(Protocol[Inputs]):
    """A distance whose sums take more room than the clips: rows are kept, and summed when it is computed.

    For vectors of 2,048 numbers the sums of twenty groups take 1.3 GB whatever the number of clips.
    """

    spec: MetricSpec

    @property
    def kind(self) -> Literal["summed_rows"]:
        """A class attribute: `kind: Final = "summed_rows"`."""
        ...

    def rows(self, *args: Inputs.args, **inputs: Inputs.kwargs) -> Rows:
        """Return what is kept of one clip, as `RowsMetric.rows`."""
        ...

    def sums(self, rows: Rows, /) -> Sums:
        """Return additive float64 statistics of rows."""
        ...

    def value(self, sums: Sums, /) -> float:
        """Return the distance from added sums, as `DistributionMetric.value`."""
        ...

    def value_of_rows(self, rows: Rows, /) -> float:
        """Return the same distance straight from rows: the quicker way where they are fewer than their columns."""
        ...


Distance = DistributionMetric[...] | RowsMetric[...] | LeaveOutRowsMetric[...] | SummedRowsMetric[...]
"""A metric of sets of clips, whatever it is kept as."""
Metric = SampleMetric[...] | Distance
