"""Turns a paired difference into one of three answers: seen, not seen although it would have been, cannot tell.

A difference is seen where its 95 % interval is clear of zero (`Delta.better`). Else one that counts may still be there:
it is said not to be seen only where the interval leaves it out and so many clips had a fair chance of showing it. All
else is no answer, and says how many clips would give one. Calibration, bounds, gate and comparison all ask here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.statistics.delta import ALPHA
from vsseval.statistics.planning import PowerSettings, StandardError, clips_for, power_of_t_test
from vsseval.statistics.significance import holm
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.delta import Delta

Kind = Literal["seen", "not seen", "cannot tell"]

SHARE = 0.1
"""Part of a metric's greatest answer, or of the values compared, below which a difference does not count."""
CHANCE = 0.8
"""Of showing a difference that counts, from which on clips are said to suffice (as `vsseval power` plans)."""
FEWEST = 29
"""Clips (clusters) below which nothing is said not to be there: a difference of `SHARE` may come of one clip in ten
that changes wholly, and of fewer than 29 clips more than one set in twenty holds none of these (0.9**29 < 0.05)."""


class Answer(Record, frozen=True, kw_only=True):
    """What so many clips say of a difference. Numbers are in the stored unit; None wherever undefined."""

    kind: Kind
    n: int
    """Clips."""
    least: float | None = None
    """The least difference that counts."""
    power: float | None = None
    """Chance that n clips show it."""
    clips: int | None = None
    """Clips that would tell, about; None where they do already, or where no number is known to."""
    reason: str = ""
    """Why there is no interval; empty where there is one."""


class Evidence(NamedTuple):
    """A difference, turned so that positive is what is looked for, in stored units."""

    value: float
    far: float | None
    """The end of the interval on the side that is looked for; None where there is no interval."""
    seen: bool
    """The interval is clear of zero on that side."""
    spread: StandardError | None


def answer(delta: Delta, least: float, *, of: Literal["a", "b"] | None = None) -> Answer:
    """Say what a comparison shows.

    Args:
        delta: a difference.
        least: the least difference that counts, in the stored unit; 0 where none is known.
        of: the run that is asked to be the better one; None asks whether either is.
    """
    if delta.difference is None:
        return Answer(kind="cannot tell", n=delta.n, reason=delta.reason or "no difference")
    if delta.low is None or delta.high is None:
        seen = Evidence(delta.difference, None, seen=False, spread=None)
        return conclusion(seen, least, delta.n, reason=delta.method)
    if of is None:
        value, far = abs(delta.difference), max(delta.high, -delta.low)
    else:
        up = (of == "a") == (delta.direction == "higher")
        value, far = (delta.difference, delta.high) if up else (-delta.difference, -delta.low)
    shown = delta.better is not None and of in {None, delta.better}
    return conclusion(Evidence(value, far, shown, spread_of(delta)), least, delta.n)


def spread_of(delta: Delta) -> StandardError | None:
    """Return what is known of the error of a difference; None where that is nothing."""
    if delta.se is None or delta.clusters < 2:
        return None
    return StandardError(delta.se, delta.n, delta.clusters, delta.grouped)


def conclusion(
    found: Evidence, least: float, n: int, *, reason: str = "", chance: float = CHANCE, fewest: int = FEWEST
) -> Answer:
    """Draw the conclusion; see the head of this module.

    Args:
        found: the difference.
        least: that counts; 0 where none is known, and then nothing is said not to be there.
        n: clips.
        reason: why there is no interval.
        chance: of showing `least`, from which on clips suffice.
        fewest: clusters below which they never do; of a distance, clips.
    """
    if found.seen:
        return Answer(kind="seen", n=n, least=least or None)
    if found.far is None or found.spread is None:
        return Answer(kind="cannot tell", n=n, least=least or None, reason=reason or "no interval")
    units = n if found.spread.grouped else found.spread.units
    power = _power(found.spread, least, n)
    if found.far <= least and power >= chance and units >= fewest:
        return Answer(kind="not seen", n=n, least=least, power=power)
    clips = _clips_that_tell(found, least, n, fewest if found.value < least else 0)
    return Answer(kind="cannot tell", n=n, least=least or None, power=power if least else None, clips=clips)


def least_that_counts(own: float | None, answers: Sequence[Delta]) -> float:
    """Return the least difference that counts by a metric on a benchmark, in stored units; 0 where none is known.

    Args:
        own: the metric's value on the recordings.
        answers: the recordings (a) against whatever should be worse.

    Returns:
        A tenth of the greatest answer that is shown, after Holm's adjustment for their number, or chance would set the
        measure; of a metric that answers nothing, a tenth of its value.
    """
    adjusted = holm([delta.p for delta in answers])
    shown = [
        abs(delta.difference or 0.0) for delta, p in zip(answers, adjusted, strict=True)
        if delta.better == "a" and p is not None and p <= ALPHA
    ]  # fmt: skip
    return SHARE * (max(shown, default=0.0) or abs(own or 0.0))


def least_of_values(delta: Delta) -> float:
    """Return the least difference that counts between two systems: a tenth of the greater value."""
    return SHARE * max(abs(delta.value_a or 0.0), abs(delta.value_b or 0.0))


def _power(spread: StandardError, least: float, n: int) -> float:
    if not least:
        return 0.0
    if spread.se == 0.0:
        return 1.0
    errors, degrees = spread.errors(least, n)
    return power_of_t_test(errors, degrees, PowerSettings().alpha)


def _clips_that_tell(found: Evidence, least: float, n: int, fewest: int) -> int | None:
    """Return how many clips would, if the difference is what it seems: more than there are."""
    spread = found.spread
    if spread is None:
        return None
    # One that does not count has to be told from nothing, or from one that counts: from whichever is farther off.
    target = found.value if found.value >= least else min(least, max(found.value, least - found.value))
    if target <= 0.0:
        return None
    # Clips that do not differ at all are too few by the rule of `FEWEST` alone.
    enough = clips_for(target, spread, PowerSettings(power=CHANCE)) if spread.se else n
    each = 1.0 if spread.grouped else n / spread.units
    return None if enough is None else max(enough, n + 1, math.ceil(fewest * each))


# Words


def sentence(found: Answer, scale: float = 1.0, decimals: int = 2, unit: str = "") -> str:
    """Say an answer in words, in displayed units.

    Args:
        found: the answer.
        scale: factor from the stored to the displayed unit.
        decimals: of displayed numbers; the least difference that counts has one more.
        unit: displayed.
    """
    count = f"{found.n} clip{'' if found.n == 1 else 's'}"
    if found.kind == "seen":
        return "seen"
    if found.kind == "not seen":
        least = f"{(found.least or 0.0) * scale:.{decimals + 1}f}{f' {unit}' if unit else ''}"
        return f"not seen, although {count} show {least} with a chance of {found.power or 0.0:.2f}"
    if found.reason:
        return f"cannot tell with {count} ({found.reason})"
    if found.clips is None:
        return f"cannot tell with {count} (how many would is not known)"
    return f"cannot tell with {count} (about {found.clips} would)"


def short(found: Answer) -> str:
    """Say an answer in one or two words, for a cell of a table; behind a question mark, how many clips would tell."""
    if found.kind == "cannot tell":
        return f"?\N{NO-BREAK SPACE}{found.clips}" if found.clips is not None else "?"
    return found.kind


LEGEND = (
    "not seen: so many clips would have shown a difference that counts with a chance of 0.8 or more, and the interval "
    "leaves it out. ? M: these clips cannot tell; about M would (no M: not known)."
)
"""What `short` means."""
