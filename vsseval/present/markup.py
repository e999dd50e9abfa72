"""Turns blocks into Markdown and into LaTeX (booktabs)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    from collections.abc import Callable, Sequence

    from vsseval.present.grid import Block, Cell, Column, Row

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "\u00d7": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "\u2212": "$-$", "\u2013": "--", "—": "---",
    "…": r"\ldots{}", "·": r"$\cdot$", "†": r"$^\dagger$", "µ": r"$\mu$", "μ": r"$\mu$",
}  # fmt: skip


def markdown(blocks: Sequence[Block], *, signatures: bool) -> str:
    """Render blocks as GitHub-flavoured Markdown, one heading and one table each."""
    parts = []
    for block in blocks:
        lines = [f"### {_md(title(block))}", "", _md(circumstances(block)), ""]
        if block.rows:
            lines += _md_table(block)
        lines += [f"{_md(text)}  " for text in remarks(block)]
        lines += [f"{superscript((i,))} {_md(note)}  " for i, note in enumerate(block.notes, 1)]
        if signatures:
            lines += ["", "```", *_signatures(block), "```"]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"{LEGEND}{_bold_rule(blocks)}."]) + "\n"


def latex(blocks: Sequence[Block], *, signatures: bool) -> str:
    r"""Render blocks as LaTeX tables; the document needs `\usepackage{booktabs}` and nothing else."""
    parts = [_latex_table(block) for block in blocks]
    if signatures:
        parts += [f"% {line}" for block in blocks for line in _signatures(block)]
    legend = f"% {LEGEND}{_bold_rule(blocks)}."
    return "\n\n".join([r"% needs \usepackage{booktabs}", *parts, legend]) + "\n"


def escape_latex(text: str) -> str:
    """Escape what LaTeX would take for a command; the rest is left as UTF-8."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def _md(text: str) -> str:
    """Escape what Markdown would take for markup; an underscore inside a word is none."""
    text = re.sub(r"([\\`*|<>\[\]])", r"\\\1", text)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)


def _bold_rule(blocks: Sequence[Block]) -> str:
    rules = sorted({b.bold for b in blocks if sum(not row.bound for row in b.rows) > 1})
    return "".join(f"; bold: {BOLD_RULES[rule]}" for rule in rules)


def _signatures(block: Block) -> list[str]:
    return [f"{row.label}: {cell.signature}" for row in block.rows for cell in row.cells if cell.signature]


def _head(column: Column) -> str:
    unit = f" {column.unit}" if column.unit else ""
    return f"{column.metric} {column.arrow}{unit}{FLAG if column.flag else ''}"


def _md_table(block: Block) -> list[str]:
    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def line(found: Row) -> str:
        name = f"*{_md(found.label)}*" if found.bound else _md(found.label)
        cells = [_md_cell(c, col) for c, col in zip(found.cells, block.columns, strict=True)]
        return row([f"{name} {superscript(found.notes)}".strip(), *cells])

    systems = [line(found) for found in block.rows if not found.bound]
    bounds = [line(found) for found in block.rows if found.bound]
    set_apart = [row(["*bounds*", *([""] * len(block.columns))])] if systems and bounds else []
    return [
        row(["model", *(f"{_md(_head(column))} (N={column.total})" for column in block.columns)]),
        row([":--", *(["--:"] * len(block.columns))]),
        *systems, *set_apart, *bounds, "",
    ]  # fmt: skip


def _md_cell(cell: Cell, column: Column) -> str:
    text = _plain(cell, column, lambda value: f"**{value}**")
    return f"{text} {superscript(cell.notes)}".strip()


def _plain(cell: Cell, column: Column, bold: Callable[[str], str]) -> str:
    if cell.value is None:
        return DASH
    value, half = value_and_half(cell, column)
    text = f"{value} ± {half}" if half else value
    few = coverage(cell, column)
    return (bold(text) if cell.best else text) + (f" ({few})" if few else "")


def _latex_table(block: Block) -> str:
    columns = len(block.columns)
    lines = [
        r"\begin{table}", r"  \centering",
        rf"  \caption{{{escape_latex(f'{title(block)}: {circumstances(block)}.')}}}",
        rf"  \begin{{tabular}}{{l{'r' * columns}}}", r"    \toprule",
        rf"    Model & {' & '.join(escape_latex(_head(c)) for c in block.columns)} \\",
        rf"    & {' & '.join(f'$N={c.total}$' for c in block.columns)} \\", r"    \midrule",
    ]  # fmt: skip
    systems = [row for row in block.rows if not row.bound]
    bounds = [row for row in block.rows if row.bound]
    lines += [_latex_row(row, block) for row in systems]
    lines += [r"    \midrule"] if systems and bounds else []
    lines += [_latex_row(row, block) for row in bounds]
    lines += [r"    \bottomrule", r"  \end{tabular}"]
    notes = [escape_latex(text) for text in remarks(block)]
    notes += [rf"$^{{{i}}}$ {escape_latex(note)}" for i, note in enumerate(block.notes, 1)]
    if notes:
        lines += ["", r"  \smallskip\raggedright\footnotesize"] + [rf"  {note}\\" for note in notes[:-1]]
        lines += [f"  {notes[-1]}"]
    return "\n".join([*lines, r"\end{table}"])


def _latex_row(row: Row, block: Block) -> str:
    def marks(notes: tuple[int, ...]) -> str:
        return f"$^{{{','.join(map(str, notes))}}}$" if notes else ""

    cells = []
    for cell, column in zip(row.cells, block.columns, strict=True):
        text = _plain(cell, column, lambda value: f"\0{value}\1")
        text = escape_latex(text).replace("\0", r"\textbf{").replace("\1", "}")
        cells.append(text + marks(cell.notes))
    name = escape_latex(row.label)
    name = rf"\textit{{{name}}}" if row.bound else name
    return rf"    {name}{marks(row.notes)} & {' & '.join(cells)} \\"
