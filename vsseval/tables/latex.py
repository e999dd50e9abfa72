r"""Turns blocks into LaTeX tables in the manner of booktabs, which pdfLaTeX, XeLaTeX and LuaLaTeX compile.

A metric takes two columns of the tabular, its value and what stands behind it, so that values stand under each other.
"""

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
    marks,
    parts,
    remarks,
    signature_lines,
    spans,
    title,
    value_and_spread,
)
from vsseval.text.escaping import LETTER
from vsseval.text.escaping import latex as escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.tables.cells import Block, Cell, Column, Row
    from vsseval.tables.styles import StyleOptions

ONE_PAGE = 40
"""Rows that a page holds; more go into a longtable, which breaks."""
LONGEST_LABEL = 28
LINE = 345.0
"""Points of a line of LaTeX's article; a table that seems wider is made small, and shrunk if need be."""
LETTER_WIDE, COLUMN_GAP = 5.0, 13.0
"""Points of a letter on average, and between two metrics."""
SHRUNK = r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def latex(blocks: Sequence[Block], options: StyleOptions) -> str:
    """Render blocks; the comment in the first lines names the packages that the document needs."""
    packages = ["booktabs", *(["longtable"] if any(_long(block) for block in blocks) else [])]
    packages += ["graphicx"] if any(_crowded(block, options.interval) for block in blocks) else []
    packages += ["xcolor"] if any(row.reported for block in blocks for row in block.rows) else []
    found = [_table(block, options) for block in blocks]
    needs = " ".join(rf"\usepackage{{{name}}}" for name in packages)
    lines = [f"% needs {needs}"]
    if any(LETTER in text for text in found):
        lines += [
            "% pdfLaTeX prints the numbers of letters that it lacks; XeLaTeX and LuaLaTeX need a font that has them",
            rf"\providecommand{{{LETTER}}}[2]{{\ifdefined\Umathchar#2\else[U+#1]\fi}}",
        ]
    said = legend(blocks, options.interval, best="bold", second="underlined")
    return "\n\n".join(["\n".join(lines), *found, f"% {said}."]) + "\n"


def _long(block: Block) -> bool:
    return len(block.rows) > ONE_PAGE


def _crowded(block: Block, interval: Interval) -> bool:
    """Whether a table seems to be wider than a line."""
    wide = LETTER_WIDE * max((len(row.label) for row in block.rows), default=0)
    for place, column in enumerate(block.columns):
        cells = [row.cells[place] for row in block.rows]
        texts = [
            sum(map(len, value_and_spread(cell, column, interval))) + len(coverage(cell, column)) for cell in cells
        ]
        wide += LETTER_WIDE * max([len(head(column)), *texts]) + COLUMN_GAP
    return wide > LINE


def _table(block: Block, options: StyleOptions) -> str:
    interval = options.interval
    caption = rf"\caption{{{escaped(options.caption or _caption(block))}}}"
    caption += rf"\label{{{options.label}}}" if options.label else ""
    below = _below(block, signatures=options.signatures)
    if not block.columns or not block.rows:
        return "\n".join([r"\begin{table}", r"  \centering", f"  {caption}", *below, r"\end{table}"])
    # What breaks over pages cannot be shrunk; there a long name is broken into lines.
    broken = _long(block) and max(len(row.label) for row in block.rows) > LONGEST_LABEL
    shape = (r"p{0.22\linewidth}" if broken else "l") + "r@{}l" * len(block.columns)
    top = [r"    \toprule", *_heads(block), r"    \midrule"]
    rows = _rows(block, interval)
    crowded = _crowded(block, interval)
    size = [rf"  \{'footnotesize' if _long(block) else 'small'}\setlength{{\tabcolsep}}{{4pt}}"] if crowded else []
    if _long(block):
        body = [rf"  \begin{{longtable}}{{{shape}}}", rf"    {caption}\\", *top, r"    \endfirsthead", *top]
        body += [r"    \endhead", r"    \bottomrule", r"    \endfoot", *rows, r"  \end{longtable}"]
        return "\n".join([r"\begingroup", *size, *body, r"\endgroup", *below])
    kind = "table*" if crowded else "table"
    body = [rf"  \begin{{tabular}}{{{shape}}}", *top, *rows, r"    \bottomrule", r"  \end{tabular}"]
    body = [SHRUNK, *body, "  }"] if crowded else body
    return "\n".join([rf"\begin{{{kind}}}", r"  \centering", f"  {caption}", *size, *body, *below, rf"\end{{{kind}}}"])


def _caption(block: Block) -> str:
    return f"{circumstances(block)}." if block.spans else f"{title(block)}: {circumstances(block)}."


def _heads(block: Block) -> list[str]:
    over, rules, first = [], [], 2
    for name, metrics in spans(block):
        over.append(rf"\multicolumn{{{2 * metrics}}}{{c}}{{{escaped(name)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{first + 2 * metrics - 1}}}")
        first += 2 * metrics
    names = [rf"\multicolumn{{2}}{{c}}{{{_head(column)}}}" for column in block.columns]
    sizes = [rf"\footnotesize ${count(column)}$" if count(column) else "" for column in block.columns]
    totals = [rf"\multicolumn{{2}}{{c}}{{{size}}}" for size in sizes]
    return [
        rf"    & {' & '.join(over)} \\", f"    {' '.join(rules)}", rf"    Model & {' & '.join(names)} \\",
        rf"    & {' & '.join(totals)} \\",
    ]  # fmt: skip


def _head(column: Column) -> str:
    name = escaped(" ".join(filter(None, [column.marked(column.head or column.metric), column.arrow, column.unit])))
    return name + escaped(marks(column))


def _rows(block: Block, interval: Interval) -> list[str]:
    lines: list[str] = []
    for rows in parts(block):
        lines += [r"    \midrule"] if lines else []
        if rows[0].reported:
            said = rf"\footnotesize\textcolor{{gray}}{{{REPORTED}}}"
            lines.append(rf"    \multicolumn{{{1 + 2 * len(block.columns)}}}{{l}}{{{said}}} \\")
        lines += [_row(row, block, interval) for row in rows]
    return lines


def _row(row: Row, block: Block, interval: Interval) -> str:
    name = escaped(row.label)
    name = rf"\textit{{{name}}}" if row.bound else name
    name = rf"\textcolor{{gray}}{{{name}}}" if row.reported else name
    cells = [_cell(cell, column, interval) for cell, column in zip(row.cells, block.columns, strict=True)]
    return rf"    {name}{_marks(row.notes)} & {' & '.join(cells)} \\"


def _cell(cell: Cell, column: Column, interval: Interval) -> str:
    """Return the two cells of a metric."""
    if cell.value is None:
        return f"{escaped(DASH)} & {_marks(cell.notes)}"
    value, spread = (escaped(text) for text in value_and_spread(cell, column, interval))
    few = coverage(cell, column)
    value = rf"\textbf{{{value}}}" if cell.best else rf"\underline{{{value}}}" if cell.second else value
    behind = rf"\,{spread}" if spread else ""
    behind += rf"\,{{\scriptsize {few}}}" if few else ""
    if cell.printed:
        value = rf"\textcolor{{gray}}{{{value}}}"
        behind = rf"\textcolor{{gray}}{{{behind}}}" if behind else ""
    return f"{value} & {behind}{_marks(cell.notes)}".rstrip()


def _marks(notes: tuple[int, ...]) -> str:
    return f"$^{{{','.join(map(str, notes))}}}$" if notes else ""


def _below(block: Block, *, signatures: bool) -> list[str]:
    r"""Return notes, and signatures where they are asked for, in lines that may break at a bar."""
    notes = [escaped(text) for text in remarks(block)]
    notes += [rf"$^{{{i}}}$ {escaped(note)}" for i, note in enumerate(block.notes, 1)]
    if signatures:
        notes += [rf"{{\ttfamily {_breakable(line)}}}" for line in signature_lines(block)]
    if not notes:
        return []
    return ["", r"  {\smallskip\raggedright\footnotesize", *(rf"  {note}\par" for note in notes), "  }"]


def _breakable(line: str) -> str:
    return _joined(escaped(part) for part in line.split("|"))


def _joined(texts: Iterable[str]) -> str:
    return r"\textbar\allowbreak{}".join(texts)
