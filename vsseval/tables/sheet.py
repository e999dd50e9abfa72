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
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table as RichTable

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
    from rich.text import Text

    out = StringIO()
    console = safe_console(
        file=out, width=max(width, NARROWEST), force_terminal=colour, no_color=not colour, highlight=False,
        legacy_windows=False, color_system="standard" if colour else None,
    )  # fmt: skip
    for text in sheet.above:
        console.print(Text(text), soft_wrap=True)
    for place, table in enumerate(_fitting(sheet, console, roomy=width >= ROOMY)):
        if place:
            console.print()
        console.print(table)
    for text in sheet.below:
        for part in textwrap.wrap(
            one_line(text), console.width - 1, initial_indent=" ", subsequent_indent="   ",
            break_on_hyphens=False, break_long_words=False,
        ):  # fmt: skip
            console.print(Text(part, style="dim"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _fitting(sheet: Sheet, console: Console, *, roomy: bool) -> Iterator[RichTable]:
    """Yield the table, in parts of some columns each where all of them do not fit; each part has the first column."""
    from rich.measure import Measurement

    def made(columns: Sequence[int]) -> RichTable:
        return _of_columns(sheet, (0, *columns), roomy=roomy)

    chosen: list[int] = []
    for column in range(1, len(sheet.heads) if sheet.lines else 0):
        # by the console's own options nothing is wider than the console
        wide = Measurement.get(console, console.options.update(max_width=100_000), made([*chosen, column])).minimum
        if chosen and wide > console.width:
            yield made(chosen)
            chosen = []
        chosen.append(column)
    if sheet.lines:
        yield made(chosen)


def _of_columns(sheet: Sheet, columns: Sequence[int], *, roomy: bool) -> RichTable:
    """Return some columns as a table in which no word is cut."""
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if roomy else 0, 0, 0))
    for place in columns:
        head, cells = address(sheet.heads[place]), [address(line.cells[place]) for line in sheet.lines]
        whole = not place or all(" " not in cell for cell in cells)
        words = [word for text in cells for word in ([text] if whole else text.split())] + head.split()
        table.add_column(
            Text(head), justify="right" if place else "left", no_wrap=not place,
            min_width=min(NARROWEST // 2, max(map(cell_len, words), default=0)),
        )  # fmt: skip
    for line in sheet.lines:
        # before it is cut to its column: of half an address nobody can tell what is a password
        table.add_row(*(Text(address(line.cells[place])) for place in columns), style="" if line.clear else "dim")
    return table


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
