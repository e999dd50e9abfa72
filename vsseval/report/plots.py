"""Turns runs into files of plots, as PDF and PNG: each metric's intervals on each benchmark, and response curves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vsseval.report.calibration import response
from vsseval.report.figures import PAPER, forest_plot
from vsseval.store import atomic
from vsseval.tables.layout import sections
from vsseval.tables.text import title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from vsseval.statistics.calibration import Calibration
    from vsseval.store.record import LoadedRun

DPI = 300
"""Of PNG files."""
KINDS = ("pdf", "png")


def write_plots(runs: Iterable[LoadedRun], folder: Path, calibrations: Sequence[Calibration] = ()) -> int:
    """Write every plot of a report as `<benchmark>-<metric>.pdf` and `.png`; files of these names are replaced.

    Args:
        runs: any runs.
        folder: is made where it is not there.
        calibrations: of benchmarks; each metric and fault has a plot, `<benchmark>-<metric>-<fault>`.

    Returns:
        How many plots there are.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    with atomic.as_environment_fault(folder):
        folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for wanted, figure in (*_forests(runs), *_responses(calibrations)):
        name = wanted if wanted not in names else f"{wanted}-{names.count(wanted) + 1}"
        names.append(wanted)
        for kind in KINDS:
            _write(figure, folder / f"{name}.{kind}", kind)
    return len(names)


def _forests(runs: Iterable[LoadedRun]) -> Iterator[tuple[str, Figure]]:
    for section in sections(runs):
        block = section.whole
        for place, column in enumerate(block.columns):
            if any(row.cells[place].value is not None for row in block.rows):
                yield _name(title(block), column.metric), forest_plot(block, column, PAPER)


def _responses(calibrations: Sequence[Calibration]) -> Iterator[tuple[str, Figure]]:
    for found in calibrations:
        for metric in found.metrics:
            for kind in found.kinds:
                curves = [curve for curve in found.curves if (curve.metric, curve.kind) == (metric, kind)]
                yield _name(found.benchmark, found.version, metric, kind), response(curves, PAPER)


def _name(*parts: str) -> str:
    return "-".join(re.sub(r"[^A-Za-z0-9._@]+", "_", part) for part in parts)


def _write(figure: Figure, path: Path, kind: str) -> None:
    # A date would make two files of the same numbers differ.
    facts: dict[str, None] = {"CreationDate": None} if kind == "pdf" else {}
    atomic.write_with(
        path,
        lambda target: figure.savefig(target, format=kind, dpi=DPI, bbox_inches="tight", metadata=facts),
    )
