"""Spearman's and Kendall's rank correlation (tau-b), of many resamples at once.

Two ways to resample occur. Where every resample has other values (means of systems over other clips), pairs are counted
one by one, which suits a few dozen of them. Where the values stay and only their multiplicities change (clips drawn
again), nothing is drawn: ranks and pairs are those of the weighted values, equal to the repeated ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["RankCorrelation", "of_rows", "of_weights"]

CHUNK = 1 << 22
"""Numbers held at a time."""


class RankCorrelation(NamedTuple):
    """Both coefficients, each of one shape, in [-1, 1]; NaN where all values of a side are equal."""

    spearman: np.ndarray
    """Pearson's correlation of midranks."""
    kendall: np.ndarray
    """Tau-b: ties count for neither side (Kendall, Rank Correlation Methods, 1948, section 3.4)."""


def of_rows(x: np.ndarray, y: np.ndarray) -> RankCorrelation:
    """Correlate along the last axis.

    Args:
        x: finite, shape (..., n).
        y: likewise.

    Returns:
        Of shape (...). Time and memory go with n².
    """
    sign_x, sign_y = (np.sign(side[..., :, None] - side[..., None, :]) for side in (x, y))
    # Twice the midrank, but for a constant that a correlation does not see.
    spearman = _pearson(sign_x.sum(-1), sign_y.sum(-1), np.ones(x.shape[-1]))
    untied = np.sqrt(np.abs(sign_x).sum((-1, -2)) * np.abs(sign_y).sum((-1, -2)))
    return RankCorrelation(spearman, _quotient((sign_x * sign_y).sum((-1, -2)), untied))


def of_weights(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> RankCorrelation:
    """Correlate values that occur more or less often.

    Args:
        x: finite, shape (n,).
        y: likewise.
        weights: how often each pair of values occurs, whole numbers, shape (B, n).

    Returns:
        Of shape (B,). Time goes with B n²; a product of matrices is still faster than sorting up to some 20,000 values.
    """
    ranks = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
    sums = [_sums(rank, weights) for rank in ranks]
    middles = [(np.cumsum(total, 1) - total / 2)[:, rank] for rank, total in zip(ranks, sums, strict=True)]
    whole = np.square(weights.sum(1))
    untied = [np.maximum(whole - np.square(total).sum(1), 0) for total in sums]
    agree = _concordant(ranks[0], ranks[1], weights)
    return RankCorrelation(_pearson(middles[0], middles[1], weights), _quotient(agree, np.sqrt(untied[0] * untied[1])))


def _sums(rank: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weight of each distinct value, shape (B, distinct)."""
    order = np.argsort(rank, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(rank[order]) > 0])
    return np.asarray(np.add.reduceat(weights[:, order], first, axis=1))


def _concordant(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weight of the concordant less that of the discordant pairs, each counted twice, shape (B,)."""
    # Whole numbers below 2**24 are exact in float32, which is twice as fast.
    single = weights.astype(np.float32)
    total = np.zeros(len(weights))
    step = max(1, CHUNK // max(x.size, 1))
    for i in range(0, x.size, step):
        part = slice(i, i + step)
        signs = np.sign(x[:, None] - x[None, part]) * np.sign(y[:, None] - y[None, part])
        total += ((single @ signs.astype(np.float32)).astype(np.float64) * weights[:, part]).sum(1)
    return total


def _pearson(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = weights.sum(-1, keepdims=True)
    x, y = (side - (side * weights).sum(-1, keepdims=True) / np.where(total > 0, total, 1) for side in (x, y))
    spread = np.sqrt((x * x * weights).sum(-1) * (y * y * weights).sum(-1))
    return _quotient((x * y * weights).sum(-1), spread)


def _quotient(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return a coefficient; NaN where there is none, and what rounding puts beyond 1 is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(np.where(below > 1e-12 * np.abs(below).max(initial=0), above / below, np.nan), -1, 1))
