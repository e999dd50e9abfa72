"""Turns run directories into clips with their values and leave-one-group-out values, each read and computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.border.build import build
from vsseval.errors import Unmeasurable, UsageError
from vsseval.statistics.replicates import Replicates, replicates
from vsseval.store.sums import read_sums
from vsseval.store.tables import read_frame, read_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from vsseval.store.record import LoadedRun
    from vsseval.store.tables import Numbers


class Clips(NamedTuple):
    """What one metric says of the clips of a run, in the order of their ids."""

    ids: np.ndarray
    """Strings, shape (n,), ascending, each once."""
    clusters: np.ndarray
    """Strings, shape (n,)."""
    values: np.ndarray
    """float64, shape (n,); NaN where there is none."""
    weights: np.ndarray
    ok: np.ndarray
    """bool, shape (n,): the clip was measured."""
    applies: np.ndarray
    """bool, shape (n,): the clip counts in N."""

    def take(self, chosen: np.ndarray) -> Clips:
        """Return some of the clips, by index or mask."""
        return Clips(*(column[chosen] for column in self))


class Readings:
    """What was read of some runs. A table compares each run with many others; this reads it once."""

    def __init__(self) -> None:
        self._tables: dict[Path, pd.DataFrame] = {}
        self._numbers: dict[Path, Numbers] = {}
        self._clips: dict[tuple[Path, str, str], Clips] = {}
        self._replicates: dict[Path, Replicates | str] = {}

    def clips(self, run: LoadedRun, metric: str, subset: str = "") -> Clips:
        """Return what a metric says of each clip of a run, or of one of its parts.

        Raises:
            UsageError: the scores are missing or damaged.
        """
        key = run.path, metric, subset
        if key not in self._clips:
            self._clips[key] = _clips(self._of(run), metric, subset, run.paths.scores)
        return self._clips[key]

    def _of(self, run: LoadedRun) -> Numbers:
        if run.path not in self._numbers:
            self._numbers[run.path] = read_numbers(run.paths.scores)
        return self._numbers[run.path]

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
            clips = int(self.clips(run, metric, subset).ok.sum())
            self._replicates[path] = _replicates(path, metric, run.record.metrics[metric].version, clips)
        return self._replicates[path]


def _clips(table: Numbers, metric: str, subset: str, path: Path) -> Clips:
    chosen = np.flatnonzero(table.metric.equal(metric))
    if subset:
        chosen = chosen[table.subset.equal(subset)[chosen]]
    places = table.sample_id.ranks()[chosen]
    order = chosen[np.argsort(places, kind="stable")]
    if np.unique(places).size < places.size:
        raise UsageError(f"{path} holds a clip twice for {metric}. Make it anew with: vsseval score {path.parent}")
    return Clips(
        ids=table.sample_id.at(order),
        clusters=table.cluster.at(order),
        values=table.value[order],
        weights=table.weight[order],
        ok=table.status.equal("ok")[order],
        applies=~table.status.equal("not_applicable")[order],
    )


def _replicates(path: Path, metric: str, recorded: str, clips: int) -> Replicates | str:
    plugin = build("metrics", metric)
    if plugin.spec.version != recorded:
        return f"recorded with version {recorded} of {metric}, installed is {plugin.spec.version}"
    groups = read_sums(path)
    if not groups:
        raise UsageError(f"{path} holds no sums. Make it anew with: vsseval score {path.parent.parent}")
    try:
        return replicates(plugin, groups, clips)
    except Unmeasurable as problem:
        return str(problem)
