"""Turns rows of text, with what is to be said of each, into a table for a terminal or for Markdown."""

from __future__ import annotations

import textwrap
from io import StringIO
from typing import TYPE_CHECKING

from vsseval.text.escaping import address, one_line
from vsseval.text.escaping import markdown as escaped
from vsseval.text.saying import console as safe_console
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

NARROWEST = 80
"""Columns that every terminal has."""
ROOMY = 90
"""Columns from which on there are two blanks between columns of a table, not one."""


class Line(Record, frozen=True):
    """One row: its cells, and whether it says something; what does not is dim."""

    cells: tuple[str, ...]
    clear: bool = True


class Sheet(Record, frozen=True, kw_only=True):
    """A table with what stands above and below it."""

    above: tuple[str, ...]
    heads: tuple[str, ...]
    """The first column is to the left, the others to the right."""
    lines: tuple[Line, ...]
    below: tuple[str, ...] = ()


def terminal(sheet: Sheet, *, width: int, colour: bool) -> str:
    """Render for a terminal; what does not fit is broken below the table, never in it.

    Args:
        sheet: what to say.
        width: columns of the terminal; fewer than 80 count as 80.
        colour: with ANSI codes.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    out = StringIO()
    console = safe_console(
        file=out, width=max(width, NARROWEST), force_terminal=colour, no_color=not colour, highlight=False,
        legacy_windows=False, color_system="standard" if colour else None,
    )  # fmt: skip
    for text in sheet.above:
        console.print(Text(text), soft_wrap=True)
    if sheet.lines:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if width >= ROOMY else 0, 0, 0))
        for place, head in enumerate(sheet.heads):
            whole = all(" " not in line.cells[place] for line in sheet.lines)
            table.add_column(Text(address(head)), justify="right" if place else "left", no_wrap=whole or not place)
        for line in sheet.lines:
            # before it is cut to its column: of half an address nobody can tell what is a password
            table.add_row(*(Text(address(cell)) for cell in line.cells), style="" if line.clear else "dim")
        console.print(table)
    for text in sheet.below:
        for part in textwrap.wrap(
            one_line(text), console.width - 1, initial_indent=" ", subsequent_indent="   ",
            break_on_hyphens=False, break_long_words=False,
        ):  # fmt: skip
            console.print(Text(part, style="dim"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def markdown(sheet: Sheet) -> str:
    """Render as GitHub's Markdown: a table with a list below it."""
    parts = ["  \n".join(map(escaped, sheet.above))]
    if sheet.lines:
        rows = [sheet.heads, ("---", *("---:" for _ in sheet.heads[1:])), *(line.cells for line in sheet.lines)]
        cells = [row if place == 1 else [*map(escaped, row)] for place, row in enumerate(rows)]
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in cells))
    if sheet.below:
        parts.append("\n".join(f"- {escaped(text)}" for text in sheet.below))
    return "\n\n".join(parts) + "\n"


def bar(cells: Sequence[str]) -> str:
    """Join pieces of a remark, leaving out empty ones."""
    return "; ".join(cell for cell in cells if cell)
