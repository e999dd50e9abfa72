"""Turns response curves into a table for the terminal, and into a section of the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vsseval.report.figures import PAGE, svg
from vsseval.statistics import answer
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vsseval.report.figures import Palette
    from vsseval.statistics.calibration import Calibration, Curve

NOT_MONOTONE = "≁"
LEGEND = (
    "A level: from it on, all are shown to be worse than the recordings themselves (paired, 95 %). "
    f"{answer.LEGEND} A tenth of a metric's greatest answer counts. {NOT_MONOTONE}: a worse level comes out better "
    f"than a milder one (after Holm's adjustment). {DASH}: no number."
)


def sheet(found: Calibration) -> Sheet:
    """Lay out from which level on each metric sees each fault.

    Args:
        found: from `statistics.calibration.calibrate`.
    """
    limit = f" (limit {found.limit})" if found.limit else ""
    flags, doubts = found.flags(), found.doubts()
    return Sheet(
        above=(f"{found.benchmark} {found.version}, {found.clips} clips{limit}, seed {found.seed}",),
        heads=("metric", *(kind.replace("_", " ") for kind in found.kinds)),
        lines=tuple(
            Line((metric, *(_cell(found, metric, kind) for kind in found.kinds)), clear=metric not in {*flags, *doubts})
            for metric in found.metrics
        ),
        below=(
            *(f"{metric}: {why}." for metric, why in (flags | doubts).items()),
            LEGEND,
        ),
    )


def _cell(found: Calibration, metric: str, kind: str) -> str:
    return " ".join(_verdict(curve) for curve in found.curves if (curve.metric, curve.kind) == (metric, kind))


def _verdict(curve: Curve) -> str:
    if curve.verdict == "not monotone":
        return NOT_MONOTONE
    if curve.answer is None:
        return DASH
    seen = curve.detected_from
    return answer.short(curve.answer) if seen is None else level_text(seen, curve)


def level_text(level: float, curve: Curve) -> str:
    """Return a level with its unit, short: `10 dB`, `-0.2 s`, `25 %`."""
    if not curve.unit:
        return f"{level * 100:g}\N{NO-BREAK SPACE}%"
    unit = {"semitones": "st"}.get(curve.unit, curve.unit)
    sign = "+" if curve.kind == "shift" else ""
    return f"{level:{sign}g}\N{NO-BREAK SPACE}{unit}"


def section(found: Calibration) -> dict[str, object]:
    """Return what the report's template shows of one benchmark's calibration."""
    flags, doubts = found.flags(), found.doubts()
    rows = [
        {
            "metric": metric,
            "flag": flags.get(metric, ""),
            "doubt": doubts.get(metric, ""),
            "plots": [_plot(found, metric, kind) for kind in found.kinds],
        }
        for metric in found.metrics
    ]
    limit = f" (limit {found.limit})" if found.limit else ""
    return {
        "title": f"{found.benchmark} {found.version}",
        "circumstances": f"{found.clips} clips{limit}, seed {found.seed}",
        "kinds": [kind.replace("_", " ") for kind in found.kinds],
        "rows": rows,
    }


def _plot(found: Calibration, metric: str, kind: str) -> dict[str, str]:
    curves = [curve for curve in found.curves if (curve.metric, curve.kind) == (metric, kind)]
    name = f"{metric} under {kind.replace('_', ' ')} on {found.benchmark}"
    return {
        "verdict": " ".join(_verdict(curve) for curve in curves),
        "tip": "\n".join(curve.reason for curve in curves),
        "svg": svg(response(curves), name),
    }


def response(curves: list[Curve], palette: Palette = PAGE) -> Figure:
    """Plot how one metric answers to one fault: its value at each level with the 95 % interval, mild to severe.

    The recordings themselves are the line across. A signed fault runs from its most negative level to its most
    positive one.

    Args:
        curves: of one metric and one fault; two for a signed one.
        palette: its colours.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6, 1.7))
    axes = figure.add_axes((0.19, 0.17, 0.78, 0.78))
    points = [point for curve in curves for point in curve.points]
    if len(curves) > 1:
        points = sorted(points, key=lambda point: point.level)
    reference = curves[0].reference
    if reference.value is not None:
        axes.axhline(reference.value, color=palette.muted, linewidth=0.8, linestyle=(0, (2, 2)))
    places = [place for place, point in enumerate(points) if point.value is not None]
    values = [point.value for point in points if point.value is not None]
    axes.plot(places, values, color=palette.line, linewidth=0.9)
    for place, point in enumerate(points):
        if point.value is None:
            continue
        colour = palette.accent if point.worse else palette.ink
        if point.low is not None and point.high is not None:
            axes.plot([place, place], [point.low, point.high], color=colour, linewidth=1.6)
        axes.plot([place], [point.value], marker="o", markersize=4.5, color=colour, markeredgewidth=0)
    _bare(axes, [_tick(point.level, curves[0]) for point in points], palette)
    return figure


def _tick(level: float, curve: Curve) -> str:
    if not curve.unit:
        return f"{level * 100:g}"
    if curve.unit == "Hz" and level >= 1000 and math.isclose(level % 500, 0):
        return f"{level / 1000:g}k"
    return f"{level:g}"


def _bare(axes: Axes, ticks: list[str], palette: Palette) -> None:
    from matplotlib.ticker import MaxNLocator

    shown = [place for place in range(len(ticks)) if len(ticks) <= 6 or place % 3 == 0 or place == len(ticks) - 1]
    axes.set_xticks(shown, [ticks[place] for place in shown])
    axes.set_xlim(-0.5, len(ticks) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.tick_params(colors=palette.muted, labelsize=9, length=3, color=palette.line, pad=1.5)
    for name, spine in axes.spines.items():
        spine.set_visible(name in {"bottom", "left"})
        spine.set_color(palette.line)
