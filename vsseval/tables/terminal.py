"""Turns blocks into tables for a terminal; what does not fit the width goes below, never wrapped in a cell."""

from __future__ import annotations

import textwrap
from bisect import bisect
from io import StringIO
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rich.box import Box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from vsseval.tables.text import (
    DASH,
    REPORTED,
    Interval,
    circumstances,
    count,
    coverage,
    legend,
    marks,
    parts,
    remarks,
    signature_lines,
    spans,
    superscript,
    title,
    value_and_spread,
)
from vsseval.text.escaping import one_line
from vsseval.text.saying import console as safe_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.styles import StyleOptions

RULED = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""Thin rules under the head and between systems, bounds and reported numbers, nothing else."""
LONGEST_LABEL = 26
GAP = 3
"""Columns that rich puts between two columns of a table."""
BEST, SECOND = "*", "°"
"""Marks where there is no bold and no underline."""


class _Look(NamedTuple):
    """How numbers are shown."""

    colour: bool
    interval: Interval


def terminal(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks for a terminal; without colour the best system carries a "*", the second a "°".

    Args:
        blocks: from `layout.blocks`.
        options: all of them are heeded.

    Returns:
        Text whose lines are no longer than `width`, as long as one metric and the model's name fit.
    """
    signatures, interval, width, colour, *_ = options
    out = StringIO()
    console = safe_console(
        file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, legacy_windows=False,
        color_system="standard" if colour else None,
    )  # fmt: skip
    look = _Look(colour, interval)
    for block in blocks:
        if block.spans:
            _paragraph(console, circumstances(block), width)
        else:
            console.print(Text.assemble((title(block), "bold"), (f"  {circumstances(block)}", "dim")))
        if block.columns and block.rows:
            for part in _parts(block, width, look):
                console.print(_table(block, part, look))
        _below(console, block, width, signatures=signatures)
    marks = ("bold", "underlined") if colour else (BEST, SECOND)
    _paragraph(console, legend(blocks, interval, best=marks[0], second=marks[1]), width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _below(console: Console, block: Block, width: int, *, signatures: bool) -> None:
    for remark in remarks(block):
        _paragraph(console, remark, width)
    for index, note in enumerate(block.notes, 1):
        _paragraph(console, f"{superscript((index,))} {note}", width)
    if signatures:
        for line in signature_lines(block):
            # Never broken: a signature is there to be copied.
            console.print(Text(f" {line}", style="dim"), soft_wrap=True)
    console.print()


def _paragraph(console: Console, text: str, width: int) -> None:
    wrapped = textwrap.wrap(
        one_line(text), width - 2, initial_indent=" ", subsequent_indent="   ", break_on_hyphens=False
    )
    for line in wrapped:
        console.print(Text(line, style="dim"), soft_wrap=True)


def _label(row: Row) -> str:
    name = one_line(row.label)
    if len(name) > LONGEST_LABEL:
        # The end of a path says more than its middle.
        name = f"{name[:9]}…{name[-(LONGEST_LABEL - 10) :]}"
    return f"{name} {superscript(row.notes)}".rstrip()


def _head(block: Block, index: int, *, first: bool) -> list[str]:
    """Return the lines over a column; in a wide table the benchmark stands over its first one."""
    column = block.columns[index]
    unit = f" {column.unit}" if column.unit else ""
    flag = f" {marks(column)}" if marks(column) else ""
    lines = [
        one_line(f"{column.head or column.name} {column.arrow}{unit}{flag}"),
        one_line(column.recipe_line),
        count(column),
    ]
    if not block.spans:
        return lines
    ends = list(accumulate(count for _, count in spans(block)))
    place = bisect(ends, index)
    begins = first or index == ends[place] - block.spans[place].columns
    return [block.spans[place].title if begins else "", *lines]


def _body(block: Block, index: int, look: _Look) -> list[Text]:
    """Return the cells of one column, padded so that values, signs and intervals stand under each other."""
    column = block.columns[index]
    cells = [row.cells[index] for row in block.rows]
    pairs = [value_and_spread(cell, column, look.interval) for cell in cells]
    wide = max((len(value) for value, _ in pairs), default=0)
    half_wide = max((cell_len(spread) for _, spread in pairs if spread.startswith("±")), default=0)
    spread_wide = max((cell_len(spread) for _, spread in pairs), default=0)
    tails = [_tail(cell, column, look) for cell in cells]
    tail_wide = max((cell_len(tail) for tail in tails), default=0)
    texts = []
    for cell, (value, spread), tail in zip(cells, pairs, tails, strict=True):
        if cell.value is None:
            text = Text(f"{DASH}{superscript(cell.notes)}", style="dim")
            ahead = wide - 1
        else:
            half = spread
            if spread.startswith("±"):  # signs stand under each other, and digits under digits
                half = f"±{spread.removeprefix('±'):>{half_wide - 1}}"
            half = half.rjust(spread_wide) if spread else ""
            style = "dim" if cell.printed else "bold" if cell.best else "underline" if cell.second else ""
            text = Text.assemble((value, style), (f" {half}" if half else "", "dim"), tail)
            ahead = wide - len(value)
        text.pad_left(max(0, ahead))
        text.pad_right(max(0, wide + (spread_wide + 1 if spread_wide else 0) + tail_wide - text.cell_len))
        texts.append(text)
    return texts


def _tail(cell: Cell, column: Column, look: _Look) -> str:
    few = coverage(cell, column)
    mark = "" if look.colour else BEST if cell.best else SECOND if cell.second else ""
    return f"{mark} {few}" if few else mark


def _widths(block: Block, look: _Look) -> list[int]:
    return [
        max([cell_len(line) for line in _head(block, i, first=True)] + [t.cell_len for t in _body(block, i, look)])
        for i in range(len(block.columns))
    ]


def _parts(block: Block, width: int, look: _Look) -> list[list[int]]:
    """Deal the columns out to as few tables as fit the width; to each the same number, where that fits too."""
    room = width - max([cell_len(_label(row)) for row in block.rows] + [len("model")])
    widths = [wide + GAP for wide in _widths(block, look)]
    greedy: list[list[int]] = [[]]
    for index, wide in enumerate(widths):
        if greedy[-1] and sum(widths[i] for i in greedy[-1]) + wide > room:
            greedy.append([])
        greedy[-1].append(index)
    each = -(-len(widths) // len(greedy))
    even = [list(range(first, min(first + each, len(widths)))) for first in range(0, len(widths), each or 1)]
    return even if all(sum(widths[i] for i in part) <= room for part in even) else greedy


def _table(block: Block, part: list[int], look: _Look) -> Table:
    table = Table(box=RULED, pad_edge=False, padding=(0, 1), show_edge=False, header_style="none")
    heads = [_head(block, index, first=place == 0) for place, index in enumerate(part)]
    table.add_column("\n" * (len(heads[0]) - 1) + "model", no_wrap=True)
    for lines in heads:
        *over, name, recipe, total = lines
        found = Text.assemble(
            *((f"{line}\n", "italic") for line in over), (name, "bold"), (f"\n{recipe}\n{total}", "dim")
        )
        table.add_column(found, no_wrap=True, justify="right")
    bodies = [_body(block, index, look) for index in part]
    places = {id(row): place for place, row in enumerate(block.rows)}
    kinds = parts(block)
    for rows in kinds:
        if rows[0].reported:
            table.add_row(Text(REPORTED, style="dim italic"))
        for row in rows:
            style = "dim" if row.reported else "italic" if row.bound else ""
            table.add_row(
                Text(_label(row), style=style),
                *(body[places[id(row)]] for body in bodies),
                end_section=row is rows[-1] and rows is not kinds[-1],
            )
    return table
