"""Turns the runs of the bounds on one benchmark into a verdict: does a metric see what it claims to see?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vsseval.errors import VssevalError
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.run_cache import RunCache
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.store.record import LoadedRun


Verdict = Literal["separates", "fails", "unchecked"]


class BoundCheck(Record, frozen=True, kw_only=True):
    """One metric, one bound: `fails` puts a mark on the metric in every table of this benchmark."""

    metric: str
    bound: str
    status: Verdict
    reason: str
    """The bound, with the numbers; for `unchecked`, what is lacking."""


def check_bounds(
    bounds: Mapping[str, LoadedRun], metrics: Sequence[str], *, cache: RunCache | None = None
) -> list[BoundCheck]:
    """Test whether `reference` comes out better than each bound that a metric claims to see.

    Args:
        bounds: runs of the bounds on one benchmark, by name ("reference", "shuffled", "noise", "silence").
        metrics: metric ids.
        cache: what was read before.

    Returns:
        One check per metric and bound of `MetricSpec.expected_to_separate`. It separates if the paired 95 % interval of
        the difference is clear of zero on the right side, or if it refuses to give the bound a number at all.
    """
    reference = bounds.get("reference")
    if reference is None:
        return []
    cache = cache or RunCache()
    return [
        _check(reference, bounds.get(name), metric, name, cache)
        for metric in metrics
        if metric in reference.record.metrics
        for name in reference.record.metrics[metric].expected_to_separate
    ]


def flags(checks: Sequence[BoundCheck]) -> dict[str, str]:
    """Join the failures of each metric to the note that stands under a table; absent where it has none."""
    found: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "fails":
            found.setdefault(check.metric, []).append(check.reason)
    return {
        metric: f"{metric} does not separate reference from {'; nor from '.join(reasons)}"
        for metric, reasons in found.items()
    }


def _check(reference: LoadedRun, bound: LoadedRun | None, metric: str, name: str, cache: RunCache) -> BoundCheck:
    status, reason = _verdict(reference, bound, metric, cache)
    return BoundCheck(metric=metric, bound=name, status=status, reason=f"{name} here: {reason}")


def _verdict(reference: LoadedRun, bound: LoadedRun | None, metric: str, cache: RunCache) -> tuple[Verdict, str]:
    if bound is None:
        return "unchecked", "it was not run on this benchmark"
    if not _has_value(reference, metric):
        only_bound = _has_value(bound, metric)
        return ("fails" if only_bound else "unchecked"), "the reference has no number"
    if metric in bound.record.metrics and not _measured(bound, metric):
        return "separates", "the bound has no number"
    try:
        (delta,) = compare(reference, bound, [metric], allow_partial=True, moved=0, cache=cache)
    except VssevalError as problem:
        return "unchecked", str(problem)
    if delta.difference is None:
        return "unchecked", describe_difference(delta)
    return ("separates" if delta.better == "a" else "fails"), describe_difference(delta)


def _has_value(run: LoadedRun, metric: str) -> bool:
    cell = run.cell(metric)
    return cell is not None and cell.value is not None


def _measured(run: LoadedRun, metric: str) -> int:
    cell = run.cell(metric)
    return cell.n if cell is not None else 0


def describe_difference(delta: Delta) -> str:
    """Say a difference in words and displayed units: both values, the difference, its interval and n."""
    if delta.difference is None or delta.value_a is None or delta.value_b is None:
        return f"no difference ({delta.reason})"
    unit = f" {delta.unit}" if delta.unit else ""

    def show(value: float, sign: str = "") -> str:
        return f"{value * delta.scale:{sign}.{delta.decimals}f}"

    text = f"{show(delta.value_a)} against {show(delta.value_b)}{unit}, difference {show(delta.difference, '+')}"
    if delta.low is None or delta.high is None:
        return f"{text}, {delta.method}, n = {delta.n}"
    return f"{text} (95 % {show(delta.low, '+')} to {show(delta.high, '+')}), n = {delta.n}"
