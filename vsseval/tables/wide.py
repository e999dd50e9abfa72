"""Turns the blocks of several benchmarks into one: a row for each model, the benchmarks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval.tables.cells import Block, Cell, Notes, Row, Span
from vsseval.tables.text import circumstances, title

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = tuple[bool, bool, str, str]
"""Whether a row is reported, whether it is a bound, its label, and of a reported one the table that it stands in."""


def side_by_side(blocks: Sequence[Block]) -> Block:
    """Join blocks.

    Args:
        blocks: at least one; those without a column are left out.

    Returns:
        A block whose `spans` name the benchmarks. A model that was not run on one of them has cells without a
        number there, with that reason. Rankings stay those of each column.
    """
    shown = [block for block in blocks if block.columns and block.rows] or [*blocks]
    if len(shown) == 1:
        return shown[0]
    notes = Notes()
    keys = sorted(dict.fromkeys(_key(row) for block in shown for row in block.rows), key=_order)
    rows = [_row(key, shown, notes) for key in keys]
    first = shown[0]
    return msgspec.structs.replace(
        first,
        columns=tuple(column for block in shown for column in block.columns),
        rows=tuple(rows),
        notes=tuple(notes.texts),
        subset="",
        apart=(),
        unfinished=tuple(dict.fromkeys(name for block in blocks for name in block.unfinished)),
        remarks=tuple(dict.fromkeys(text for block in shown for text in _remarks(block))),
        bold="intervals" if any(block.bold == "intervals" for block in shown) else "paired",
        spans=tuple(
            Span(title=title(block), circumstances=circumstances(block), columns=len(block.columns)) for block in shown
        ),
    )


def _key(row: Row) -> Key:
    return row.reported, row.bound, row.label, row.run if row.reported else ""


def _order(key: Key) -> tuple[bool, bool, str]:
    reported, bound, label, _ = key
    return reported, bound, "" if reported or bound else label.casefold()


def _remarks(block: Block) -> list[str]:
    apart = [f"{title(block)}, {circumstances(block)}, stands apart: {'; '.join(block.apart)}."] if block.apart else []
    return [*apart, *block.remarks]


def _row(key: Key, blocks: Sequence[Block], notes: Notes) -> Row:
    cells: list[Cell] = []
    marks: dict[int, None] = {}
    runs: dict[str, None] = {}
    for block in blocks:
        row = next((row for row in block.rows if _key(row) == key), None)
        if row is None:
            why = () if key[0] else notes.add(f"not run on {title(block)}")
            cells += [Cell(status="missing", notes=why)] * len(block.columns)
            continue
        marks |= dict.fromkeys(notes.renumbered(row.notes, block.notes))
        runs[row.run] = None
        cells += [msgspec.structs.replace(cell, notes=notes.renumbered(cell.notes, block.notes)) for cell in row.cells]
    return Row(
        label=key[2], bound=key[1], reported=key[0], run="; ".join(filter(None, runs)), cells=tuple(cells),
        notes=tuple(marks),
    )  # fmt: skip
