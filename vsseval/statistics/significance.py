"""Turns p values into Holm's, adjusted for their number; and a standardised difference into one for few clips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for their number (Holm, Scandinavian Journal of Statistics 6, 1979).

    Args:
        p_values: None where there was no test; it does not count.

    Returns:
        In the same order; whoever rejects where the adjusted value is at most alpha errs on any of the true
        hypotheses with a probability of at most alpha, whatever the dependence of the metrics.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[place] = highest
    return adjusted


def hedges(d: float, degrees: int) -> float:
    """Correct a standardised difference for few clips (Hedges, J. Educational Statistics 6, 1981)."""
    return d * (1.0 - 3.0 / (4.0 * degrees - 1.0)) if degrees > 0 and math.isfinite(d) else d
