"""How far a metric agrees with people, and what that shows: the nouns of `vsseval correlate`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

Level = Literal["system", "clip", "pair"]
LEVELS: tuple[Level, ...] = ("system", "clip", "pair")
Verdict = Literal["agrees", "opposes", "none seen", "cannot tell"]

FEWEST = 5
"""Systems below which nothing can be said of systems in general: even perfect agreement of four is chance once in
twelve (2 / 4!), of five once in sixty."""
LEAST = 0.3
"""Correlation that is worth having; an interval that holds 0 and ends before it, to both sides, says that none was
seen."""
MOST = 1000
"""Systems beyond which their number is no answer."""


class Coefficient(Record, frozen=True):
    """One number in [-1, 1] with the ends of its 95 % interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Agreement(Record, frozen=True, kw_only=True):
    """How far one metric agrees with people, at one level. Positive always means that what people prefer scores better.

    At the level of pairs `kendall` is the share of pairs judged alike less that judged the other way round; there is no
    `spearman`.
    """

    metric: str
    level: Level
    n: int
    """Systems; pairs of clip and system; or pairs of systems on a clip that people told apart."""
    systems: int
    clips: int
    clusters: int
    spearman: Coefficient
    kendall: Coefficient
    method: str
    verdict: Verdict = "cannot tell"
    would: int | None = None
    """Systems, or clips, that would tell, were the correlation what it is here; None where it is told, or never."""
    reason: str | None = None
    """Why there is no number or no interval."""
    signature: str = ""


def verdict_of(found: Coefficient) -> Verdict:
    """Say what the interval of a coefficient shows."""
    if found.low is None or found.high is None:
        return "cannot tell"
    if found.low > 0:
        return "agrees"
    if found.high < 0:
        return "opposes"
    return "none seen" if found.low > -LEAST and found.high < LEAST else "cannot tell"


def would_tell(known: dict[str, Any], found: Coefficient) -> int | None:
    """Return how many systems, or clips, would tell, were the coefficient what it is; None if too many."""
    value = abs(found.value or 0.0)
    if known["level"] == "system":
        # Fieller, Hartley and Pearson, Biometrika 44, 1957: the error of Fisher's z of a rank correlation.
        if value < 1e-3:
            return None
        needed = FEWEST if value >= 1 else max(FEWEST, math.ceil(3 + 1.06 * (1.96 / math.atanh(value)) ** 2))
        needed = max(needed, known["n"] + 1)
    else:
        if found.low is None or found.high is None or value < 1e-3:
            return None
        # Errors go with the root of the clips.
        needed = math.ceil(known["clips"] * ((found.high - found.low) / 2 / value) ** 2)
        needed = max(needed, known["clips"] + 1)
    return needed if needed <= MOST * (1 if known["level"] == "system" else 1000) else None


def best_first(found: Sequence[Agreement]) -> list[Agreement]:
    """Return the agreements of one level, those that agree most first; those without a number last."""
    return sorted(found, key=lambda one: -2.0 if one.kendall.value is None else -one.kendall.value)
