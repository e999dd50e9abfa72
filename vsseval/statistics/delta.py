"""The nouns of a paired comparison: a difference of two runs by one metric, and the clips that moved."""

from __future__ import annotations

from typing import Literal

from vsseval.types import Direction, Record

ALPHA = 0.05
"""Probability, at most, of calling any of the metrics of one comparison different where none is."""


class ClipChange(Record, frozen=True, kw_only=True):
    """One clip, and what it has in both runs, in the stored unit."""

    clip: str
    value_a: float
    value_b: float


class Delta(Record, frozen=True, kw_only=True):
    """Metric of run a minus that of run b, over the clips that both have.

    Numbers are in the stored unit: multiply by `scale` to display. None wherever undefined, with `reason`.
    """

    metric: str
    a: str
    b: str
    """Names of the two models."""
    benchmark: str
    direction: Direction
    unit: str = ""
    scale: float = 1.0
    decimals: int = 2
    value_a: float | None = None
    value_b: float | None = None
    difference: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval of the difference."""
    method: str = ""
    """How the interval was made."""
    p: float | None = None
    """Two-sided, of no difference, for this metric alone: the interval turned round, so that it is at most 0.05 exactly
    where the interval is clear of zero."""
    p_holm: float | None = None
    """The same, adjusted for the number of metrics of this comparison."""
    effect: float | None = None
    """Mean difference over the standard deviation of the clips' differences (Cohen's d_z, with Hedges'
    correction); None for metrics without a value per clip."""
    n: int = 0
    """Clips that the difference is made of."""
    clusters: int = 0
    """Clusters (or, for a distance, groups of clips) that these come from."""
    grouped: bool = False
    """It is the difference of two distances, whose groups stay as many when there are more clips."""
    n_a: int = 0
    total_a: int = 0
    n_b: int = 0
    total_b: int = 0
    """Clips that each run measured, and that it ought to have measured."""
    only_a: int = 0
    only_b: int = 0
    """Clips that one run measured and the other did not; they are left out."""
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None
    """Clips on which a is better, equal, worse; None for metrics without a value per clip."""
    moved: tuple[ClipChange, ...] = ()
    """Clips on which the runs differ most, the greatest difference first."""
    reason: str | None = None

    @property
    def better(self) -> Literal["a", "b"] | None:
        """Which run is better, where the interval is clear of zero: the one rule behind every win, mark and verdict."""
        if self.low is None or self.high is None or self.low <= 0.0 <= self.high:
            return None
        return "a" if (self.low > 0.0) == (self.direction == "higher") else "b"

    @property
    def significant(self) -> Literal["a", "b"] | None:
        """Which run is better, where that holds after Holm's adjustment over all metrics compared too."""
        return self.better if self.p_holm is not None and self.p_holm <= ALPHA else None
