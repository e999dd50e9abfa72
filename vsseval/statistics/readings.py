"""Turns run directories into rows of scores and leave-one-group-out values, each read and computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vsseval import plugins
from vsseval.errors import Unmeasurable, UsageError
from vsseval.store.sums import added, read_sums
from vsseval.store.tables import read_frame

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from vsseval.store.record import LoadedRun


class Replicates(NamedTuple):
    """A distance on all clips, and with each group of clips left out."""

    full: float
    without: dict[int, float]
    """Group -> value without it; empty for a single group."""


class Readings:
    """What was read of some runs. A table compares each run with many others; this reads it once."""

    def __init__(self) -> None:
        self._tables: dict[Path, pd.DataFrame] = {}
        self._rows: dict[tuple[Path, str, str], pd.DataFrame] = {}
        self._replicates: dict[Path, Replicates | str] = {}

    def rows(self, run: LoadedRun, metric: str, subset: str = "") -> pd.DataFrame:
        """Return the rows of a metric, indexed by (sample_id, seed) and sorted.

        Raises:
            UsageError: the scores are missing or damaged.
        """
        key = run.path, metric, subset
        if key not in self._rows:
            table = self.table(run)
            chosen = table[(table["metric"] == metric) & ((table["subset"] == subset) | (subset == ""))]
            self._rows[key] = chosen.set_index(["sample_id", "seed"]).sort_index()
        return self._rows[key]

    def table(self, run: LoadedRun) -> pd.DataFrame:
        """Return all rows of a run.

        Raises:
            UsageError: the scores are missing or damaged.
        """
        if run.path not in self._tables:
            self._tables[run.path] = read_frame(run.paths.scores)
        return self._tables[run.path]

    def has_sums(self, run: LoadedRun, metric: str, subset: str = "") -> bool:
        """Whether a metric is a distance, kept as sums."""
        return run.paths.sums(metric, subset).exists()

    def replicates(self, run: LoadedRun, metric: str, subset: str = "") -> Replicates | str:
        """Return a distance and its leave-one-group-out values, or the reason why there are none.

        Raises:
            UsageError: the sums are damaged, or the metric is not installed.
            EnvironmentFault: the metric cannot be imported.
        """
        path = run.paths.sums(metric, subset)
        if path not in self._replicates:
            self._replicates[path] = _replicates(path, metric, run.record.metrics[metric].version)
        return self._replicates[path]


def _replicates(path: Path, metric: str, recorded: str) -> Replicates | str:
    plugin = plugins.load("metrics", metric)()
    if plugin.spec.version != recorded:
        return f"recorded with version {recorded} of {metric}, installed is {plugin.spec.version}"
    groups = read_sums(path)
    if not groups:
        raise UsageError(f"{path} holds no sums. Make it anew with: vsseval score {path.parent.parent}")
    left_out = sorted(groups) if len(groups) > 1 else []
    try:
        return Replicates(plugin.value(added(groups)), {g: plugin.value(added(groups, g)) for g in left_out})
    except Unmeasurable as problem:
        return str(problem)
