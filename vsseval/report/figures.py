"""Turns columns of a table into forest plots, and sound into spectrograms; figures, never the pyplot state."""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np

from vsseval.text.escaping import html, math_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vsseval.media import Audio
    from vsseval.tables.cells import Block, Column, Row

COLOURS = {"#010203": "var(--ink)", "#040506": "var(--muted)", "#070809": "var(--accent)", "#0a0b0c": "var(--line)"}
"""Stand-ins that `svg` replaces by the page's own colours, so that a plot follows light and dark."""
INK, MUTED, ACCENT, LINE = COLOURS
INCHES, ROW_INCHES = 4.0, 0.27
LONGEST_LABEL = 16

BANDS, TOP_DB, BOTTOM_DB = 64, 0.0, -75.0
SPECTROGRAM_WIDTH = 320


def forest_plot(block: Block, column: Column) -> Figure:
    """Plot the value and the 95 % interval of every model by one metric, bounds apart and in grey.

    Args:
        block: a table.
        column: one of its columns.

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
        _mark(axes, row, index, height)
    if 0 < systems < len(rows):
        axes.axhline(-(systems - 0.25), color=LINE, linewidth=0.8)
    axes.set_yticks(heights, [math_text(_short(row.label)) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(MUTED if row.bound else INK)
    axes.set_ylim(min(heights, default=0) - 0.6, 0.6)
    better = {"↑": "more is better", "↓": "less is better"}.get(column.arrow, "")
    axes.set_xlabel(math_text(f"{column.unit}, {better}" if column.unit else better), color=MUTED, fontsize=9.5)
    _plain(axes)
    return figure


def _mark(axes: Axes, row: Row, index: int, height: float) -> None:
    cell = row.cells[index]
    if cell.value is None:
        return
    colour = MUTED if row.bound else ACCENT
    if cell.low is not None and cell.high is not None:
        axes.plot([cell.low, cell.high], [height, height], color=colour, linewidth=1.6, solid_capstyle="round")
    axes.plot([cell.value], [height], marker="o", markersize=5.0, color=colour, markeredgewidth=0)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[:6]}…{label[-(LONGEST_LABEL - 7) :]}"


def _plain(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(LINE)
    axes.tick_params(axis="x", colors=MUTED, labelsize=9.5, length=3, color=LINE)
    axes.tick_params(axis="y", length=0, labelsize=10.5)
    axes.grid(axis="x", color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)


def svg(figure: Figure, title: str) -> str:
    """Return a figure as SVG for embedding in a page: text as text, colours as the page's variables.

    Args:
        figure: drawn in the colours of this module.
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
    for stand_in, variable in COLOURS.items():
        text = text.replace(stand_in, variable)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{html(title)}" ', 1)
    return re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text))


def spectrogram(audio: Audio) -> bytes:
    """Return the log-frequency, log-magnitude spectrogram of a sound as a small WebP picture.

    64 bands from 50 Hz to 8 kHz, 75 dB below full scale to full scale, 320 columns whatever the length: all
    pictures of a page share one scale, so that a quiet sound looks quiet.
    """
    from PIL import Image

    levels = _levels(audio.mono(16_000))
    shade = np.clip((levels - BOTTOM_DB) / (TOP_DB - BOTTOM_DB), 0, 1)
    pixels = _palette()[(shade[::-1] * 255).astype(np.uint8)]
    out = BytesIO()
    Image.fromarray(pixels).save(out, format="WEBP", quality=55, method=4)
    return out.getvalue()


def _levels(samples: np.ndarray, rate: int = 16_000, size: int = 1024) -> np.ndarray:
    """Decibels below full scale, shape (BANDS, SPECTROGRAM_WIDTH), lowest band first."""
    padded = np.pad(samples, (size // 2, size // 2))
    centres = np.linspace(0, max(samples.size - 1, 0), SPECTROGRAM_WIDTH).astype(int)
    frames = padded[centres[:, None] + np.arange(size)[None, :]]
    window = np.hanning(size)
    power = np.abs(np.fft.rfft(frames * window, axis=1) / (window.sum() / 2)) ** 2
    edges = np.geomspace(50.0, rate / 2, BANDS + 1) * size / rate
    low = np.floor(edges[:-1]).astype(int)
    high = np.maximum(np.ceil(edges[1:]).astype(int), low + 1)
    bands = [power[:, a:b].max(axis=1) for a, b in zip(low, high, strict=True)]
    return np.asarray(10 * np.log10(np.maximum(np.stack(bands), 1e-12)))


def _palette() -> np.ndarray:
    """256 colours from near-black through teal to pale yellow, uint8, shape (256, 3)."""
    stops = np.array([0.0, 0.35, 0.7, 1.0])
    colours = np.array([[16, 20, 26], [22, 76, 92], [74, 160, 144], [246, 240, 200]], dtype=float)
    places = np.linspace(0, 1, 256)
    return np.stack([np.interp(places, stops, colours[:, c]) for c in range(3)], axis=1).astype(np.uint8)
