"""Several samples of each clip: what they say together, and what clips and samples each add to the error.

A clip counts once, with the mean over its samples; how far those lie apart is in the interval over clips already. The
two parts are told apart by the variance components of a one-way layout, clips by samples (Searle, Casella and
McCulloch, Variance Components, 1992, chapter 3).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from vsseval.records import Spread
from vsseval.store.journal import common

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.store.replicates import Replicates
    from vsseval.store.scores import ScoreRow

__all__ = ["averaged", "grouped", "of_clips", "spread_of_sets", "spread_of_values"]


def grouped(rows: Iterable[ScoreRow]) -> list[list[ScoreRow]]:
    """Return the rows of each clip and metric together, its samples by seed; in the order of the first of each."""
    found: dict[tuple[str, str], list[ScoreRow]] = {}
    for row in rows:
        found.setdefault((row.metric, row.sample_id), []).append(row)
    return [sorted(samples, key=lambda row: row.seed) for samples in found.values()]


def of_clips(rows: Iterable[ScoreRow]) -> list[ScoreRow]:
    """Return one row for each clip and metric; a clip of one sample has its own.

    Its weight is the mean of those of its samples, its value their weighted mean (the plain one where none has weight),
    so that the ratio of sums over clips is that over all samples. It is ok where all of its samples are; else it has
    no value, and the reason says how many.
    """
    return [samples[0] if len(samples) == 1 else _together(samples) for samples in grouped(rows)]


def _together(samples: Sequence[ScoreRow]) -> ScoreRow:
    details = [msgspec.json.decode(row.detail) for row in samples]
    status, reason = common([row.status for row in samples], [detail.get("reason") for detail in details])
    if status != "ok":
        detail = {"reason": reason} if reason is not None else {}
        bare = msgspec.json.encode(detail).decode()
        return msgspec.structs.replace(samples[0], status=status, value=None, weight=None, detail=bare)
    weights = [row.weight or 0.0 for row in samples]
    values = [row.value for row in samples if row.value is not None]  # of a distance, no sample has one
    value = _mean(values, weights) if len(values) == len(samples) else None
    numbers = msgspec.json.encode(_means(details), order="sorted").decode()
    return msgspec.structs.replace(samples[0], value=value, weight=sum(weights) / len(samples), detail=numbers)


def _means(details: Sequence[dict[str, float | int | str]]) -> dict[str, float | int | str]:
    """Return what all samples say alike, and the means of their numbers; words of one sample are not the clip's."""
    found: dict[str, float | int | str] = {}
    for name, first in details[0].items():
        said = [detail.get(name) for detail in details]
        numbers = [float(one) for one in said if isinstance(one, int | float)]
        if all(one == first for one in said):
            found[name] = first
        elif len(numbers) == len(details):
            found[name] = sum(numbers) / len(numbers)
    return found


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted mean; the plain one where nothing has weight."""
    total = sum(weights)
    if total > 0:
        return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total
    return sum(values) / len(values)


def spread_of_values(rows: Iterable[ScoreRow], se: float | None) -> Spread | None:
    """Tell apart what clips and samples add to the error of a ratio of sums.

    Args:
        rows: of one metric, every sample of each clip; clips with a sample that is not ok are passed over.
        se: standard error of the ratio, over clusters of clips.

    Returns:
        None where clips have one sample, or no clip has a value and weight.
    """
    clips = [samples for samples in grouped(rows) if all(row.status == "ok" for row in samples)]
    if not clips or len(clips[0]) < 2:
        return None
    values = np.array([[row.value for row in samples] for samples in clips], np.float64)
    weights = np.array([[row.weight for row in samples] for samples in clips], np.float64)
    size, count = values.shape
    by_clip = weights.mean(1)
    total = float(by_clip.sum())
    if total <= 0:
        return None
    ratio = float((values * weights).mean(1).sum()) / total
    # What a sample adds to the error of the ratio, linearised as in `ClusterSums.influence`.
    influence = weights * (values - ratio) / total
    within = float(np.average(values.var(1, ddof=1), weights=by_clip))
    means = np.array([_mean(v, w) for v, w in zip(values.tolist(), weights.tolist(), strict=True)])
    between = None
    if size > 1:
        observed = float(np.average((means - ratio) ** 2, weights=by_clip)) * size / (size - 1)
        between = math.sqrt(max(0.0, observed - within / count))
    se_seeds = math.sqrt(float(influence.var(1, ddof=1).sum()) / count)
    return Spread(
        samples=count, se_seeds=se_seeds, se_clips=_rest(se, se_seeds), sd_seeds=math.sqrt(within), sd_clips=between
    )


def spread_of_sets(sets: Sequence[Replicates], se: float | None) -> Spread | None:
    """Tell apart what clips and samples add to the error of a distance.

    Args:
        sets: of each sample, over the same clips.
        se: standard error of the mean over the samples, by the jackknife over groups of clips.

    Returns:
        None for a single set, or where one has no value. The part of the samples is that of the values of a few sets,
        and as rough as a variance of so many numbers is.
    """
    values = [one.value for one in sets if one.value is not None]
    if len(sets) < 2 or len(values) < len(sets):
        return None
    se_seeds = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Spread(samples=len(values), se_seeds=se_seeds, se_clips=_rest(se, se_seeds))


def _rest(se: float | None, part: float) -> float | None:
    return None if se is None else math.sqrt(max(0.0, se**2 - part**2))


def averaged(sets: Sequence[Replicates]) -> Replicates:
    """Return the mean of a distance over the samples, with each group left out of all of them; of one set, itself.

    Args:
        sets: of each sample, over the same clips in the same groups.
    """
    first = sets[0]
    if len(sets) == 1:
        return first
    lacking = next((one for one in sets if one.value is None), None)
    if lacking is not None:
        return lacking
    return msgspec.structs.replace(
        first,
        value=_mean_of([one.value for one in sets]),
        without=tuple(map(_mean_of, zip(*(one.without for one in sets), strict=True))),
        without_two=tuple(map(_mean_of, zip(*(one.without_two for one in sets), strict=True))),
    )


def _mean_of(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return float(np.mean(known)) if len(known) == len(numbers) else None
