"""Turns tables into pieces of HTML that a notebook shows inside of its page, with its own fonts and colours."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vsseval.tables.text import (
    circumstances,
    coverage,
    head,
    legend,
    parts,
    remarks,
    spans,
    superscript,
    title,
    value_and_spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.sheet import Sheet
    from vsseval.tables.text import Interval

__all__ = ["blocks_html", "sheet_html"]

_RIGHT = ' style="text-align:right"'
_LEFT = ' style="text-align:left"'
_MIDDLE = ' style="text-align:center"'
_SMALL = ' style="font-size:smaller;opacity:.75;margin:.2em 0"'


def sheet_html(sheet: Sheet) -> str:
    """Return a sheet: what stands above it, the table, and what stands below, folded where it is long."""
    heads = "".join(f"<th{_side(place)}>{escape(text)}</th>" for place, text in enumerate(sheet.heads))
    rows = [
        "".join(f"<td{_side(place)}>{escape(cell)}</td>" for place, cell in enumerate(line.cells))
        for line in sheet.lines
    ]
    table = _table([heads], rows) if rows else ""
    return f"<div>{_lines(sheet.above)}{table}{_below(sheet.below)}</div>"


def blocks_html(blocks: Sequence[Block], interval: Interval = "half") -> str:
    """Return tables of systems; the best system is bold, the second underlined."""
    said = legend(blocks, interval, best="bold", second="underlined")
    return "".join(f"<div>{_block(block, interval)}</div>" for block in blocks) + f"<p{_SMALL}>{escape(said)}.</p>"


def _block(block: Block, interval: Interval) -> str:
    above = _lines([circumstances(block)] if block.spans else [f"{title(block)}: {circumstances(block)}"])
    over = "".join(f'<th colspan="{count}"{_MIDDLE}>{escape(name)}</th>' for name, count in spans(block))
    names = "".join(f"<th{_RIGHT}>{escape(head(column))}</th>" for column in block.columns)
    heads = [*([f"<th></th>{over}"] if block.spans else []), f"<th{_LEFT}>model</th>{names}"]
    rows = [_row(row, block, interval) for kind in parts(block) for row in kind]
    notes = [f"{superscript((place,))} {note}" for place, note in enumerate(block.notes, 1)]
    return above + (_table(heads, rows) if rows and block.columns else "") + _below([*remarks(block), *notes])


def _row(row: Row, block: Block, interval: Interval) -> str:
    name = escape(row.label) + escape(superscript(row.notes))
    name = f"<i>{name}</i>" if row.bound or row.reported else name
    cells = [_cell(cell, column, interval) for cell, column in zip(row.cells, block.columns, strict=True)]
    return f"<td{_LEFT}>{name}</td>{''.join(cells)}"


def _cell(cell: Cell, column: Column, interval: Interval) -> str:
    value, spread = (escape(text) for text in value_and_spread(cell, column, interval))
    value = f"<b>{value}</b>" if cell.best else f"<u>{value}</u>" if cell.second else value
    few = coverage(cell, column)
    behind = " ".join(text for text in (spread, escape(few)) if text)
    behind = f" <small>{behind}</small>" if behind else ""
    tip = escape(cell.signature, quote=True)
    return f'<td{_RIGHT} title="{tip}">{value}{behind}{escape(superscript(cell.notes))}</td>'


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head_rows = "".join(f"<tr>{text}</tr>" for text in heads)
    return f"<table><thead>{head_rows}</thead><tbody>{''.join(f'<tr>{text}</tr>' for text in rows)}</tbody></table>"


def _below(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    return f"<details><summary>notes</summary>{_lines(texts, small=True)}</details>"


def _lines(texts: Sequence[str], *, small: bool = False) -> str:
    return "".join(f"<p{_SMALL if small else ''}>{escape(text)}</p>" for text in texts)


def _side(place: int) -> str:
    return _RIGHT if place else _LEFT
