"""Writes a page of curves alone: how every metric answers to every fault, without a table of systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.report import calibration
from vsseval.store import atomic
from vsseval.tables.html import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.calibration import Calibration

__all__ = ["write_calibration"]

TEMPLATES = Path(__file__).parent / "templates"


def write_calibration(found: Sequence[Calibration], target: Path) -> None:
    """Write one HTML file that opens from disk.

    Args:
        found: what was calibrated, benchmark by benchmark.
        target: the file, replaced if it exists.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    names = ", ".join(dict.fromkeys(one.benchmark for one in found))
    page = rendered("calibration_page.html", {
        "title": f"What metrics see on {names}",
        "calibrations": [calibration.section(one) for one in found],
        "calibration_legend": calibration.LEGEND,
    }, TEMPLATES)  # fmt: skip
    atomic.write_bytes(target, page.encode())
