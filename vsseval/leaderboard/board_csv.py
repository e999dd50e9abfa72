"""Turns a board into CSV, one number a line."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from vsseval.text.escaping import csv_cell

FIELDS = (
    "row", "kind", "system", "suite", "part", "metric", "unit", "better", "value", "printed", "low", "high", "n", "N",
    "source", "link",
)  # fmt: skip


def board_csv(board: dict[str, Any]) -> str:
    """Render all numbers of a board.

    Args:
        board: one of `boards`.
    """
    columns = {column["key"]: column for column in board["columns"]}
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in board["rows"]:
        for key, cell in row["cells"].items():
            if cell["value"] is not None:
                writer.writerow(_line(row, columns[key], cell))
    return out.getvalue()


def _line(row: dict[str, Any], column: dict[str, Any], cell: dict[str, Any]) -> list[str]:
    better = {"↑": "higher", "↓": "lower"}.get(column["arrow"], "")
    metric = column["key"] if column["kind"] == "measured" else column["head"]
    texts = [row["id"], row["kind"], row["system"], row["suite"], row["part"], metric, column["unit"], better]
    numbers = [f"{cell['value']:.12g}", cell["text"], *(_number(cell.get(name)) for name in ("low", "high"))]
    counts = [str(cell.get(name) or "") for name in ("n", "total")]
    return [*map(csv_cell, texts), *numbers, *counts, csv_cell(row["source"]), row["link"]]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
