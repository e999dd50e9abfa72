"""Turns columns of a table into forest plots, and figures into SVG for a page; figures, never the pyplot state."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from vsseval.text.escaping import html, math_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vsseval.tables.cells import Block, Column, Row


class Palette(NamedTuple):
    """The colours that a plot is drawn in."""

    ink: str
    muted: str
    accent: str
    line: str


PAGE = Palette("#010203", "#040506", "#070809", "#0a0b0c")
"""Stand-ins that `svg` replaces by the page's own colours, so that a plot follows light and dark."""
PAPER = Palette("#22231f", "#66665f", "#0c6b69", "#cfccc2")
"""For a plot that is printed, or stands in a paper."""
INCHES, ROW_INCHES = 4.0, 0.27
LONGEST_LABEL = 16


def forest_plot(block: Block, column: Column, palette: Palette = PAGE) -> Figure:
    """Plot the value and the 95 % interval of every model by one metric, bounds apart and in grey.

    Args:
        block: a table.
        column: one of its columns.
        palette: its colours.

    Returns:
        A figure of one row per model that has a value, in the order of the table.
    """
    from matplotlib.figure import Figure

    index = block.columns.index(column)
    rows = [row for row in block.rows if row.cells[index].value is not None]
    figure = Figure(figsize=(INCHES, 0.66 + ROW_INCHES * max(len(rows), 1)))
    axes = figure.add_axes((0.385, 0.5 / figure.get_figheight(), 0.575, 1 - 0.56 / figure.get_figheight()))
    systems = sum(not row.bound for row in rows)
    heights = [-(i + (0.5 if i >= systems > 0 else 0.0)) for i in range(len(rows))]
    for row, height in zip(rows, heights, strict=True):
        _mark(axes, row, index, height, palette)
    if 0 < systems < len(rows):
        axes.axhline(-(systems - 0.25), color=palette.line, linewidth=0.8)
    axes.set_yticks(heights, [math_text(_short(row.label)) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(palette.muted if row.bound else palette.ink)
    axes.set_ylim(min(heights, default=0) - 0.6, 0.6)
    better = {"↑": "more is better", "↓": "less is better"}.get(column.arrow, "")
    unit = math_text(f"{column.unit}, {better}" if column.unit else better)
    axes.set_xlabel(unit, color=palette.muted, fontsize=9.5)
    _plain(axes, palette)
    return figure


def _mark(axes: Axes, row: Row, index: int, height: float, palette: Palette) -> None:
    cell = row.cells[index]
    if cell.value is None:
        return
    colour = palette.muted if row.bound else palette.accent
    if cell.low is not None and cell.high is not None:
        axes.plot([cell.low, cell.high], [height, height], color=colour, linewidth=1.6, solid_capstyle="round")
    axes.plot([cell.value], [height], marker="o", markersize=5.0, color=colour, markeredgewidth=0)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[:6]}…{label[-(LONGEST_LABEL - 7) :]}"


def _plain(axes: Axes, palette: Palette) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(palette.line)
    axes.tick_params(axis="x", colors=palette.muted, labelsize=9.5, length=3, color=palette.line)
    axes.tick_params(axis="y", length=0, labelsize=10.5)
    axes.grid(axis="x", color=palette.line, linewidth=0.5)
    axes.set_axisbelow(True)


def svg(figure: Figure, title: str) -> str:
    """Return a figure as SVG for embedding in a page: text as text, colours as the page's variables.

    Args:
        figure: drawn in the colours of `PAGE`.
        title: what a screen reader says.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "vsseval", "font.family": "sans-serif"}):
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)  # Several plots share a page: ids would be given twice.
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for name, stand_in in PAGE._asdict().items():
        text = text.replace(stand_in, f"var(--{name})")
    text = text.replace("<svg ", f'<svg role="img" aria-label="{html(title)}" ', 1)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text))
