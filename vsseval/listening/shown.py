"""Turns results into tables for a terminal or Markdown: scores, differences, metrics beside them, raters, checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.tables import sheet as sheets
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH, number
from vsseval.text.escaping import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.listening.results import Results, Scored
    from vsseval.listening.screening import Screened
    from vsseval.statistics.two_way import TwoWay
    from vsseval.store.record import LoadedRun

__all__ = ["render"]

DECIMALS = {"ab": 2, "mos": 2, "mushra": 1}
WHAT = {"ab": "preferred", "mos": "mean grade", "mushra": "mean points"}


def render(
    found: Results, screened: Sequence[Screened], runs: Mapping[str, LoadedRun], fields: Mapping[str, str],
    problems: Sequence[str], style: str, *, width: int, colour: bool,
) -> str:  # fmt: skip
    """Render everything.

    Args:
        found: the results.
        screened: all raters.
        runs: by the names of systems, where they are at hand.
        fields: of the checklist.
        problems: what was wrong with the answers.
        style: terminal or markdown.
        width: columns of the terminal.
        colour: with ANSI codes.
    """
    made = [_scores(found), _differences(found), _beside(found, runs), _raters(screened, problems)]
    made.append(Sheet(above=("For the paper (after the checklist of Cooper et al. 2025):",), heads=("field", "text"),
                      lines=()))  # fmt: skip
    listed = "\n".join(f"  {name}: {text}" for name, text in fields.items())
    if style == "markdown":
        listed = "\n".join(f"- {name}: {markdown(text)}" for name, text in fields.items())
        return "\n".join(sheets.markdown(one).strip("\n") + "\n" for one in made) + listed + "\n"
    parts = [sheets.terminal(one, width=width, colour=colour).strip("\n") + "\n" for one in made]
    return "\n".join(parts) + _wrapped(listed, width) + "\n"


def _scores(found: Results) -> Sheet:
    pairs = found.kind == "ab"
    heads = ["system", "ratings", f"{WHAT[found.kind]} [95 %]", *(["log strength [95 %]"] if pairs else [])]
    lines = [Line((_name(one), str(one.ratings), _share(one.score) if pairs else _interval(one.score, found.kind),
                   *([_interval(one.worth, found.kind) if one.worth else DASH] if pairs else [])))
             for one in found.systems]  # fmt: skip
    below = []
    if pairs and found.ties is not None:
        side = f", the left one in {_share(found.left)} of the others" if found.left else ""
        below.append(f"{found.ties:.0%} of answers were ties{side}. A tie counts half for either.")
        below.append("Log strength: Davidson's model of pairs with ties (1970), 0 is the mean of these systems.")
    below += [
        f"{one.name} {one.one_sided}: its interval reaches no further to that side than half an answer a pair allows."
        for one in found.systems if one.one_sided
    ]  # fmt: skip
    return Sheet(above=("What people said",), heads=tuple(heads), lines=tuple(lines), below=(*below, *found.notes))


def _differences(found: Results) -> Sheet:
    pairs = found.kind == "ab"
    heads = ("pair", "difference [95 %]", "p (Holm)", *(("chance to be preferred [95 %]",) if pairs else ()))
    lines = []
    for one in found.differences:
        cells = (f"{one.a} - {one.b}", _interval(one.value, found.kind), _p(one.p))
        lines.append(
            Line((*cells, *((_chance(one.value),) if pairs else ())), clear=one.p is not None and one.p < 0.05)
        )
    below = ("Chance: of those who see a difference.",) if pairs and lines else ()
    return Sheet(above=("Which differences are real",), heads=heads, lines=tuple(lines), below=below)


def _beside(found: Results, runs: Mapping[str, LoadedRun]) -> Sheet:
    """Put metrics below the scores, systems side by side."""
    names = [one.name for one in found.systems if one.name in runs]
    if not names:
        return Sheet(above=("The metrics of these systems: none of their runs is where it was.",), heads=(), lines=())
    scores = {one.name: one.score for one in found.systems}
    people = [_share(scores[n], bare=True) if found.kind == "ab" else number(scores[n].value, DECIMALS[found.kind])
              for n in names]  # fmt: skip
    lines = [Line((f"people, {WHAT[found.kind]}", *people))]
    specs = {metric: spec for name in names for metric, spec in runs[name].record.metrics.items()}
    for metric, spec in specs.items():
        cells = [runs[name].cell(metric) for name in names]
        values = [DASH if c is None or c.value is None else number(c.value * spec.scale, spec.decimals) for c in cells]
        if any(value != DASH for value in values):
            arrow = "↑" if spec.direction == "higher" else "↓"
            lines.append(Line((f"{metric} {arrow}", *values)))
    below = ("How far each metric agrees with people: vsseval correlate, with the table of ratings named below.",)
    return Sheet(above=("Beside the metrics (of whole runs)",), heads=("", *names), lines=tuple(lines), below=below)


def _raters(screened: Sequence[Screened], problems: Sequence[str]) -> Sheet:
    lines = [
        Line((one.rater, str(one.answers), f"{one.checks - one.failed}/{one.checks}" if one.checks else DASH,
              DASH if one.agreement is None else number(one.agreement, 2), f"{one.minutes:.0f}",
              f"out: {one.out}" if one.out else one.doubt), clear=not one.out)
        for one in screened
    ]  # fmt: skip
    heads = ("rater", "answers", "checks", "with others", "minutes", "")
    return Sheet(above=("Raters",), heads=heads, lines=tuple(lines), below=tuple(problems))


def _name(one: Scored) -> str:
    return one.name if one.role == "system" else f"{one.name} ({one.role})"


def _interval(one: TwoWay, kind: str) -> str:
    places = DECIMALS[kind]
    if one.low is None or one.high is None:
        return number(one.value, places)
    return f"{number(one.value, places)} [{number(one.low, places)}, {number(one.high, places)}]"


def _share(one: TwoWay, *, bare: bool = False) -> str:
    text = f"{100 * one.value:.0f} %"
    if bare or one.low is None or one.high is None:
        return text
    return f"{text} [{100 * max(one.low, 0):.0f}, {100 * min(one.high, 1):.0f}]"


def _chance(one: TwoWay) -> str:
    def logistic(value: float) -> str:
        return f"{100 / (1 + np.exp(-value)):.0f}"

    text = f"{logistic(one.value)} %"
    return text if one.low is None or one.high is None else f"{text} [{logistic(one.low)}, {logistic(one.high)}]"


def _p(value: float | None) -> str:
    if value is None:
        return DASH
    return "<0.001" if value < 0.001 else number(value, 3)


def _wrapped(text: str, width: int) -> str:
    import textwrap

    wide = max(width, sheets.NARROWEST) - 1
    return "\n".join(
        textwrap.fill(line, wide, initial_indent="", subsequent_indent="      ", break_on_hyphens=False)
        for line in text.splitlines()
    )
