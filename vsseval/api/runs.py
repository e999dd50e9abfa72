"""A run that shows itself: its numbers as a data frame, its clips as another, and a table in a notebook."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.store.record import LoadedRun
from vsseval.store.run_names import RunFinder

if TYPE_CHECKING:
    import pandas as pd

    from vsseval.api.arguments import Place
    from vsseval.tables.sheet import Sheet

__all__ = ["Run", "find_runs", "load_run", "shown_run"]


class Run(LoadedRun):
    """A run, read from its folder. Numbers of frames are in displayed units, those of tables (per cent, seconds)."""

    def to_frame(self, subset: str = "") -> pd.DataFrame:
        """Return one row for each metric.

        Args:
            subset: part of the benchmark, or empty for all of it.

        Returns:
            Indexed by metric id, with the columns `value`, `low`, `high` (ends of the 95 % interval), `n`, `total`
            (clips that the value is made of, and ought to be), `unit`, `better` ("higher" or "lower"), `status`,
            `reason` (why there is no value) and `signature`. A metric without a value has NaN, never a number.
        """
        import pandas as pd

        rows = {}
        for cell in self.aggregates:
            if cell.subset != subset:
                continue
            spec = self.record.metrics.get(cell.metric)
            scale = spec.scale if spec else 1.0
            value, low, high = (None if x is None else x * scale for x in (cell.value, cell.low, cell.high))
            rows[cell.metric] = {
                "value": value, "low": low, "high": high, "n": cell.n, "total": cell.total,
                "unit": spec.unit if spec else "", "better": spec.direction if spec else "", "status": cell.status,
                "reason": cell.reason or "", "signature": cell.signature,
            }  # fmt: skip
        frame = pd.DataFrame.from_dict(rows, orient="index")
        frame.index.name = "metric"
        return frame.astype(dict.fromkeys(("value", "low", "high"), float)) if rows else frame

    def clips(self) -> pd.DataFrame:
        """Return one row for each clip, metric and sample, as `scores.parquet` holds them.

        Returns:
            Columns `sample_id`, `cluster`, `subset`, `seed`, `metric`, `version`, `value` (in stored units), `weight`,
            `status`, `detail`. Distances of sets of clips have no value there.
        """
        from vsseval.store.scores import read_frame

        return read_frame(self.paths.scores)

    def __repr__(self) -> str:
        """Return the numbers as lines of text."""
        from vsseval.tables.sheet import terminal

        return terminal(self._sheet(), width=100, colour=False)

    def _repr_html_(self) -> str:
        from vsseval.tables.fragment import sheet_html

        return sheet_html(self._sheet())

    def _sheet(self) -> Sheet:
        from vsseval.tables.run_sheet import run_sheet

        return run_sheet(self)


def shown_run(run: LoadedRun) -> Run:
    """Return a run that shows itself."""
    return Run(**{field.name: getattr(run, field.name) for field in fields(LoadedRun)})


def load_run(run: Place, runs_dir: Place = "runs") -> Run:
    """Return a run.

    Args:
        run: its directory, or its name: `audio:a`, `audio:a@mini_v2s`.
        runs_dir: folder in which names are looked up.

    Raises:
        UsageError: there is no such run, or several are meant, which are listed.
    """
    from vsseval.api.arguments import blamed

    with blamed("run", str(run)):
        return shown_run(RunFinder(Path(runs_dir)).one(run if isinstance(run, str) else Path(run)))


def find_runs(runs_dir: Place = "runs") -> list[Run]:
    """Return every run below a folder, oldest first; what cannot be read is passed over, with a line in the log."""
    return [shown_run(run) for run in RunFinder(Path(runs_dir)).runs]
