"""Turns blocks into CSV: one row per model, and for each metric its value, interval, n, N and status."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from vsseval.tables.text import number
from vsseval.text.escaping import csv_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block, Cell, Row
    from vsseval.tables.styles import StyleOptions

FIELDS = (
    "", " half", " low", " high", " macro", " n", " N", " status", " place", " samples", " se clips", " se seeds",
)  # fmt: skip
"""What follows a metric's name in the head of its columns; the last three where clips have several samples."""


def csv_table(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks as one CSV; a metric that a benchmark does not have is empty.

    Values are in displayed units, with one digit more than the tables show; reported ones are as they were printed.
    "place" is "best" or "second" where that is clear.
    """
    metrics = list(dict.fromkeys(column.metric for block in blocks for column in block.columns))
    fields = (*FIELDS, " signature") if options.signatures else FIELDS
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["benchmark", "version", "subset", "seed", "limit", "model", "kind", "run", "notes"]
        + [csv_cell(f"{metric}{field}") for metric in metrics for field in fields]
    )
    for block in blocks:
        for row in block.rows:
            writer.writerow(_line(block, row, metrics, len(fields), signatures=options.signatures))
    return out.getvalue()


def _line(block: Block, row: Row, metrics: Sequence[str], width: int, *, signatures: bool) -> list[str]:
    line = [
        csv_cell(block.benchmark), csv_cell(block.version), csv_cell(block.subset), str(block.seed),
        str(block.limit or ""), csv_cell(row.label),
        "reported" if row.reported else "bound" if row.bound else "system", csv_cell(row.run),
        csv_cell("; ".join(block.notes[note - 1] for note in row.notes)),
    ]  # fmt: skip
    places = {column.metric: (cell, column.decimals) for cell, column in zip(row.cells, block.columns, strict=True)}
    for metric in metrics:
        if metric in places:
            line += _fields(*places[metric], signatures=signatures)
        else:
            line += [""] * width
    return line


def _fields(cell: Cell, decimals: int, *, signatures: bool) -> list[str]:
    def text(value: float | None) -> str:
        return "" if value is None else number(value, decimals + 1)

    value = f"{cell.value:.12g}" if cell.value is not None and cell.printed else text(cell.value)
    found = [value, text(cell.half), text(cell.low), text(cell.high), text(cell.macro)]
    found += [str(cell.n), str(cell.total), cell.status, "best" if cell.best else "second" if cell.second else ""]
    spread = cell.spread
    found += [str(spread.samples), text(spread.se_clips), text(spread.se_seeds)] if spread else ["", "", ""]
    return [*found, csv_cell(cell.signature)] if signatures else found
