"""What an exporter is, how it is found by name, and the numbers of a run as every exporter writes them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from vsseval.errors import EnvironmentFault, UsageError, unknown
from vsseval.statistics.judged_runs import systems
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.store.record import LoadedRun

__all__ = ["Exporter", "Number", "export_names", "export_runs", "numbers", "title"]

GROUP = "vsseval.exports"


class Exporter(Protocol):
    """What an entry point names."""

    def __call__(self, runs: Sequence[LoadedRun], folder: Path, /) -> Sequence[Path]:
        """Write finished runs below a folder, which exists, and return the files or folders that were written.

        Raises:
            MissingExtra: a package that the layout needs is not installed.
        """
        ...


class Number(Record, frozen=True, kw_only=True):
    """One value of a run, in displayed units."""

    metric: str
    """Id, `wer@whisper-tiny.en`."""
    name: str
    """Without the recipe, `wer`."""
    subset: str
    value: float
    low: float | None
    high: float | None
    """Ends of the 95 % interval."""
    n: int
    total: int
    unit: str
    decimals: int
    higher_is_better: bool
    signature: str


def export_names() -> list[str]:
    """Return the names of all exporters."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def export_runs(kind: str, runs: Sequence[LoadedRun], folder: Path) -> list[Path]:
    """Write finished runs in the layout of another tool.

    Args:
        kind: one of `export_names()`.
        runs: finished ones; bounds among several are left out.
        folder: made where it is not there.

    Raises:
        UsageError: there is no such exporter, or a run is not finished.
        EnvironmentFault: the exporter cannot be imported, or lacks its package.
    """
    points = entry_points(group=GROUP, name=kind)
    if not points:
        raise unknown("export", kind, export_names())
    for run in runs:
        if run.record.status != "finished":
            raise UsageError(f"{run.path} is {run.record.status}, not finished: the same vsseval run command goes on")
    kept = systems(runs, "what was named")
    try:
        exporter: Exporter = next(iter(points)).load()
    except Exception as error:
        raise EnvironmentFault(f"the export '{kind}' cannot be imported: {type(error).__name__}: {error}") from error
    from vsseval.store import atomic

    with atomic.as_environment_fault(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return [*exporter(kept, folder)]


def numbers(run: LoadedRun) -> list[Number]:
    """Return the values of a run that are numbers; what was not measured is in none of the layouts."""
    found = []
    for cell in run.aggregates:
        spec = run.record.metrics.get(cell.metric)
        if spec is None or cell.value is None:
            continue
        low, high = (None if end is None else end * spec.scale for end in (cell.low, cell.high))
        found.append(
            Number(
                metric=cell.metric, name=spec.name, subset=cell.subset, value=cell.value * spec.scale, low=low,
                high=high, n=cell.n, total=cell.total, unit=spec.unit, decimals=spec.decimals,
                higher_is_better=spec.direction == "higher", signature=cell.signature,
            )
        )  # fmt: skip
    return found


def title(run: LoadedRun) -> str:
    """Return what the system of a run is called."""
    return run.label or run.record.system
