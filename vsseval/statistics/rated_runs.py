"""Turns runs, and what people said of their sounds, into the agreement of every metric with people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.agreement import VERSION, Answered, Rated, agreement, answered
from vsseval.statistics.comparable import differences, signature, signature_differences
from vsseval.statistics.run_cache import RunCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.datasets.ratings import Ratings
    from vsseval.statistics.agreement_verdict import Agreement
    from vsseval.store.record import LoadedRun

__all__ = ["Correlated", "correlate", "names_of"]

OF_ONE_RUN = frozenset({"n", "seed", "limit", "vsseval", "intervals", "device"})
"""Keys of a signature that say nothing of what the runs have in common."""


class Correlated(NamedTuple):
    """What came of it."""

    found: list[Agreement]
    """Of every metric at every level."""
    runs: dict[str, LoadedRun]
    """The runs that people rated, by their names in the table."""
    left_out: list[str]
    """What could not be correlated, and why."""


def names_of(run: LoadedRun) -> list[str]:
    """Return the names under which a table of ratings may mean a run: most exact first."""
    record = run.record
    name, _, argument = record.system.partition(":")
    return list(dict.fromkeys(filter(None, (run.path.name, record.system, record.model.name, argument or name))))


def correlate(ratings: Ratings, runs: Mapping[str, LoadedRun], metrics: Sequence[str] = ()) -> Correlated:
    """Correlate every metric of some runs with what people said.

    Args:
        ratings: as read; the names of its systems are keys of `runs`.
        runs: finished runs of one benchmark.
        metrics: ids; empty means all that every rated run has.

    Raises:
        UsageError: the runs are of different benchmarks, none of the rated clips is among theirs, a metric was not
            measured, or scores are damaged.
    """
    named = ratings.systems
    rated = {name: run for name, run in runs.items() if name in named}
    _same_benchmark(rated)
    left_out = [f"{name}: a run without ratings ({run.path.name})." for name, run in runs.items() if name not in named]
    wanted, reasons = _common(rated, metrics)
    names, cache = [*rated], RunCache()
    found: list[Agreement] = []
    for metric in wanted:
        sides, clips, clusters = _values(metric, [rated[name] for name in names], cache)
        table, pairs = _judged(ratings, names, clips)
        if not (np.isfinite(table).any() or pairs.clip.size):
            clip = next(iter(ratings.scores), ratings.answers[0] if ratings.answers else ("",))[0]
            raise UsageError(
                f"none of the clips that {ratings.path} names is in the runs: it has {clip!r}, they have {clips[0]!r}"
            )
        whole = _distances(metric, [rated[name] for name in names])
        said = Rated(table, sides[0], sides[1], clusters, whole)
        signed = _signature(ratings, metric, rated)
        found += [msgspec.structs.replace(one, signature=signed) for one in agreement(metric, said, pairs)]
    return Correlated(found, rated, [*left_out, *reasons])


def _same_benchmark(rated: Mapping[str, LoadedRun]) -> None:
    first, *others = rated.values()
    for other in others:
        found = differences(first, other, (), allow_partial=True, any_seed=True)
        if found:
            lines = "\n".join(f"  - {reason}" for reason in found)
            raise UsageError(f"{first.path.name} and {other.path.name} cannot be ranked together:\n{lines}")


def _common(rated: Mapping[str, LoadedRun], metrics: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the metrics that all runs have alike, and why others are left out."""
    first, *others = rated.values()
    every = dict.fromkeys(metric for run in rated.values() for metric in run.record.metrics)
    unknown = [metric for metric in metrics if metric not in every]
    if unknown:
        raise UsageError(f"{', '.join(unknown)} was measured in none of the rated runs; they have {', '.join(every)}")
    kept, reasons = [], []
    for metric in dict.fromkeys(metrics) or every:
        lacking = [name for name, run in rated.items() if metric not in run.record.metrics]
        why = f"not measured in {', '.join(lacking)}" if lacking else ""
        if not why:
            sign = signature(first, metric)
            differ = [
                line for other in others for line in signature_differences(metric, sign, signature(other, metric))
            ]
            why = differ[0].removeprefix(f"{metric}, ") if differ else ""
        if why:
            reasons.append(f"{metric}: left out, {why}.")
        else:
            kept.append(metric)
    return kept, reasons


def _values(
    metric: str, runs: Sequence[LoadedRun], cache: RunCache
) -> tuple[tuple[np.ndarray, np.ndarray], list[str], np.ndarray]:
    """Return values and weights, each of shape (S, C), the ids of the clips, and their clusters."""
    every = [cache.clips(run, metric) for run in runs]
    clusters = {str(clip): str(cluster) for one in every for clip, cluster in zip(one.ids, one.clusters, strict=True)}
    clips = sorted(clusters)
    place = {clip: i for i, clip in enumerate(clips)}
    values, weights = np.full((len(runs), len(clips)), np.nan), np.zeros((len(runs), len(clips)))
    for row, (run, one) in enumerate(zip(runs, every, strict=True)):
        where = [place[str(clip)] for clip in one.ids[one.ok]]
        sign = 1.0 if run.record.metrics[metric].direction == "higher" else -1.0
        values[row, where] = sign * one.values[one.ok]
        weights[row, where] = one.weights[one.ok]
    return (values, weights), clips, np.array([clusters[clip] for clip in clips])


def _distances(metric: str, runs: Sequence[LoadedRun]) -> np.ndarray | None:
    """Return the value of a distance for each run; None of a metric that has a value for each clip."""
    if all(run.distance(metric) is None for run in runs):
        return None
    cells = [run.cell(metric) for run in runs]
    sign = 1.0 if runs[0].record.metrics[metric].direction == "higher" else -1.0
    values = [np.nan if cell is None or cell.value is None else sign * cell.value for cell in cells]
    return np.array(values, np.float64)


def _judged(ratings: Ratings, names: Sequence[str], clips: Sequence[str]) -> tuple[np.ndarray, Answered]:
    row, column = ({name: i for i, name in enumerate(side)} for side in (names, clips))
    table = np.full((len(names), len(clips)), np.nan)
    for (clip, system), score in ratings.scores.items():
        if clip in column and system in row:
            table[row[system], column[clip]] = score
    if ratings.scores:
        return table, answered(table)
    said = [one for one in ratings.answers if one.clip in column]
    places = [(column[one.clip], row[one.a], row[one.b]) for one in said]
    columns = np.array(places, np.int64).reshape(-1, 3).T
    return table, Answered(columns[0], columns[1], columns[2], np.array([one.better for one in said], np.float64))


def _signature(ratings: Ratings, metric: str, rated: Mapping[str, LoadedRun]) -> str:
    first = next(iter(rated.values()))
    sign = signature(first, metric)
    parts = {
        "ratings": f"{ratings.path.name}@{ratings.sha256[:8]}", "question": ratings.question,
        "systems": "+".join(sorted(rated)), "correlate": VERSION,
    }  # fmt: skip
    parts |= {key: value for key, value in sign.items() if key not in OF_ONE_RUN}
    seeds = sorted({signature(run, metric).get("seed", "") for run in rated.values()})
    parts["seed"] = "+".join(filter(None, seeds))
    return "|".join(f"{key}:{value}" for key, value in parts.items() if value)
