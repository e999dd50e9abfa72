"""How far metrics agree with people: rank correlations over systems and over clips, and the pairs they judge alike.

Intervals are percentiles of resamples of systems and of clusters of clips, both at once (Deutsch, Dror and Roth, A
Statistical Analysis of Summarization Evaluation Metrics using Resampling Methods, TACL 9, 2021, "Boot-Both"): people
heard these clips of these systems, and the question is about others too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vsseval.statistics.agreement_verdict import (
    FEWEST,
    LEVELS,
    Agreement,
    Coefficient,
    Level,
    verdict_of,
    would_tell,
)
from vsseval.statistics.rank_correlation import RankCorrelation, of_rows, of_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VERSION", "Answered", "Rated", "agreement", "answered"]

VERSION = "1"
"""Of the rules below: raised whenever the same numbers give another interval."""
FEWEST_CLUSTERS = 6
"""Clusters of clips below which nothing is said of clips in general: five lean one way by chance once in sixteen."""
RESAMPLES = 1000
SEED = 2021


class Rated(NamedTuple):
    """What people and a metric say of S systems on C clips."""

    human: np.ndarray
    """Shape (S, C); NaN where nobody was asked."""
    metric: np.ndarray
    """Shape (S, C), the sign such that more is better; NaN where it has no value. Of a distance, all NaN."""
    weight: np.ndarray
    """Shape (S, C): the metric's own, as words for a WER."""
    clusters: np.ndarray
    """Labels, shape (C,)."""
    whole: np.ndarray | None = None
    """Of a distance its value for each system, shape (S,), the sign likewise."""


class Answered(NamedTuple):
    """Which of two systems people preferred: P pairs."""

    clip: np.ndarray
    """Places among the clips, shape (P,)."""
    a: np.ndarray
    """Places among the systems."""
    b: np.ndarray
    better: np.ndarray
    """From -1 (b) to 1 (a)."""


def answered(human: np.ndarray) -> Answered:
    """Return all pairs of systems that were rated on one clip.

    Args:
        human: scores, shape (S, C); NaN where there are none.
    """
    first, second = np.triu_indices(len(human), 1)
    gap = human[first] - human[second]
    pair, clip = np.nonzero(np.isfinite(gap))
    return Answered(clip, first[pair], second[pair], np.sign(gap[pair, clip]))


def agreement(metric: str, rated: Rated, pairs: Answered, levels: Sequence[Level] = LEVELS) -> list[Agreement]:
    """Return the agreement of a metric with people, level by level.

    Args:
        metric: id.
        rated: by people and by the metric. Where only pairs were compared, `human` is all NaN, and what counts for a
            system is the mean of what was answered.
        pairs: as they were answered, or those that the scores make (`answered`).
        levels: which are wanted.
    """
    draws = _Draws.of(len(rated.human), rated.clusters)
    made = {
        "system": lambda: _of_systems(metric, rated, pairs, draws),
        "clip": lambda: _of_clips(metric, rated, draws),
        "pair": lambda: _of_pairs(metric, rated, pairs, draws),
    }
    return [made[level]() for level in levels]


class _Draws(NamedTuple):
    """How often each system and each clip occurs, first once and then in every resample."""

    systems: np.ndarray
    """Places of systems, shape (1 + B, S)."""
    often: np.ndarray
    """Of each system, shape (1 + B, S)."""
    clips: np.ndarray
    """Of each clip, shape (1 + B, C)."""
    clusters: int

    @classmethod
    def of(cls, systems: int, clusters: np.ndarray) -> _Draws:
        names, place = np.unique(clusters, return_inverse=True)
        rng = np.random.default_rng(SEED)
        drawn = np.vstack([np.arange(systems), rng.integers(0, systems, (RESAMPLES, systems))])
        often = np.stack([np.bincount(row, minlength=systems) for row in drawn]).astype(np.float64)
        if systems < FEWEST:
            # So few stand for themselves alone.
            drawn, often = np.tile(np.arange(systems), (1 + RESAMPLES, 1)), np.ones_like(often)
        groups = rng.multinomial(names.size, np.full(names.size, 1 / names.size), RESAMPLES)
        clips = np.vstack([np.ones(place.size), groups[:, place]]).astype(np.float64)
        return cls(drawn, often, clips, names.size)


def _of_systems(metric: str, rated: Rated, pairs: Answered, draws: _Draws) -> Agreement:
    size = len(rated.human)
    there = np.isfinite(rated.human) & np.isfinite(rated.metric)
    judged = np.isfinite(rated.human).any() or not pairs.clip.size
    human = _means(rated.human, np.ones_like(rated.human), draws.clips) if judged else _shares(pairs, size, draws.clips)
    if rated.whole is None:
        scored = there if judged else np.isfinite(rated.metric)
        ours = _means(np.where(scored, rated.metric, np.nan), rated.weight, draws.clips)
        used = int(scored.any(0).sum())
    else:
        ours, used = np.tile(rated.whole, (len(draws.clips), 1)), 0
    usable = np.isfinite(human[0]) & np.isfinite(ours[0])
    known: dict[str, Any] = {
        "metric": metric, "level": "system", "n": int(usable.sum()), "systems": int(usable.sum()), "clips": used,
        "clusters": draws.clusters if used else 0,
    }  # fmt: skip
    if usable.sum() < 2:
        return _none(known, f"only {int(usable.sum())} of {size} systems have both a rating and a value")
    if not usable.all():
        kept = _Draws.of(int(usable.sum()), rated.clusters)
        human, ours, draws = human[:, usable], ours[:, usable], draws._replace(systems=kept.systems)
    drawn = [np.take_along_axis(side, draws.systems, 1) for side in (human, ours)]
    bad = ~(np.isfinite(drawn[0]).all(1) & np.isfinite(drawn[1]).all(1))
    found = of_rows(*(np.where(bad[:, None], 0.0, side) for side in drawn))
    few = f"of {known['n']} systems: {FEWEST} at least" if known["n"] < FEWEST else None
    what = "systems and clips" if used else "systems, and the clips that people rated"
    return _with_interval(known, found, bad, what, few)


def _of_clips(metric: str, rated: Rated, draws: _Draws) -> Agreement:
    there = np.isfinite(rated.human) & np.isfinite(rated.metric)
    systems, clips = (there.any(axis) for axis in (1, 0))
    names = np.unique(rated.clusters[clips])
    known: dict[str, Any] = {
        "metric": metric, "level": "clip", "n": int(there.sum()), "systems": int(systems.sum()),
        "clips": int(clips.sum()), "clusters": names.size,
    }  # fmt: skip
    if rated.whole is not None:
        return _none(known, "a distance of sets of clips says nothing of one clip")
    if not np.isfinite(rated.human).any():
        return _none(known, "people compared pairs and scored none alone")
    if known["n"] < 3:
        return _none(known, f"{known['n']} sounds have both a rating and a value")
    system, clip = np.nonzero(there)
    weights = draws.often[:, system] * draws.clips[:, clip]
    found = of_weights(rated.human[there], rated.metric[there], weights)
    few = _few_clusters(names.size)
    return _with_interval(known, found, np.zeros(len(weights), bool), _both(len(rated.human)), few)


def _of_pairs(metric: str, rated: Rated, pairs: Answered, draws: _Draws) -> Agreement:
    # One infinite is no number; of two distances there is none for a clip.
    gap = rated.metric[pairs.a, pairs.clip] - rated.metric[pairs.b, pairs.clip]
    told = np.isfinite(gap) & (pairs.better != 0)
    pairs, gap = Answered(*(column[told] for column in pairs)), gap[told]
    clips, systems = np.unique(pairs.clip), np.unique(np.r_[pairs.a, pairs.b])
    names = np.unique(rated.clusters[clips])
    known: dict[str, Any] = {
        "metric": metric, "level": "pair", "n": int(told.sum()), "systems": systems.size, "clips": clips.size,
        "clusters": names.size,
    }  # fmt: skip
    if rated.whole is not None:
        return _none(known, "a distance of sets of clips says nothing of one clip")
    if not told.any():
        return _none(known, "there is no pair of systems on one clip that people told apart and the metric measured")
    if not gap.any():
        return _none(known, "the metric gives both systems of every pair the same value")
    often = draws.often[:, pairs.a] * draws.often[:, pairs.b] * draws.clips[:, pairs.clip] * np.abs(pairs.better)
    total = often.sum(1)
    right = (often * np.sign(gap) * np.sign(pairs.better)).sum(1) / np.where(total > 0, total, 1)
    found = RankCorrelation(np.full(total.size, np.nan), np.where(total > 0, right, np.nan))
    few = _few_clusters(names.size)
    return _with_interval(known, found, total <= 0, _both(len(rated.human)), few)


def _few_clusters(clusters: int) -> str | None:
    return f"over {clusters} clusters of clips: {FEWEST_CLUSTERS} at least" if clusters < FEWEST_CLUSTERS else None


def _both(systems: int) -> str:
    return "systems and clips" if systems >= FEWEST else f"clips: it is for these {systems} systems alone"


def _means(values: np.ndarray, weights: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Return the mean of each system in each resample, shape (B, S); NaN without a clip."""
    there = np.isfinite(values)
    weight = np.where(there, weights, 0.0)
    total = clips @ weight.T
    return np.where(
        total > 0, (clips @ (np.where(there, values, 0.0) * weight).T) / np.where(total > 0, total, 1), np.nan
    )


def _shares(pairs: Answered, systems: int, clips: np.ndarray) -> np.ndarray:
    """Return for each system the mean of what was answered of it, shape (B, S); NaN where it was in no pair."""
    often = clips[:, pairs.clip]
    side_a, side_b = (np.eye(systems)[side] for side in (pairs.a, pairs.b))
    total = often @ (side_a + side_b)
    return np.where(total > 0, ((often * pairs.better) @ (side_a - side_b)) / np.where(total > 0, total, 1), np.nan)


def _none(known: dict[str, Any], reason: str) -> Agreement:
    return Agreement(**known, spearman=Coefficient(None), kendall=Coefficient(None), method="none", reason=reason)


def _with_interval(
    known: dict[str, Any], found: RankCorrelation, bad: np.ndarray, what: str, few: str | None
) -> Agreement:
    """Take the first for the value and the others for the interval.

    Args:
        known: of the agreement.
        found: of the data, and of every resample.
        bad: which are none.
        what: is resampled.
        few: why there is no interval, or None.
    """
    sides = [np.where(bad, np.nan, side) for side in found]
    coefficients = [_coefficient(side, few is None) for side in sides]
    spearman, kendall = coefficients
    if kendall.value is None:
        return _none(known, "all values are equal")
    told = kendall if known["level"] == "pair" else spearman
    method = f"no interval {few}" if few else f"{RESAMPLES} resamples of {what}, percentiles"
    verdict = verdict_of(told)
    would = would_tell(known, told) if verdict == "cannot tell" else None
    return Agreement(
        **known, spearman=spearman, kendall=kendall, method=method, verdict=verdict, would=would,
        reason=method if few else None,
    )  # fmt: skip


def _coefficient(values: np.ndarray, interval: bool) -> Coefficient:
    first = float(values[0])
    if not math.isfinite(first):
        return Coefficient(None)
    drawn = values[1:][np.isfinite(values[1:])]
    if not interval or drawn.size < RESAMPLES / 2:
        return Coefficient(first)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Coefficient(first, float(low), float(high))
