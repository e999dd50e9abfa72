"""What is known of a number and of its error, and what is said where an error is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval.types import Record

if TYPE_CHECKING:
    from vsseval.types import MetricSpec

LEVEL = 0.95
"""Coverage of every interval of vsseval."""
ALIKE = 1e-12
"""Part of a difference below which its standard error is rounding: all clusters differ by the same."""


class Estimate(Record, frozen=True):
    """A number with what is known of its error; a field is None where it is undefined, and never NaN."""

    value: float | None
    se: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval."""
    method: str
    """How the interval was made and with how many degrees of freedom, or why there is none."""
    p: float | None = None
    """Of a difference: 1 less the level of the widest interval that leaves out zero. At most 0.05 exactly where the
    95 % interval does, for it is the same interval turned round. None where there is no interval."""


def cut_to_range(estimate: Estimate, spec: MetricSpec, *, difference: bool = False) -> Estimate:
    """Cut the ends of an interval to what the metric can be; the value and its error stay as they are.

    Args:
        estimate: of the metric, in its stored unit.
        spec: its declaration; no range, no cut.
        difference: of two values, whose range is that of the metric to both sides.
    """
    minimum, maximum = spec.minimum, spec.maximum
    if difference:
        width = None if minimum is None or maximum is None else maximum - minimum
        minimum, maximum = None if width is None else -width, width
    low, high = estimate.low, estimate.high
    if low is None or high is None:
        return estimate
    return msgspec.structs.replace(
        estimate,
        low=low if minimum is None else max(low, minimum),
        high=high if maximum is None else min(high, maximum),
    )


def alike(value: float, se: float) -> bool:
    """Whether a difference has a standard error that is rounding alone."""
    return value != 0.0 and se <= ALIKE * abs(value)


def same_everywhere(value: float, size: int, units: str) -> Estimate:
    """Return a difference that is the same everywhere: only the signs can say whether it is one.

    That all of G point to one side has a chance of 2 / 2**G where there is no difference (the sign test), so that six
    are the fewest that show anything.
    """
    p = 2.0 ** (1 - size)
    if p > 1 - LEVEL:
        return no_interval(value, f"all {size} {units} differ by the same, and so few may do so by chance")
    return Estimate(value=value, se=0.0, low=value, high=value, method=f"sign test of {size} {units}, all alike", p=p)


def undefined(why: str) -> Estimate:
    """Return what stands for a number that there is not."""
    return Estimate(value=None, se=None, low=None, high=None, method=f"undefined: {why}")


def no_interval(value: float, why: str) -> Estimate:
    """Return a number whose error nothing is known of."""
    return Estimate(value=value, se=None, low=None, high=None, method=f"no interval: {why}")
