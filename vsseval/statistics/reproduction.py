"""A published number against one that was measured here: reproduced, not reproduced, or not to be told, and why."""

from __future__ import annotations

import re
from typing import Literal

from vsseval.types import Record

__all__ = ["Published", "Reproduction", "judge"]

Answer = Literal["reproduced", "not reproduced", "cannot tell"]


class Published(Record, frozen=True, kw_only=True):
    """A number of a source, in displayed units."""

    value: float
    printed: str
    """As the source prints it: how many digits it has says how it was rounded."""
    clips: int | None = None
    recipe_known: bool = False
    """Whether the source says that it measured by the recipe of the number beside it."""

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit that is printed."""
        digits = re.search(r"\.(\d+)", self.printed)
        return 0.5 * 10.0 ** -(len(digits[1]) if digits else 0)


class Reproduction(Record, frozen=True, kw_only=True):
    """What can be said of a published number."""

    answer: Answer
    why: str
    difference: float | None = None
    """Measured less published."""
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval of the difference."""


def judge(
    published: Published, value: float | None, low: float | None, high: float | None, clips: int, whole: int, gap: str
) -> Reproduction:
    """Compare a published number with a measured one.

    It is reproduced where the interval of the difference holds zero, or the two are the same to what is printed. It is
    not reproduced only where everything that the source says is met: its recipe and its number of clips, all of them
    measured. Else a difference may come from what is not known, and cannot be told.

    Args:
        published: of the source.
        value: measured, in the same units; None where nothing was.
        low: lower end of its 95 % interval; None where there is none.
        high: upper end.
        clips: that the value is made of.
        whole: clips that it ought to be made of.
        gap: why there is no value.
    """
    if value is None:
        return Reproduction(answer="cannot tell", why=gap or "nothing was measured")
    difference = value - published.value
    ends = (None, None) if low is None or high is None else (low - published.value, high - published.value)
    same = abs(difference) <= published.rounding + 1e-12
    within = (
        ends[0] is not None
        and ends[1] is not None
        and ends[0] - published.rounding <= 0 <= ends[1] + published.rounding
    )
    doubts = _doubts(published, clips, whole)
    if doubts and (published.clips not in {None, clips} or clips < whole):
        answer: Answer = "cannot tell"
    elif same or within:
        answer = "reproduced"
        doubts = [] if published.recipe_known else ["by a recipe that the source does not name"]
    else:
        answer = "cannot tell" if doubts or ends[0] is None else "not reproduced"
        doubts = doubts or (["there is no interval"] if ends[0] is None else [])
    why = "; ".join(doubts) or (
        "the same to what is printed" if same else "within the interval" if within else "outside"
    )
    return Reproduction(answer=answer, why=why, difference=difference, low=ends[0], high=ends[1])


def _doubts(published: Published, clips: int, whole: int) -> list[str]:
    """Return what of the source's is not known or not met."""
    doubts = []
    if not published.recipe_known:
        doubts.append("the source does not say by which recipe it measured")
    if clips < whole:
        doubts.append(f"{clips:,} of {whole:,} clips were measured")
    if published.clips is not None and published.clips != clips:
        doubts.append(f"the source has {published.clips:,} clips, here are {clips:,}")
    return doubts
