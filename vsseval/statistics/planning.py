"""Says with which chance a t test shows a difference, and how many clips show it with a given chance."""

from __future__ import annotations

import math
from typing import NamedTuple

from vsseval.errors import UsageError
from vsseval.statistics.delta import ALPHA
from vsseval.statistics.student import power, quantile
from vsseval.types import Record

MOST = 10**9
"""Clips beyond which no benchmark goes: a difference that needs more will not be shown."""
CERTAIN = 30.0
"""Standard errors beyond which power is 1 to every digit."""


class PowerSettings(Record, frozen=True, kw_only=True):
    """What is asked of a comparison.

    Raises:
        UsageError: a probability outside its range.
    """

    alpha: float = ALPHA
    """Level of the two-sided test."""
    power: float = 0.8
    """Chance of finding a difference that is there (0.8 is customary: Cohen 1988)."""
    correlation: float = 0.0
    """Of two systems' values over clips, where only one run is known; 0 asks for the most clips."""
    difference: float | None = None
    """In the stored unit of the one metric that is asked about."""

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise UsageError(f"--alpha {self.alpha:g}: give a probability between 0 and 1, as 0.05")
        if not self.alpha < self.power < 1:
            raise UsageError(f"--power {self.power:g}: give a chance between alpha ({self.alpha:g}) and 1, as 0.8")
        if not 0 <= self.correlation < 1:
            raise UsageError(f"--correlation {self.correlation:g}: give 0 to less than 1, as 0.5")
        if self.difference is not None and not (math.isfinite(self.difference) and self.difference):
            raise UsageError(f"--difference {self.difference:g}: give a difference other than 0")


class StandardError(NamedTuple):
    """A standard error, and how it was come by."""

    se: float
    """Of the difference, at `n` clips."""
    n: int
    units: int
    """Clusters, or groups of a jackknife."""
    grouped: bool
    """Of a jackknife the number of groups stays when there are more clips."""

    def errors(self, difference: float, clips: int) -> tuple[float, int]:
        """Return a difference in standard errors at a number of clips, and the degrees of freedom there."""
        if self.grouped:
            return abs(difference) / (self.se * math.sqrt(self.n / clips)), min(self.units, clips) - 1
        units = clips * self.units // self.n  # whole clusters
        return abs(difference) / (self.se * math.sqrt(self.units / max(units, 1))), units - 1


def power_of_t_test(errors: float, degrees: int, alpha: float) -> float:
    """Return the power of a two-sided t test.

    Args:
        errors: true difference over the standard error, at least 0.
        degrees: of freedom; below 1 there is no test, and no chance.
        alpha: level of the test.
    """
    if degrees < 1:
        return 0.0
    bar = quantile(degrees, 1 - alpha)
    return 1.0 if errors > bar + CERTAIN else power(errors, degrees, bar)


def detectable(degrees: int, settings: PowerSettings) -> float:
    """Return the least difference, in standard errors, that is found with the power asked for.

    Args:
        degrees: of freedom, at least 1.
        settings: what is asked.
    """
    low, high = 0.0, 1.0
    while power_of_t_test(high, degrees, settings.alpha) < settings.power:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if power_of_t_test(middle, degrees, settings.alpha) < settings.power else (low, middle)
        )
    return high


def clips_for(difference: float, spread: StandardError, settings: PowerSettings) -> int | None:
    """Return the least number of clips that show a difference, where its error falls with their root.

    As many clips a cluster as now are taken for granted, and as many groups of a distance. None: not even `MOST`.
    """

    def shown(clips: int) -> bool:
        errors, degrees = spread.errors(difference, clips)
        return power_of_t_test(errors, degrees, settings.alpha) >= settings.power

    low, high = 1, 2
    while not shown(high):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high
