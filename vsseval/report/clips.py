"""Turns the scores of one table into the clips that are worth listening to, and into the list of failures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vsseval.store import journal
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vsseval.statistics.run_cache import RunCache
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.tables.select import Group
    from vsseval.types import Generation, MetricSpec

KEPT_FOR_FAILURES = 4
"""Of the clips that are shown, as many may be shown for having failed before the other reasons are through."""


class Choice(Record, frozen=True):
    """A clip, and why it is shown."""

    clip: str
    reasons: tuple[str, ...]


class Failure(Record, frozen=True):
    """A clip that has no sound, or a sound that a metric could not measure."""

    model: str
    clip: str
    status: str
    what: str
    """ "generation", or the metrics that gave no number."""
    reason: str
    clips: int = 1
    """For bounds, which are summed up: how many clips failed for this reason."""


class Clips:
    """All rows and journals of the runs of one table, by clip."""

    def __init__(self, group: Group, block: Block, cache: RunCache) -> None:
        self.runs = group.runs
        self.labels = {row.run: row.label for row in block.rows}
        self.bounds = {row.run: row.bound for row in block.rows}
        self._tables = {run.path.name: cache.table(run) for run in group.runs}
        self._journals = {run.path.name: journal.read_journals(run.paths.shards) for run in group.runs}

    @property
    def in_order(self) -> list[LoadedRun]:
        """The runs as a clip shows them: the recording, the systems, the other bounds."""
        return sorted(
            self.runs, key=lambda run: (self.labels[run.path.name] != "reference", self.bounds[run.path.name])
        )

    def table(self, run: LoadedRun) -> pd.DataFrame:
        """Return all rows of a run."""
        return self._tables[run.path.name]

    def journal(self, run: LoadedRun) -> Mapping[str, Generation]:
        """Return what the model gave for each clip."""
        return self._journals[run.path.name]

    def choose(self, metrics: Sequence[MetricSpec], limit: int) -> list[Choice]:
        """Pick clips: the worst, best and median by each metric (mean over systems), and those that failed."""
        reasons: dict[str, list[str]] = {}

        def take(clip: str, reason: str) -> None:
            if clip in reasons or len(reasons) < limit:
                reasons.setdefault(clip, []).append(reason)

        extremes = self._extremes(metrics)
        failed = list(dict.fromkeys(f.clip for f in self.failures() if f.clip))
        kept = min(len(failed), KEPT_FOR_FAILURES)
        for clip, reason in extremes:
            if clip in reasons or len(reasons) < limit - kept:
                take(clip, reason)
        for clip in failed:
            models = [f.model for f in self.failures() if f.clip == clip]
            take(clip, f"failed: {', '.join(dict.fromkeys(models))}")
        for clip, reason in extremes:
            if reason not in reasons.get(clip, []):
                take(clip, reason)
        return [Choice(clip, tuple(found)) for clip, found in reasons.items()]

    def _extremes(self, metrics: Sequence[MetricSpec]) -> list[tuple[str, str]]:
        """Return (clip, reason), the worst by each metric first, then the best, then the medians."""
        order: dict[str, list[tuple[str, str]]] = {"worst": [], "best": [], "median": []}
        for spec in metrics:
            ranked = self._ranked(spec)
            # a single clip says nothing by some metrics
            if ranked and spec.least_clips == 1:
                places = {"worst": -1, "best": 0, "median": len(ranked) // 2}
                for word, place in places.items():
                    order[word].append((ranked[place], f"{word} by {spec.id}"))
        return [pair for pairs in order.values() for pair in pairs]

    def _ranked(self, spec: MetricSpec) -> list[str]:
        """Clips from best to worst by the mean over systems, of those that every system that has values has one for."""
        runs = [run for run in self.runs if not self.bounds[run.path.name]] or list(self.runs)
        values: dict[str, list[float]] = {}
        measuring = 0
        for run in runs:
            table = self._tables[run.path.name]
            mine = table[(table["metric"] == spec.id) & table["value"].notna()]
            measuring += len(mine) > 0
            for clip, value in zip(mine["sample_id"], mine["value"], strict=True):
                values.setdefault(str(clip), []).append(float(value))
        sign = -1.0 if spec.direction == "higher" else 1.0
        complete = {clip: sign * sum(found) for clip, found in values.items() if len(found) == measuring}
        return sorted(complete, key=lambda clip: (complete[clip], clip))

    def failures(self) -> list[Failure]:
        """List every clip of a system without a sound or a number; of bounds, one line per metric and reason."""
        single: list[Failure] = []
        summed: dict[tuple[str, str, str, str], int] = {}
        for run in self.runs:
            label, bound = self.labels[run.path.name], self.bounds[run.path.name]
            for clip, status, what, reason in self._failed(run):
                if bound:
                    key = (label, status, what, reason)
                    summed[key] = summed.get(key, 0) + 1
                else:
                    single.append(Failure(label, clip, status, what, reason))
        return single + [Failure(m, "", s, w, r, n) for (m, s, w, r), n in summed.items()]

    def _failed(self, run: LoadedRun) -> list[tuple[str, str, str, str]]:
        journal_lines = self._journals[run.path.name]
        silent = {clip: line for clip, line in journal_lines.items() if line.status in {"failed", "missing"}}
        found = [(clip, line.status, "generation", line.error or "") for clip, line in sorted(silent.items())]
        table = self._tables[run.path.name]
        bad = table[table["status"].isin(["failed", "missing"])]
        metrics: dict[tuple[str, str, str], list[str]] = {}
        for clip, status, metric, detail in zip(
            bad["sample_id"], bad["status"], bad["metric"], bad["detail"], strict=True
        ):
            if clip not in silent:
                key = (str(clip), str(status), str(detail_of(detail).get("reason", "")))
                metrics.setdefault(key, []).append(str(metric))
        return found + [(clip, status, ", ".join(m), reason) for (clip, status, reason), m in sorted(metrics.items())]


def detail_of(text: object) -> dict[str, Any]:
    """Return what a row says besides its value; nothing where that was damaged."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
