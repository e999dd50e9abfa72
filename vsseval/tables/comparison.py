"""Turns paired differences into a table: both values, the difference with its interval, the test, who is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.statistics.answer import answer, least_of_values, sentence
from vsseval.statistics.delta import ALPHA
from vsseval.tables.sheet import Line, Sheet, bar
from vsseval.tables.text import DASH, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.answer import Answer
    from vsseval.statistics.compare_several import Pair
    from vsseval.statistics.delta import Delta
    from vsseval.store.record import LoadedRun

ARROWS = {"higher": "↑", "lower": "↓"}
LEAST_P = 0.001


def run_title(run: LoadedRun, subset: str = "") -> str:
    """Say which run it is."""
    card = run.record.benchmark
    part = f", {subset}" if subset else ""
    return f"{run.called} on {card.title} {card.version}{part} ({run.path.name})"


def sheet(
    deltas: Sequence[Delta], names: Sequence[str], left_out: Sequence[str] = (), least: float | None = None
) -> Sheet:
    """Lay out a comparison.

    Args:
        deltas: of one call of `compare`.
        names: of the two runs, as they stand above the table.
        left_out: what was not compared, and why.
        least: the least difference that counts, in the stored unit; None takes a tenth of the greater value.
    """
    above = tuple(f"{letter}  {name}" for letter, name in zip("AB", names, strict=True))
    if not deltas:
        return Sheet(above=(*above, "The two runs have no metric in common."), heads=(), lines=(), below=(*left_out,))
    tested = sum(delta.p is not None for delta in deltas)
    after = f" (in brackets: not after Holm's adjustment for {tested} metrics)" if tested > 1 else ""
    counts = "a tenth of the greater value" if least is None else "the difference that was asked about"
    legend = (
        f"p: of no difference, at most {ALPHA:g} where the interval is clear of zero; d: mean difference over the "
        f"standard deviation of the clips' differences; win: who is better, where the interval is clear of zero{after};"
        f" =: no difference that counts ({counts}), although so many clips would have shown it; ?: cannot tell."
    )
    answers = [answer(delta, least_of_values(delta) if least is None else least) for delta in deltas]
    pairs = [*zip(deltas, answers, strict=True)]
    return Sheet(
        above=above,
        heads=("metric", "A", "B", "A - B [95 %]", "p", "d", "win"),
        lines=tuple(Line(_cells(delta, win(delta, shown)), clear=shown.kind == "seen") for delta, shown in pairs),
        below=(*(remark(delta, shown) for delta, shown in pairs), *left_out, legend),
    )


def sheet_of_several(
    pairs: Sequence[Pair], names: Sequence[str], left_out: Sequence[str] = (), least: float | None = None
) -> Sheet:
    """Lay out the comparisons of three systems and more: the lines of one metric stand under each other.

    Args:
        pairs: of one call of `compare_several`.
        names: of all runs, as they stand above the table.
        left_out: what was not compared, and why.
        least: as for `sheet`.
    """
    metrics = list(dict.fromkeys(delta.metric for pair in pairs for delta in pair.deltas))
    found = [(delta, pair) for metric in metrics for pair in pairs for delta in pair.deltas if delta.metric == metric]
    tested = sum(delta.p is not None for delta, _ in found)
    lines, below = [], []
    for delta, _ in found:
        shown = answer(delta, least_of_values(delta) if least is None else least)
        metric, value_a, value_b, difference, p, effect, _ = _cells(delta, "")
        winner = _winner(delta, shown)
        cells = (metric, f"{delta.a} - {delta.b}", value_a, value_b, difference, p, effect, winner)
        lines.append(Line(cells, clear=shown.kind == "seen"))
        below.append(f"{delta.a}, {delta.b}, {remark(delta, shown)}")
    legend = (
        f"A - B: the two systems that are compared; p: of no difference, d: mean difference over the standard deviation"
        f" of the clips' differences; better: who is, where the interval is clear of zero (in brackets: not after "
        f"Holm's adjustment for all {tested} tests of this table); =: no difference that counts; ?: cannot tell."
    )
    return Sheet(
        above=tuple(names),
        heads=("metric", "A - B", "A", "B", "difference [95 %]", "p", "d", "better"),
        lines=tuple(lines),
        below=(*below, *left_out, legend),
    )


def _winner(delta: Delta, shown: Answer) -> str:
    told = win(delta, shown)
    better = {"a": delta.a, "b": delta.b}.get(delta.better or "")
    if better is None:
        return told
    return f"({better})" if told.startswith("(") else better


def win(delta: Delta, shown: Answer) -> str:
    """Name the better run, in brackets where it is so before Holm's adjustment alone; else say why there is none."""
    if delta.difference is None:
        return DASH
    if delta.better is None:
        return "=" if shown.kind == "not seen" else "?"
    return delta.better.upper() if delta.significant else f"({delta.better.upper()})"


def label(metric: str, direction: str, unit: str) -> str:
    """Name a metric with the direction that is better, and its unit."""
    return f"{metric} {ARROWS[direction]}{f' {unit}' if unit else ''}"


def signed(value: float | None, scale: float, decimals: int) -> str:
    """Print a difference in displayed units with its sign; zero has none."""
    if value is None:
        return DASH
    text = number(value * scale, decimals)
    return f"+{text}" if value > 0 and float(text) else text


def probability(p: float | None) -> str:
    """Print a p value; never 0, which no test can show."""
    if p is None:
        return DASH
    return f"<{LEAST_P:g}" if p < LEAST_P else f"{p:.3f}"


def _cells(delta: Delta, winner: str) -> tuple[str, ...]:
    scale, decimals = delta.scale, delta.decimals
    values = [DASH if value is None else number(value * scale, decimals) for value in (delta.value_a, delta.value_b)]
    interval = ""
    if delta.low is not None and delta.high is not None:
        interval = f" [{signed(delta.low, scale, decimals)}, {signed(delta.high, scale, decimals)}]"
    return (
        label(delta.metric, delta.direction, delta.unit), *values,
        f"{signed(delta.difference, scale, decimals)}{interval}", probability(delta.p),
        DASH if delta.effect is None else signed(delta.effect, 1.0, 2), winner,
    )  # fmt: skip


def remark(delta: Delta, shown: Answer) -> str:
    """Say how a difference was made, over which clips, what they can tell, and which clips moved most."""
    wins = "" if delta.wins is None else (
        f"A better on {delta.wins} clips, equal on {delta.ties}, worse on {delta.losses}"
    )  # fmt: skip
    made = f"no difference: {delta.reason}" if delta.reason else f"interval: {delta.method}"
    holm = "" if delta.p_holm is None or delta.p_holm == delta.p else f"p {_equals(delta.p_holm)} after Holm"
    told = "" if delta.reason or shown.kind == "seen" or shown.reason else _told(delta, shown)
    return f"{delta.metric}: {bar([wins, _counts(delta), made, told, holm, _moved(delta)])}."


def _told(delta: Delta, shown: Answer) -> str:
    return sentence(shown, delta.scale, delta.decimals, delta.unit)


def _equals(p: float) -> str:
    return f"< {LEAST_P:g}" if p < LEAST_P else f"= {p:.3f}"


def _counts(delta: Delta) -> str:
    """Say the denominators; of both runs, where they are not the same."""
    if delta.n == delta.n_a == delta.n_b and delta.total_a == delta.total_b:
        return f"n = {delta.n} of {delta.total_a}"
    lost = [f"{count} of {run} only" for count, run in ((delta.only_a, "A"), (delta.only_b, "B")) if count]
    both = f"A has {delta.n_a} of {delta.total_a} clips, B {delta.n_b} of {delta.total_b}; compared on {delta.n}"
    return f"{both} (left out: {', '.join(lost)})" if lost else both


def _moved(delta: Delta) -> str:
    def show(value: float) -> str:
        return number(value * delta.scale, delta.decimals)

    clips = [f"{move.clip} ({show(move.value_a)}, {show(move.value_b)})" for move in delta.moved]
    return f"moved most (A, B): {', '.join(clips)}" if clips else ""
