"""Turns blocks into tables for a terminal; what does not fit the width goes below, never wrapped in a cell."""

from __future__ import annotations

import textwrap
from io import StringIO
from typing import TYPE_CHECKING

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vsseval.present.text import (
    BOLD_RULES,
    DASH,
    FLAG,
    LEGEND,
    circumstances,
    coverage,
    remarks,
    superscript,
    title,
    value_and_half,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.present.grid import Block, Cell, Column, Row

RULED = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
"""Thin rules under the head and between systems and bounds, nothing else."""
LONGEST_LABEL = 26
GAP = 3
"""Columns that rich puts between two columns of a table."""


def terminal(blocks: Sequence[Block], *, signatures: bool, width: int, colour: bool) -> str:
    """Render blocks for a terminal.

    Args:
        blocks: from `grid.blocks`.
        signatures: also print the signature of every cell.
        width: columns of the terminal.
        colour: with ANSI codes; without them the best system carries a "*".

    Returns:
        Text whose lines are no longer than `width`, as long as one metric and the model's name fit.
    """
    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, legacy_windows=False,
        color_system="standard" if colour else None,
    )  # fmt: skip
    for block in blocks:
        console.print(Text.assemble((title(block), "bold"), (f"  {circumstances(block)}", "dim")))
        for part in _parts(block, width, colour=colour):
            console.print(_table(block, part, colour=colour))
        _below(console, block, width, signatures=signatures)
    best = "bold" if colour else "*"
    rules = sorted({block.bold for block in blocks if len([r for r in block.rows if not r.bound]) > 1})
    legend = [LEGEND, *(f"{best}: {BOLD_RULES[rule]}" for rule in rules)]
    _paragraph(console, "; ".join(legend), width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _below(console: Console, block: Block, width: int, *, signatures: bool) -> None:
    for remark in remarks(block):
        _paragraph(console, remark, width)
    for index, note in enumerate(block.notes, 1):
        _paragraph(console, f"{superscript((index,))} {note}", width)
    if signatures:
        for row in block.rows:
            for cell in row.cells:
                if cell.signature:
                    # Never broken: a signature is there to be copied.
                    console.print(Text(f" {row.label}: {cell.signature}", style="dim"), soft_wrap=True)
    console.print()


def _paragraph(console: Console, text: str, width: int) -> None:
    wrapped = textwrap.wrap(text, width - 2, initial_indent=" ", subsequent_indent="   ", break_on_hyphens=False)
    for line in wrapped:
        console.print(Text(line, style="dim"), soft_wrap=True)


def _label(row: Row) -> str:
    name = row.label
    if len(name) > LONGEST_LABEL:
        # The end of a path says more than its middle.
        name = f"{name[:9]}…{name[-(LONGEST_LABEL - 10) :]}"
    return f"{name} {superscript(row.notes)}".rstrip()


def _head(column: Column) -> list[str]:
    unit = f" {column.unit}" if column.unit else ""
    flag = f" {FLAG}" if column.flag else ""
    return [f"{column.name} {column.arrow}{unit}{flag}", f"@{column.recipe}", f"N={column.total}"]


def _body(block: Block, index: int, *, colour: bool) -> list[Text]:
    """Return the cells of one column, padded so that values, signs and intervals stand under each other."""
    column = block.columns[index]
    cells = [row.cells[index] for row in block.rows]
    pairs = [value_and_half(cell, column) for cell in cells]
    value_wide, half_wide = (max((len(pair[side]) for pair in pairs), default=0) for side in (0, 1))
    tails = [_tail(cell, column, colour=colour) for cell in cells]
    tail_wide = max((cell_len(tail) for tail in tails), default=0)
    texts = []
    for cell, (value, half), tail in zip(cells, pairs, tails, strict=True):
        if cell.value is None:
            text = Text(f"{DASH}{superscript(cell.notes)}", style="dim")
        else:
            interval = f" ±{half:>{half_wide}}" if half else ""
            text = Text.assemble((value, "bold" if cell.best else ""), (interval, "dim"), tail)
        wide = value_wide - len(value) + text.cell_len
        text.pad_left(value_wide - len(value))
        text.pad_right(max(0, value_wide + (half_wide + 2 if half_wide else 0) + tail_wide - wide))
        texts.append(text)
    return texts


def _tail(cell: Cell, column: Column, *, colour: bool) -> str:
    few = coverage(cell, column)
    star = "*" if cell.best and not colour else ""
    return f"{star} {few}" if few else star


def _widths(block: Block, *, colour: bool) -> list[int]:
    return [
        max([cell_len(line) for line in _head(column)] + [t.cell_len for t in _body(block, i, colour=colour)])
        for i, column in enumerate(block.columns)
    ]


def _parts(block: Block, width: int, *, colour: bool) -> list[list[int]]:
    """Deal the columns out to as few tables as fit the width; to each the same number, where that fits too."""
    room = width - max([cell_len(_label(row)) for row in block.rows] + [len("model")])
    widths = [wide + GAP for wide in _widths(block, colour=colour)]
    greedy: list[list[int]] = [[]]
    for index, wide in enumerate(widths):
        if greedy[-1] and sum(widths[i] for i in greedy[-1]) + wide > room:
            greedy.append([])
        greedy[-1].append(index)
    each = -(-len(widths) // len(greedy))
    even = [list(range(first, min(first + each, len(widths)))) for first in range(0, len(widths), each or 1)]
    return even if all(sum(widths[i] for i in part) <= room for part in even) else greedy


def _table(block: Block, part: list[int], *, colour: bool) -> Table:
    table = Table(box=RULED, pad_edge=False, padding=(0, 1), show_edge=False, header_style="none")
    table.add_column("\n\nmodel", no_wrap=True)
    for index in part:
        name, *rest = _head(block.columns[index])
        head = Text.assemble((name, "bold"), *((f"\n{line}", "dim") for line in rest))
        table.add_column(head, no_wrap=True, justify="right")
    bodies = [_body(block, index, colour=colour) for index in part]
    systems = sum(not row.bound for row in block.rows)
    for number, row in enumerate(block.rows):
        style = "italic" if row.bound else ""
        table.add_row(
            Text(_label(row), style=style),
            *(body[number] for body in bodies),
            end_section=0 < systems == number + 1 < len(block.rows),
        )
    return table
