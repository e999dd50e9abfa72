"""Turns blocks into one HTML page that opens from disk, and into what the templates of report and leaderboard show."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.tables.text import (
    DOUBT,
    FLAG,
    REPORTED,
    Interval,
    circumstances,
    coverage,
    legend,
    parts,
    remarks,
    signature_lines,
    spans,
    superscript,
    title,
    value_and_spread,
)
from vsseval.text.escaping import json_text, terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.styles import StyleOptions

LONGEST_TITLE = 80
WIDTHS = {" ": 0.5, ".": 0.5, ",": 0.5, "/": 0.55, "[": 0.6, "]": 0.6, "-": 0.6, "±": 1.35}
"""Of letters that are not as wide as a digit, beside it."""
TEMPLATES = Path(__file__).parent / "templates"
SMALL, RAISED = 0.8, 0.65
"""Size of counts, and width of the number of a note, beside a digit of a value."""


def html(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks as a page of their own."""
    names = ", ".join(dict.fromkeys(title(block) for block in blocks))
    return rendered("table.html", {
        "title": names if len(names) <= LONGEST_TITLE else f"{len(blocks)} tables",
        "legend": legend(blocks, options.interval, best="bold", second="underlined"),
        "tables": [table(block, options.interval, signatures=options.signatures) for block in blocks],
    })  # fmt: skip


def rendered(template: str, context: Mapping[str, Any], folder: Path = TEMPLATES) -> str:
    """Fill a template; everything in the context is escaped unless the template says otherwise.

    Args:
        template: its file name.
        context: what it shows.
        folder: where it lies; what it includes is looked for there, and then beside the table's.
    """
    found = _environment(folder).get_template(template)
    return found.render({"flag": FLAG, "doubt": DOUBT, "reported": REPORTED, **context})


@functools.cache  # what it compiles, it keeps: a leaderboard fills one template for each of its records
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    loader = FileSystemLoader([folder, TEMPLATES])
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    # Scripts and styles stand in the page as they are: their braces are not the template's.
    environment.globals["source"] = lambda name: Markup(loader.get_source(environment, name)[0])  # noqa: S704
    return environment


def _shown(value: object) -> object:
    """Return what is put into a page, and perhaps printed; markup that the templates call safe is."""
    return terminal(value) if type(value) is str else value


def json_block(value: object) -> str:
    """Return a value as JSON that may stand inside a script element: no text in it can close the element.

    Args:
        value: what msgspec writes; numbers have to be finite.
    """
    import msgspec

    text = json_text(msgspec.json.encode(value).decode())
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(block: Block, interval: Interval = "half", *, signatures: bool = False) -> dict[str, Any]:
    """Return what the macro `data_table` shows of a block."""
    kinds: list[dict[str, Any]] = [
        {"kind": "reported" if rows[0].reported else "bounds" if rows[0].bound else "systems",
         "rows": [_row(row, block, interval) for row in rows]}
        for rows in parts(block)
    ]  # fmt: skip
    _align([row["cells"] for kind in kinds for row in kind["rows"]])
    return {
        "title": title(block), "circumstances": circumstances(block), "columns": block.columns, "subset": block.subset,
        "spans": spans(block), "parts": kinds, "remarks": remarks(block),
        "notes": [(superscript((i,)), note) for i, note in enumerate(block.notes, 1)],
        "signatures": signature_lines(block) if signatures else [],
    }  # fmt: skip


def _row(row: Row, block: Block, interval: Interval) -> dict[str, Any]:
    cells = [_cell(cell, column, interval) for cell, column in zip(row.cells, block.columns, strict=True)]
    return {"label": row.label, "notes": superscript(row.notes), "cells": cells, "run": row.run}


def _cell(cell: Cell, column: Column, interval: Interval) -> dict[str, Any]:
    value, spread = value_and_spread(cell, column, interval)
    ends = "" if cell.low is None else f"{cell.low:.{column.decimals}f} to {cell.high:.{column.decimals}f}"
    tip = [f"95 %: {ends}"] if ends and not cell.printed else []
    tip += [f"macro: {cell.macro:.{column.decimals}f}"] if cell.macro is not None else []
    tip += [f"{cell.n} of {cell.total} clips"] if not cell.printed else []
    tip += [text for text in (cell.method, cell.signature) if text]
    return {
        "value": value, "spread": spread, "few": coverage(cell, column), "best": cell.best, "second": cell.second,
        "notes": superscript(cell.notes), "sort": cell.value, "tip": "\n".join(tip), "wide": 0.0,
    }  # fmt: skip


def _align(rows: Sequence[Sequence[dict[str, Any]]]) -> None:
    """Give what stands behind the values of a column one width, so that the values stand under each other."""
    for cells in zip(*rows, strict=True):
        wide = max(_width(c["spread"]) + SMALL * _width(c["few"]) + RAISED * len(c["notes"]) for c in cells)
        for cell in cells:
            cell["wide"] = round(wide, 1)


def _width(text: str) -> float:
    """Estimate the width of a text behind a value, and of the blank before it, in widths of a digit."""
    return sum(WIDTHS.get(letter, 1.0) for letter in f" {text}") if text else 0.0
