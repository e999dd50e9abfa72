"""Turns a run, a baseline and margins into a verdict: is the run no worse, by every metric, and complete?

Non-inferiority is tested one-sidedly: the far end of a paired 95 % t interval (so 2.5 % on that side) has to lie
within the margin. A loss is seen where the interval is clear of zero, as in every other comparison. Absence of a
significant difference is no proof; a run that cannot show that it is no worse does not pass. All metrics have to pass,
which needs no correction for their number (intersection-union test, Berger 1982).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vsseval.errors import UsageError
from vsseval.statistics.answer import Evidence, conclusion, sentence, spread_of
from vsseval.statistics.comparable import differences, unfinished
from vsseval.statistics.compare import compare
from vsseval.statistics.gate_clips import clip_checks, lost_checks
from vsseval.statistics.gate_flags import flag_checks
from vsseval.statistics.gate_verdict import INCOMPLETE, PASSED, REGRESSION, UNPROVEN, Check, Loss, Verdict, worse_by
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.shift import shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.statistics.delta import Delta
    from vsseval.statistics.gate_rules import GateRule, Gates
    from vsseval.statistics.gate_verdict import Outcome
    from vsseval.store.record import LoadedRun
    from vsseval.types import MetricSpec

TINY = 1e-9
"""Part of a number by which equal ones may differ after another order of addition."""


def gate(
    run: LoadedRun, baseline: LoadedRun, gates: Gates, *, any_seed: bool = False, cache: RunCache | None = None
) -> Verdict:
    """Judge a run against a baseline of the same benchmark.

    Args:
        run: the candidate; one that is not finished, has clips without sound or was made with `--limit` never passes.
        baseline: a finished run.
        gates: margins, floors and ceilings.
        any_seed: compare runs of other seeds too, as is done to try margins out.
        cache: what was read before.

    Raises:
        UsageError: the runs are not comparable (benchmark, manifest, seed, metric version, extractor), the baseline
            lacks a metric or is not finished, no rule applies, scores are damaged, or cells were edited.
    """
    name = run.record.benchmark.title
    if unfinished(baseline):
        raise UsageError(f"the baseline {baseline.path} is {baseline.record.status}, not finished. Finish it first")
    known: dict[str, Any] = {"benchmark": f"{name} {run.record.benchmark.version}", "model": run.record.model.name,
             "run": run.path.name, "baseline": baseline.path.name}  # fmt: skip
    if unfinished(run):
        message = f"the run is {run.record.status}, not finished: the same vsseval run command goes on with it"
        return Verdict(**known, checks=(Check(name="finished", status=INCOMPLETE, message=message),))
    rules = _rules(run, baseline, gates)
    measured = [metric for metric in rules if metric in run.record.metrics]
    _comparable(run, baseline, measured, any_seed=any_seed)
    cache = cache or RunCache()
    checks = [*clip_checks(run, baseline), *flag_checks(run, baseline), *_unmeasured(run, rules)]
    deltas = compare(run, baseline, measured, allow_partial=True, moved=3, cache=cache, any_seed=any_seed) \
        if measured else []  # fmt: skip
    for delta in deltas:
        checks += lost_checks(run, baseline, delta.metric, cache)
        _unedited((run, baseline), delta)
        checks += _checks((run, baseline), delta, rules[delta.metric], cache)
    free = sorted({*run.record.metrics} - {*rules})
    return Verdict(**known, checks=tuple(checks), ungated=tuple(free))


def _rules(run: LoadedRun, baseline: LoadedRun, gates: Gates) -> dict[str, GateRule]:
    """Return the rules that apply: those for this benchmark, and those for any whose metric one of the runs has."""
    name = run.record.benchmark.title
    known = {*run.record.metrics, *baseline.record.metrics}
    rules = {metric: rule for metric, rule in gates.of(name).items() if metric in known or metric in gates.named(name)}
    if not rules:
        raise UsageError(
            f"{gates.source} holds no rule for {name} ({', '.join(sorted(known)) or 'no metrics'}). "
            "Propose some with: vsseval gate --learn RUN RUN RUN"
        )
    return rules


def _comparable(run: LoadedRun, baseline: LoadedRun, metrics: list[str], *, any_seed: bool) -> None:
    lacking = [metric for metric in metrics if metric not in baseline.record.metrics]
    if lacking:
        options = " ".join(f"--metric {metric}" for metric in lacking)
        raise UsageError(
            f"the baseline {baseline.path} has no {', '.join(lacking)}. Measure it with: "
            f"vsseval score {baseline.path} {options}"
        )
    reasons = differences(run, baseline, metrics, allow_partial=True, any_seed=any_seed)
    if reasons:
        lines = "".join(f"\n  - {reason}" for reason in reasons)
        raise UsageError(
            f"{run.path.name} cannot be compared with the baseline {baseline.path.name}:{lines}\n"
            "Make a baseline as this run was made, and accept it in its place"
        )


def _unmeasured(run: LoadedRun, rules: dict[str, GateRule]) -> Iterator[Check]:
    for metric in rules:
        if metric not in run.record.metrics:
            why = run.record.provenance.get("unavailable", {}).get(metric, "it was not asked for")
            yield Check(name=f"{metric} measured", metric=metric, status=INCOMPLETE, message=f"not measured: {why}")


def _unedited(runs: tuple[LoadedRun, LoadedRun], delta: Delta) -> None:
    """Refuse cells that are not as the run wrote them, or say something else than the scores below them."""
    for run in runs:
        if run.problem:
            raise UsageError(run.problem)
    for run, value in zip(runs, (delta.value_a, delta.value_b), strict=True):
        cell = run.cell(delta.metric)
        if cell is None or cell.value is None or value is None or cell.n != delta.n:
            continue
        if abs(cell.value - value) > TINY * max(1.0, abs(value)):
            raise UsageError(
                f"{run.paths.aggregates} says {cell.value:.6g} for {delta.metric}, but its scores give {value:.6g}: it "
                f"was edited. Make it anew with: vsseval score {run.path}"
            )


def _checks(runs: tuple[LoadedRun, LoadedRun], delta: Delta, rule: GateRule, cache: RunCache) -> Iterator[Check]:
    if rule.margin is not None:
        yield _margin(delta, rule.margin)
    for detail, width in rule.shift.items():
        yield _shift(runs, delta.metric, detail, width, cache)
    spec = runs[0].record.metrics[delta.metric]
    for kind, bound in (("floor", rule.floor), ("ceiling", rule.ceiling)):
        if bound is not None:
            yield _absolute(runs[0], spec, kind, bound)


def _margin(delta: Delta, margin: float) -> Check:
    name = f"{delta.metric} margin"
    loss = worse_by(delta)
    if loss is None:
        return Check(name=name, metric=delta.metric, status=INCOMPLETE, message=delta.reason or "no value", delta=delta)
    # The margin was asked for: whether so many clips have a fair chance with it was decided by whoever wrote it down.
    found = Evidence(loss.value, loss.high, delta.better == "b", spread_of(delta))
    least = (margin + TINY * max(1.0, margin)) / delta.scale
    shown = conclusion(found, least, delta.n, reason=delta.method, chance=0.0, fewest=0)
    message = _said(delta, loss, margin)
    if loss.high is not None and loss.high <= least:
        status: Outcome = PASSED
        if shown.kind == "not seen" and margin:
            message = f"{message}; a loss as large as the margin is seen with a chance of {shown.power or 0.0:.2f}"
    else:
        status = REGRESSION if shown.kind == "seen" else UNPROVEN
        if status == UNPROVEN and loss.high is not None:
            message = f"{message}; {sentence(shown)}"
    return Check(
        name=name, metric=delta.metric, status=status, message=message, delta=delta, bound=margin, answer=shown
    )


def _said(delta: Delta, loss: Loss, margin: float) -> str:
    unit = f" {delta.unit}" if delta.unit else ""
    places = delta.decimals + 1  # a margin is finer than what a table shows

    def show(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value * delta.scale:{sign}.{places}f}"  # noqa: RUF001

    ends = f"95 % {show(loss.low, '+')} to {show(loss.high, '+')}" if loss.high is not None else delta.method
    return (
        f"{show(delta.value_a)} against {show(delta.value_b)}{unit}: worse by {show(loss.value, '+')} ({ends}), "
        f"margin {margin:g}, n = {delta.n}/{delta.total_a}"
    )


def _shift(runs: tuple[LoadedRun, LoadedRun], metric: str, detail: str, width: float, cache: RunCache) -> Check:
    name = f"{metric} {detail}"
    found = shift(*runs, metric, detail, cache)
    if found.value is None:
        return Check(name=name, metric=metric, status=INCOMPLETE, message=found.method, bound=width)
    ends = (found.low, found.high)
    interval = found.method if None in ends else f"95 % {found.low:+.4f} to {found.high:+.4f}, {found.method}"
    message = f"the median clip's {detail} moved by {found.value:+.4f} ({interval}); margin {width:g} to either side"
    status: Outcome = UNPROVEN
    if found.low is not None and found.high is not None:
        if max(-found.low, found.high) <= width + TINY:
            status = PASSED
        elif not found.low <= 0.0 <= found.high:
            status = REGRESSION
    return Check(name=name, metric=metric, status=status, message=message, bound=width)


def _absolute(run: LoadedRun, spec: MetricSpec, kind: str, bound: float) -> Check:
    name, cell = f"{spec.id} {kind}", run.cell(spec.id)
    if cell is None or cell.value is None:
        why = cell.reason if cell is not None and cell.reason else "there is no value"
        return Check(name=name, metric=spec.id, status=INCOMPLETE, message=why, bound=bound)
    value = cell.value * spec.scale
    good = value >= bound if kind == "floor" else value <= bound
    unit = f" {spec.unit}" if spec.unit else ""
    message = f"{value:.{spec.decimals}f}{unit} ({cell.n}/{cell.total} clips), {kind} {bound:g}{unit}"
    return Check(name=name, metric=spec.id, status=PASSED if good else REGRESSION, message=message, bound=bound)
