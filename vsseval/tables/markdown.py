"""Turns blocks into GitHub-flavoured Markdown: one heading and one table each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.tables.text import (
    DASH,
    REPORTED,
    Interval,
    circumstances,
    count,
    coverage,
    head,
    legend,
    parts,
    remarks,
    signature_lines,
    spans,
    superscript,
    title,
    value_and_spread,
)
from vsseval.text.escaping import markdown as escaped
from vsseval.text.escaping import one_line, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.styles import StyleOptions


def markdown(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks; the second system is underlined by <ins>, which GitHub shows."""
    found = []
    for block in blocks:
        lines = [f"### {escaped(title(block))}", "", escaped(circumstances(block)), ""]
        if block.rows and block.columns:
            lines += [*_table(block, options.interval), ""]
        lines += [f"{escaped(text)}  " for text in remarks(block)]
        lines += [f"{superscript((i,))} {escaped(note)}  " for i, note in enumerate(block.notes, 1)]
        if options.signatures:
            signed = (terminal(one_line(line)).replace("```", "'''") for line in signature_lines(block))
            lines += ["", "```", *signed, "```"]
        found.append("\n".join(lines).rstrip())
    return "\n\n".join([*found, f"{legend(blocks, options.interval, best='bold', second='underlined')}."]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(block: Block, interval: Interval) -> list[str]:
    """Return the lines of a table; those of a wide one begin with the benchmarks, for there are no spanning cells."""
    names = [escaped(head(column)) + (f" ({count(column)})" if count(column) else "") for column in block.columns]
    lines = [_row([":--", *(["--:"] * len(block.columns))])]
    if block.spans:
        over = [cell for name, count in spans(block) for cell in (escaped(name), *([""] * (count - 1)))]
        lines = [_row(["", *over]), *lines, _row(["**model**", *(f"**{name}**" for name in names)])]
    else:
        lines = [_row(["model", *names]), *lines]
    kinds = parts(block)
    for rows in kinds:
        apart = REPORTED if rows[0].reported else "bounds" if rows[0].bound else ""
        if apart and rows is not kinds[0]:
            lines.append(_row([f"*{apart}*", *([""] * len(block.columns))]))
        lines += [_line(row, block, interval) for row in rows]
    return lines


def _line(row: Row, block: Block, interval: Interval) -> str:
    name = f"*{escaped(row.label)}*" if row.bound or row.reported else escaped(row.label)
    cells = [_cell(cell, column, interval) for cell, column in zip(row.cells, block.columns, strict=True)]
    return _row([f"{name} {superscript(row.notes)}".strip(), *cells])


def _cell(cell: Cell, column: Column, interval: Interval) -> str:
    if cell.value is None:
        return f"{DASH} {superscript(cell.notes)}".strip()
    value, spread = value_and_spread(cell, column, interval)
    text = escaped(f"{value} {spread}".strip().replace("±", "± "))
    if cell.best:
        text = f"**{text}**"
    elif cell.second:
        text = f"<ins>{text}</ins>"
    elif cell.printed:
        text = f"*{text}*"
    few = coverage(cell, column)
    return f"{text}{f' ({few})' if few else ''} {superscript(cell.notes)}".strip()
