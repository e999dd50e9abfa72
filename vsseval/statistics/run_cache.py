"""Turns run directories into clips with their values, each read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.samples import grouped, of_clips
from vsseval.store.scores import ScoreColumns, frame_of, numbers_of, read_columns, read_frame, read_scores

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from vsseval.store.record import LoadedRun
    from vsseval.store.scores import ScoreRow


class ClipValues(NamedTuple):
    """What one metric says of the clips of a run, in the order of their ids; of samples, together (`of_clips`)."""

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

    def take(self, chosen: np.ndarray) -> ClipValues:
        """Return some of the clips, by index or mask."""
        return ClipValues(*(column[chosen] for column in self))


class RunCache:
    """What was read of some runs. A table compares each run with many others; this reads it once."""

    def __init__(self) -> None:
        self._tables: dict[Path, pd.DataFrame] = {}
        self._numbers: dict[Path, ScoreColumns] = {}
        self._clips: dict[tuple[Path, str, str], ClipValues] = {}

    def clips(self, run: LoadedRun, metric: str, subset: str = "") -> ClipValues:
        """Return what a metric says of each clip of a run, or of one of its parts.

        Raises:
            UsageError: the scores are missing or damaged.
        """
        key = run.path, metric, subset
        if key not in self._clips:
            self._clips[key] = _clips(self._of(run), metric, subset, run.paths.scores)
        return self._clips[key]

    def _of(self, run: LoadedRun) -> ScoreColumns:
        _require_scores(run)
        if run.path not in self._numbers:
            several = bool(run.record.spec.seeds)
            self._numbers[run.path] = numbers_of(_of_samples(run)) if several else read_columns(run.paths.scores)
        return self._numbers[run.path]

    def table(self, run: LoadedRun) -> pd.DataFrame:
        """Return all rows of a run; of several samples of each clip, one for the clip.

        Raises:
            UsageError: the scores are missing or damaged.
        """
        _require_scores(run)
        if run.path not in self._tables:
            several = bool(run.record.spec.seeds)
            self._tables[run.path] = frame_of(_of_samples(run)) if several else read_frame(run.paths.scores)
        return self._tables[run.path]


def _require_scores(run: LoadedRun) -> None:
    """Refuse scores that are not as the run wrote them."""
    fault = run.broken.get(run.paths.scores.name)
    if fault is not None:
        raise UsageError(fault)


def _of_samples(run: LoadedRun) -> list[ScoreRow]:
    """Return a row for each clip and metric of a run that has several samples of each clip."""
    path = run.paths.scores
    again = f"Make it anew with: vsseval score {path.parent}"
    try:
        rows = read_scores(path)
        for samples in grouped(rows):
            if tuple(row.seed for row in samples) != run.record.spec.seeds:
                first = samples[0]
                raise UsageError(
                    f"{path} holds not one row of each sample of {first.sample_id}, {first.metric}. {again}"
                )
        return of_clips(rows)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is damaged: {error}. {again}") from error


def _clips(table: ScoreColumns, metric: str, subset: str, path: Path) -> ClipValues:
    chosen = np.flatnonzero(table.metric.equal(metric))
    if subset:
        chosen = chosen[table.subset.equal(subset)[chosen]]
    places = table.sample_id.ranks()[chosen]
    order = chosen[np.argsort(places, kind="stable")]
    if not np.diff(np.sort(places)).all():
        raise UsageError(f"{path} holds a clip twice for {metric}. Make it anew with: vsseval score {path.parent}")
    return ClipValues(
        ids=table.sample_id.at(order),
        clusters=table.cluster.at(order),
        values=table.value[order],
        weights=table.weight[order],
        ok=table.status.equal("ok")[order],
        applies=~table.status.equal("not_applicable")[order],
    )
