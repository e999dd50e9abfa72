"""Turns one run into a table of its own: a line for each metric, with interval, clips and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.tables.comparison import label
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH, number

if TYPE_CHECKING:
    from vsseval.records import Aggregate
    from vsseval.store.record import LoadedRun

__all__ = ["run_sheet"]


def run_sheet(run: LoadedRun) -> Sheet:
    """Lay out the numbers of one run on its whole benchmark; bounds and rivals are not in it."""
    record = run.record
    card, clips = record.benchmark, record.clips
    counted = ", ".join(f"{count} {status}" for status, count in clips.items()) or record.status
    cells = [cell for cell in run.aggregates if not cell.subset]
    reasons = [f"{cell.metric}: {cell.reason}" for cell in cells if cell.reason]
    notes = [note for note in (record.model.note, run.problem) if note]
    return Sheet(
        above=(f"{run.label or record.system} on {card.title} {card.version}, clips: {counted}",),
        heads=("metric", "value", "95 %", "n/N"),
        lines=tuple(Line(_cells(run, cell), clear=cell.value is not None) for cell in cells),
        below=(*reasons, *notes, f"{run.path}"),
    )


def _cells(run: LoadedRun, cell: Aggregate) -> tuple[str, ...]:
    spec = run.record.metrics.get(cell.metric)
    name = label(spec.id, spec.direction, spec.unit) if spec else cell.metric
    clips = f"{cell.n}/{cell.total}"
    if spec is None or cell.value is None:
        return name, DASH, "", clips
    value = number(cell.value * spec.scale, spec.decimals)
    if cell.low is None or cell.high is None:
        return name, value, "", clips
    low, high = (number(end * spec.scale, spec.decimals) for end in (cell.low, cell.high))
    return name, value, f"{low} to {high}", clips
