"""Turns blocks into Typst figures; every text is a string of Typst code, so that nothing in it can be markup."""

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
    title,
    value_and_spread,
)
from vsseval.text.escaping import typst as quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.styles import StyleOptions

GREY = "luma(120)"
ONE_PAGE = 40
"""Rows that a page holds; a table of more breaks, and one that breaks cannot be shrunk to the width of the page."""
FITTED = """\
      layout(page => {
        let wide = measure(numbers).width
        if wide > page.width {
          scale(page.width / wide * 100%, reflow: true, box(width: wide, numbers))
        } else { numbers }
      })"""


def typst(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks; the text may be a document of its own, or be included in one."""
    found = [_figure(block, options) for block in blocks]
    said = legend(blocks, options.interval, best="bold", second="underlined")
    return "\n\n".join([*found, f"#text(size: 0.8em, {quoted(f'{said}.')})"]) + "\n"


def _figure(block: Block, options: StyleOptions) -> str:
    caption = quoted(options.caption or _caption(block))
    # what is attached to a figure inside of code is its label
    end = ["    },", f"  ) <{options.label}>]" if options.label else "  )", "}"]
    lines = ["#{", "  show figure: set block(breakable: true)", "  [#figure(" if options.label else "  figure("]
    lines += ["    kind: table,", f"    caption: figure.caption(position: top, {caption}),", "    {"]
    if block.columns and block.rows:
        lines += _table(block, options.interval)
    lines += [f"      {line}" for line in _below(block, signatures=options.signatures)]
    return "\n".join([*lines, *end])


def _caption(block: Block) -> str:
    return f"{circumstances(block)}." if block.spans else f"{title(block)}: {circumstances(block)}."


def _table(block: Block, interval: Interval) -> list[str]:
    """Return a table in which a metric has two columns: its value, and what stands behind it."""
    metrics = len(block.columns)
    over, rules, first = [], [], 1
    for name, columns in spans(block):
        over.append(f"table.cell(colspan: {2 * columns}, align: center, {quoted(name)})")
        rules.append(f"table.hline(start: {first}, end: {first + 2 * columns}, stroke: 0.3pt)")
        first += 2 * columns
    names = [_over(quoted(head(column))) for column in block.columns]
    totals = [_over(f"text(size: 0.8em, {quoted(count(column))})") for column in block.columns]
    lines = [
        "      set text(size: 0.9em)",
        "      let numbers = table(",
        f"        columns: {1 + 2 * metrics}, stroke: none, inset: (x: 0.25em, y: 0.35em),",
        "        align: (x, y) => if x == 0 or calc.even(x) { left } else { right },",
        "        table.hline(stroke: 0.8pt),",
        "        table.header(",
        f"          [], {', '.join(over)},",
        f"          {', '.join(rules)},",
        f"          {quoted('Model')}, {', '.join(names)},",
        f"          [], {', '.join(totals)},",
        "        ),",
    ]
    for rows in parts(block):
        lines.append("        table.hline(stroke: 0.4pt),")
        if rows[0].reported:
            lines.append(f"        table.cell(colspan: {1 + 2 * metrics}, align: left, {_grey(quoted(REPORTED))}),")
        lines += [f"        {_row(row, block, interval)}," for row in rows]
    shown = "      numbers" if len(block.rows) > ONE_PAGE else FITTED
    return [*lines, "        table.hline(stroke: 0.8pt),", "      )", shown]


def _over(text: str) -> str:
    return f"table.cell(colspan: 2, align: center, {text})"


def _grey(text: str) -> str:
    return f"text(fill: {GREY}, {text})"


def _row(row: Row, block: Block, interval: Interval) -> str:
    name = quoted(row.label)
    name = f"emph({name})" if row.bound else _grey(name) if row.reported else name
    cells = [_cell(cell, column, interval) for cell, column in zip(row.cells, block.columns, strict=True)]
    return ", ".join([_joined([name, *_marks(row.notes)]), *cells])


def _cell(cell: Cell, column: Column, interval: Interval) -> str:
    """Return the two cells of a metric."""
    if cell.value is None:
        return f"{quoted(DASH)}, {_joined(_marks(cell.notes))}"
    value, spread = value_and_spread(cell, column, interval)
    few = coverage(cell, column)
    first = f"strong({quoted(value)})" if cell.best else f"underline({quoted(value)})" if cell.second else quoted(value)
    behind = [quoted(spread)] if spread else []
    behind += [*(["h(0.25em)"] if spread else []), f"text(size: 0.8em, {quoted(few)})"] if few else []
    if cell.printed:
        first, behind = _grey(first), [_grey(text) for text in behind]
    return f"{first}, {_joined([*behind, *_marks(cell.notes)])}"


def _marks(notes: tuple[int, ...]) -> list[str]:
    return [f"super({quoted(','.join(map(str, notes)))})"] if notes else []


def _joined(texts: Sequence[str]) -> str:
    return " + ".join(texts) if texts else "[]"


def _below(block: Block, *, signatures: bool) -> list[str]:
    """Return notes, and signatures where they are asked for, as paragraphs below the table."""
    notes = [quoted(text) for text in remarks(block)]
    notes += [f"super({quoted(str(i))}) + h(0.2em) + {quoted(note)}" for i, note in enumerate(block.notes, 1)]
    if signatures:
        notes += [f"raw({quoted(line)})" for line in signature_lines(block)]
    return [f"block(width: 100%, spacing: 0.5em, align(left, text(size: 0.8em, {note})))" for note in notes]
