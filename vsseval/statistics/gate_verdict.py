"""The nouns of a gate: what was checked, what came of it, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from vsseval.statistics.answer import Answer
from vsseval.statistics.delta import Delta
from vsseval.statistics.student import quantile
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

Outcome = Literal["passed", "regression", "unproven", "incomplete"]

PASSED: Final = "passed"
REGRESSION: Final = "regression"
"""The loss is seen (the interval is clear of zero) and reaches beyond the margin; or a bound was broken."""
UNPROVEN: Final = "unproven"
"""The interval holds zero and reaches beyond the margin: too few clips to show that the run is no worse."""
INCOMPLETE: Final = "incomplete"
"""Something was not measured."""

EXIT: Final = {PASSED: 0, REGRESSION: 1, UNPROVEN: 1, INCOMPLETE: 3}
ORDER: Final = (REGRESSION, UNPROVEN, INCOMPLETE, PASSED)
"""What a verdict is called by, where its checks differ: the first of these that occurs."""


class Check(Record, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    """Unique within a verdict: `wer@sphinx-grid margin`."""
    status: Outcome
    message: str
    """One sentence with the numbers."""
    metric: str = ""
    bound: float | None = None
    """Margin, floor or ceiling, in displayed units."""
    delta: Delta | None = None
    answer: Answer | None = None
    """Of a margin: whether a loss is seen, is not although one as large as the margin would be, or cannot be told."""


class Verdict(Record, frozen=True, kw_only=True):
    """What came of one run on one benchmark."""

    benchmark: str
    model: str
    run: str
    baseline: str
    checks: tuple[Check, ...]
    ungated: tuple[str, ...] = ()
    """Metrics of the run that no rule speaks of: they were not looked at."""

    @property
    def status(self) -> Outcome:
        """The worst that occurs; a verdict without a check is incomplete."""
        return worst([check.status for check in self.checks])

    @property
    def exit_code(self) -> int:
        """0 passed, 1 regression (or not shown to be none), 3 incomplete."""
        return EXIT[self.status]


def worst(found: Sequence[Outcome]) -> Outcome:
    """Return the worst of some outcomes; of none, `incomplete`."""
    return next((outcome for outcome in ORDER if outcome in found), INCOMPLETE)


class Loss(NamedTuple):
    """By how much a run is worse, in stored units: positive is worse whatever the metric's direction."""

    value: float
    low: float | None
    high: float | None


def worse_by(delta: Delta) -> Loss | None:
    """Turn a difference so that positive is worse; None where there is no difference.

    The end beyond which zero lies is that of `compare`, so that a loss is seen by the same rule everywhere. The far
    end, which has to lie within the margin, is Student's t of the paired clusters, also where `compare` corrects for
    skewness: two clips of 28 with one wrong word each more (1.2 %) would reach to 2.9 % by the former and to 7.8 % by
    the latter, and margins wide enough for that let one dropped word in twenty pass. What t covers too little is made
    up for by learning the margins with the same end (docs/gate.md).
    """
    if delta.difference is None:
        return None
    value = delta.difference if delta.direction == "lower" else -delta.difference
    if delta.se is None or delta.low is None or delta.high is None or delta.clusters < 2:
        return Loss(value, None, None)
    near = delta.low if delta.direction == "lower" else -delta.high
    return Loss(value, near, value + quantile(delta.clusters - 1) * delta.se)
