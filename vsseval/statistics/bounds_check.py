"""Turns the runs of the bounds on one benchmark into answers: does a metric see what it claims to see?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vsseval.errors import VssevalError
from vsseval.statistics.answer import Answer, answer, least_that_counts, sentence
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.run_cache import RunCache
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.statistics.answer import Kind
    from vsseval.store.record import LoadedRun


class BoundCheck(Record, frozen=True, kw_only=True):
    """One metric, one bound: `not seen` puts a mark on the metric in every table of this benchmark."""

    metric: str
    bound: str
    status: Kind | Literal["unchecked"]
    reason: str
    """The bound, with the numbers; for `unchecked`, what is lacking."""
    answer: Answer | None = None
    """None where no two numbers were compared."""


def check_bounds(
    bounds: Mapping[str, LoadedRun], metrics: Sequence[str], *, cache: RunCache | None = None
) -> list[BoundCheck]:
    """Ask whether `reference` comes out better than each bound that a metric claims to see.

    Args:
        bounds: runs of the bounds on one benchmark, by name ("reference", "shuffled", "noise", "silence").
        metrics: metric ids.
        cache: what was read before.

    Returns:
        One check per metric and bound of `MetricSpec.expected_to_separate`: one of the three answers of `answer`, where
        a tenth of the metric's greatest answer to any bound, claimed or not, counts. A bound that is refused a number
        at all is seen.
    """
    reference = bounds.get("reference")
    if reference is None:
        return []
    cache = cache or RunCache()
    return [
        check
        for metric in metrics
        if metric in reference.record.metrics
        for check in _of_metric(reference, bounds, metric, cache)
    ]


def flags(checks: Sequence[BoundCheck]) -> dict[str, str]:
    """Join the bounds that each metric does not see to the note under a table; absent where there are none."""
    return {
        metric: f"{metric} does not separate reference from {'; nor from '.join(reasons)}"
        for metric, reasons in _by_metric(checks, "not seen").items()
    }


def doubts(checks: Sequence[BoundCheck]) -> dict[str, str]:
    """Say of each metric from which bounds these clips cannot tell the reference; absent where there are none."""
    found: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "cannot tell" and check.answer is not None:
            found.setdefault(check.metric, []).append(f"{check.bound}, {sentence(check.answer)}")
    return {metric: f"{metric}: {'; '.join(said)}" for metric, said in found.items()}


def unclaimed(run: LoadedRun, metric: str) -> str | None:
    """Say why a metric may like a bound as well as the reference, where it never claimed to see it; else None.

    Args:
        run: of a bound.
        metric: metric id.
    """
    bound = run.record.model.name
    spec = run.record.metrics.get(metric)
    if spec is None or bound == "reference" or bound in spec.expected_to_separate:
        return None
    if bound == "shuffled" and run.distance(metric) is not None:
        return (
            f"{metric} compares sets of clips, and shuffled is the references' own set, each sound with another clip: "
            "its number says nothing of whether a sound fits its clip"
        )
    return f"{metric} does not claim to tell {bound} from reference: its number here says nothing of that fault"


def _by_metric(checks: Sequence[BoundCheck], status: Kind) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for check in checks:
        if check.status == status:
            found.setdefault(check.metric, []).append(check.reason)
    return found


def _of_metric(reference: LoadedRun, bounds: Mapping[str, LoadedRun], metric: str, cache: RunCache) -> list[BoundCheck]:
    claimed = reference.record.metrics[metric].expected_to_separate
    found: dict[str, BoundCheck] = {}
    deltas: dict[str, Delta] = {}
    for name in dict.fromkeys((*claimed, *(bound for bound in bounds if bound != "reference"))):
        compared = _compared(reference, bounds.get(name), metric, cache)
        if isinstance(compared, Delta):
            deltas[name] = compared
        elif name in claimed:
            status, why = compared
            found[name] = BoundCheck(metric=metric, bound=name, status=status, reason=f"{name} here: {why}")
    own = reference.cell(metric)
    # What a metric never claimed to see tells nevertheless how far it can move.
    least = least_that_counts(own.value if own else None, [*deltas.values()])
    for name in (one for one in claimed if one in deltas):
        delta = deltas[name]
        shown = answer(delta, least, of="a")
        said = describe_difference(delta)
        why = said if shown.kind == "seen" else f"{said}, {sentence(shown, delta.scale, delta.decimals, delta.unit)}"
        found[name] = BoundCheck(
            metric=metric, bound=name, status=shown.kind, reason=f"{name} here: {why}", answer=shown
        )
    return [found[name] for name in claimed]


def _compared(
    reference: LoadedRun, bound: LoadedRun | None, metric: str, cache: RunCache
) -> Delta | tuple[Kind | Literal["unchecked"], str]:
    """Return the difference of two numbers, or what is said where there are not two."""
    if bound is None:
        return "unchecked", "it was not run on this benchmark"
    if not _has_value(reference, metric):
        only_bound = _has_value(bound, metric)
        return ("not seen" if only_bound else "unchecked"), "the reference has no number"
    if metric in bound.record.metrics and not _measured(bound, metric):
        return "seen", "the bound has no number"
    try:
        (delta,) = compare(reference, bound, [metric], allow_partial=True, moved=0, cache=cache)
    except VssevalError as problem:
        return "unchecked", str(problem)
    return ("unchecked", describe_difference(delta)) if delta.difference is None else delta


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
