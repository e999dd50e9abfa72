"""Turns sums over clusters into a ratio (or the difference of two), its standard error and the ends of its interval.

Everything here is vectorised over leading axes, so that a simulation of a thousand draws is one call. Which ends are
taken at which number of clusters was decided by simulation (docs/statistics.md); `intervals` holds the rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vsseval.statistics.student import quantile

RESAMPLES = 2000
"""Of the bootstrap; the ends then wander by about 2 % of the width, and a fixed seed keeps them in place."""
SEED = 1987
"""Of the resamples (Efron's BCa is of that year)."""
STRAIGHT = 1e-6
"""Skewness below which a correction for it changes no digit."""


class ClusterSums(NamedTuple):
    """Numerators and denominators of G clusters, each of shape (..., G)."""

    y: np.ndarray
    """Sum of value * weight."""
    x: np.ndarray
    """Sum of weights; not negative, positive in total."""

    def ratio(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Return sum(y) / sum(x), shape (...); or of resamples with `counts` (B, G) each, shape (..., B)."""
        if counts is None:
            return np.asarray(self.y.sum(-1) / self.x.sum(-1))
        total = self.x @ counts.T
        # A resample without any weight has no ratio; it says nothing about the error.
        safe = np.where(total > 0, total, 1.0)
        return np.asarray(np.where(total > 0, (self.y @ counts.T) / safe, self.ratio()[..., None]))

    def influence(self) -> np.ndarray:
        """Return what each cluster adds to the ratio's error, shape (..., G): linearised, it sums to 0."""
        return np.asarray((self.y - self.ratio()[..., None] * self.x) / self.x.sum(-1)[..., None])


class Ends(NamedTuple):
    """Ends of a 95 % interval, each of the shape of the estimate."""

    low: np.ndarray
    high: np.ndarray


def standard_error(influence: np.ndarray) -> np.ndarray:
    """Return the clustered standard error, shape (...).

    Linearisation over clusters (Cochran, Sampling Techniques, 3rd edition, chapter 6) with the G / (G - 1) correction.

    Args:
        influence: of G >= 2 clusters, shape (..., G).
    """
    size = influence.shape[-1]
    return np.asarray(np.sqrt(size / (size - 1) * np.square(influence).sum(-1)))


def student(value: np.ndarray, influence: np.ndarray) -> Ends:
    """Return value -+ t * standard error, with G - 1 degrees of freedom."""
    half = quantile(influence.shape[-1] - 1) * standard_error(influence)
    return Ends(value - half, value + half)


def skew_corrected(value: np.ndarray, influence: np.ndarray) -> Ends:
    """Return the ends of Student's t after the removal of skewness.

    The cubic transformation of Hall (J. Royal Statistical Society B 54, 1992, page 221), whose inverse has a closed
    form: to second order the same as the studentised bootstrap, without its resamples, and never infinite. Ends reach
    further to the side of the long tail. Without skewness it is Student's t.

    Args:
        value: shape (...).
        influence: of G >= 3 clusters, shape (..., G).
    """
    bent = _bend(influence)[..., None]
    point = quantile(influence.shape[-1] - 1) * np.array([1.0, -1.0])
    moved = 3.0 / bent * (np.cbrt(1.0 + bent * (point - bent / 6.0)) - 1.0)
    ends = value[..., None] - standard_error(influence)[..., None] * moved
    return Ends(ends[..., 0], ends[..., 1])


def unskewed(value: np.ndarray, influence: np.ndarray) -> np.ndarray:
    """Return the distance from zero in standard errors after the removal of skewness, shape (...).

    `skew_corrected` run backwards: it is beyond t of a level exactly where the interval of that level leaves out zero.

    Args:
        value: shape (...).
        influence: of G >= 3 clusters that are not all alike, shape (..., G).
    """
    bent, errors = _bend(influence), value / standard_error(influence)
    return np.asarray(((1.0 + bent * errors / 3.0) ** 3 - 1.0) / bent + bent / 6.0)


def _bend(influence: np.ndarray) -> np.ndarray:
    """Return the unbiased skewness over the root of the number of clusters; never 0, by which it could not divide."""
    size = influence.shape[-1]
    bent = skewness(influence) * np.sqrt(size - 1) / (size - 2)
    return np.asarray(np.where(np.abs(bent) < STRAIGHT, STRAIGHT, bent))


def widened(value: np.ndarray, influence: np.ndarray) -> Ends:
    """Return the wider of `student` and `skew_corrected` at either end.

    For differences: where two systems fail on different clips, these lie far out to both sides, the skewness of few
    clips is an accident, and correcting for it costs ten points of coverage; where only one fails, not to correct
    costs six.
    """
    one, other = student(value, influence), skew_corrected(value, influence)
    return Ends(np.minimum(one.low, other.low), np.maximum(one.high, other.high))


def skewness(influence: np.ndarray) -> np.ndarray:
    """Return the skewness of the clusters' influence (its mean is 0), shape (...); 0 where they do not differ."""
    greatest = np.abs(influence).max(-1, keepdims=True)
    scaled = influence / np.where(greatest > 0, greatest, 1.0)  # or cubes of small numbers would vanish
    spread = np.square(scaled).mean(-1)
    return np.asarray((scaled**3).mean(-1) / np.where(spread > 0, spread, 1.0) ** 1.5)


def bca(value: np.ndarray, influence: np.ndarray, resampled: np.ndarray) -> Ends:
    """Return the bias-corrected and accelerated ends (Efron, J. American Statistical Association 82, 1987).

    Args:
        value: shape (...).
        influence: shape (..., G): the acceleration is a sixth of its skewness over the root of G.
        resampled: the statistic of B resamples of clusters, shape (..., B).
    """
    from scipy.special import ndtr, ndtri

    ordered, count = np.sort(resampled, axis=-1), resampled.shape[-1]
    below = ((resampled < value[..., None]).mean(-1) + (resampled <= value[..., None]).mean(-1)) / 2
    shift = ndtri(np.clip(below, 1 / count, 1 - 1 / count))[..., None]
    acceleration = skewness(influence)[..., None] / (6 * np.sqrt(influence.shape[-1]))
    normal = shift + ndtri(np.array([0.025, 0.975]))
    places = np.clip(ndtr(shift + normal / (1 - acceleration * normal)) * (count + 1) - 1, 0, count - 1)
    lower = np.floor(places).astype(np.int64)
    upper, part = np.minimum(lower + 1, count - 1), places - lower
    ends = np.take_along_axis(ordered, lower, -1) * (1 - part) + np.take_along_axis(ordered, upper, -1) * part
    return Ends(ends[..., 0], ends[..., 1])


def resamples(clusters: int) -> np.ndarray:
    """Return how often each of G clusters is drawn in each of B resamples, shape (B, G); always the same."""
    drawn = np.random.default_rng(SEED).integers(0, clusters, (RESAMPLES, clusters))
    drawn += clusters * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * clusters)
    return counts.reshape(RESAMPLES, clusters).astype(np.float64)
