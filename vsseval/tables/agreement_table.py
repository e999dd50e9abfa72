"""Turns the agreement of metrics with people into tables, one a level, in four styles."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from vsseval.statistics.agreement_verdict import FEWEST, LEAST, best_first
from vsseval.tables import sheet as sheets
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH, number
from vsseval.text.escaping import csv_cell
from vsseval.text.escaping import latex as escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.agreement_verdict import Agreement, Coefficient

__all__ = ["STYLES", "render"]

STYLES = ("terminal", "markdown", "latex", "csv")
LEVELS = {
    "system": "Systems: does the metric rank systems as people do?",
    "clip": "Clips: does it rank single sounds as people do?",
    "pair": "Pairs: of two systems on one clip, does it prefer the one that people prefer?",
}
LEGEND = (
    "positive: what people like better scores better, whichever way the metric points; [95 % interval]. agrees, "
    f"opposes: the interval does not hold 0; none seen: it holds 0 and lies within ±{LEAST:g}; cannot tell: neither."
)
DECIMALS = 2


def render(
    found: Sequence[Agreement], above: Sequence[str], left_out: Sequence[str], style: str, *,
    signatures: bool = False, width: int = 100, colour: bool = False,
) -> str:  # fmt: skip
    """Render agreements.

    Args:
        found: of all metrics and levels.
        above: what was rated.
        left_out: what was not correlated, and why.
        style: one of `STYLES`.
        signatures: also print what each number was made with.
        width: columns of the terminal.
        colour: with ANSI codes.
    """
    if style == "csv":
        return _csv(found, signatures=signatures)
    levels = [level for level in LEVELS if any(one.level == level for one in found)]
    made = [_sheet([one for one in found if one.level == level], level) for level in levels]
    notes = [*left_out, LEGEND]
    if signatures:
        notes += dict.fromkeys(f"{one.metric}: {one.signature}" for one in found)
    head, foot = Sheet(above=tuple(above), heads=(), lines=()), Sheet(above=(), heads=(), lines=(), below=tuple(notes))
    if style == "latex":
        return (
            "\n\n".join(["% needs \\usepackage{booktabs}", *map(_latex, made), *(f"% {escaped(n)}" for n in notes)])
            + "\n"
        )
    if style == "markdown":
        return "\n".join(sheets.markdown(one).strip("\n") + "\n" for one in (head, *made, foot))
    return "\n".join(sheets.terminal(one, width=width, colour=colour).strip("\n") + "\n" for one in (head, *made, foot))


def _sheet(found: Sequence[Agreement], level: str) -> Sheet:
    whole = level == "pair"
    heads = ("metric", "pairs", "judged alike [95 %]", "verdict") if whole else (
        "metric", level + "s" if level == "system" else "sounds", "Spearman [95 %]", "Kendall [95 %]", "verdict",
    )  # fmt: skip
    lines = [Line(_cells(one), clear=one.verdict in {"agrees", "opposes"}) for one in best_first(found)]
    return Sheet(above=(LEVELS[level],), heads=heads, lines=tuple(lines), below=tuple(_remarks(found, level)))


def _cells(one: Agreement) -> tuple[str, ...]:
    verdict = one.verdict if one.kendall.value is not None else DASH
    if one.level == "pair":
        return one.metric, str(one.n), _share(one.kendall), verdict
    return one.metric, str(one.n), _coefficient(one.spearman), _coefficient(one.kendall), verdict


def _coefficient(found: Coefficient) -> str:
    if found.value is None:
        return DASH
    if found.low is None or found.high is None:
        return number(found.value, DECIMALS)
    return f"{number(found.value, DECIMALS)} [{number(found.low, DECIMALS)}, {number(found.high, DECIMALS)}]"


def _share(found: Coefficient) -> str:
    """Print how many pairs of a hundred are judged alike; half is what a coin does."""
    ends = [None if one is None else 50 * (1 + one) for one in (found.value, found.low, found.high)]
    if ends[0] is None:
        return DASH
    value = f"{number(ends[0], 0)} %"
    return value if ends[1] is None else f"{value} [{number(ends[1], 0)}, {number(ends[2], 0)}]"


def _remarks(found: Sequence[Agreement], level: str) -> list[str]:
    made: dict[str, list[str]] = {}
    for one in found:
        made.setdefault(_made(one), []).append(one.metric)
    lines = [f"{', '.join(metrics)}: {said}." for said, metrics in made.items()]
    if level == "system" and any(one.n < FEWEST and one.kendall.value is not None for one in found):
        lines.append(f"Fewer than {FEWEST} systems agree perfectly by chance more often than once in twenty.")
    return lines


def _made(one: Agreement) -> str:
    if one.kendall.value is None:
        return one.reason or one.method
    over = f"over {one.clips} clips ({one.clusters} clusters) of {one.systems} systems" if one.clips else ""
    unit = "systems" if one.level == "system" else "clips"
    would = f"cannot tell with {one.systems if unit == 'systems' else one.clips} {unit}"
    if one.would:
        would += f", about {one.would} would"
    return "; ".join(filter(None, (over, one.method, would if one.verdict == "cannot tell" else "")))


def _latex(one: Sheet) -> str:
    rows = [r" & ".join(map(escaped, line.cells)) + r" \\" for line in one.lines]
    heads = " & ".join(map(escaped, one.heads)) + r" \\"
    body = [
        rf"  \caption{{{escaped(' '.join(one.above))}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(one.heads) - 1)}}}", r"    \toprule", f"    {heads}", r"    \midrule",
        *(f"    {row}" for row in rows), r"    \bottomrule", r"  \end{tabular}", "",
        r"  {\smallskip\raggedright\footnotesize", *(rf"  {escaped(text)}\par" for text in one.below), "  }",
    ]  # fmt: skip
    return "\n".join([r"\begin{table}", r"  \centering", *body, r"\end{table}"])


def _csv(found: Sequence[Agreement], *, signatures: bool) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    ends = ("", " low", " high")
    writer.writerow(
        ["metric", "level", "n", "systems", "clips", "clusters", *(f"spearman{end}" for end in ends),
         *(f"kendall{end}" for end in ends), "verdict", "would", "method", "reason",
         *(["signature"] if signatures else [])]
    )  # fmt: skip
    for one in found:
        numbers = [
            "" if value is None else number(value, 2 * DECIMALS)
            for side in (one.spearman, one.kendall) for value in (side.value, side.low, side.high)
        ]  # fmt: skip
        writer.writerow(
            [csv_cell(one.metric), one.level, one.n, one.systems, one.clips, one.clusters, *numbers, one.verdict,
             one.would or "", csv_cell(one.method), csv_cell(one.reason or ""),
             *([csv_cell(one.signature)] if signatures else [])]
        )  # fmt: skip
    return out.getvalue()
