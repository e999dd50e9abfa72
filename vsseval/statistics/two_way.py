"""Standard errors of ratings, which depend on each other in two ways: who said it, and of which clip.

Ratings of one rater are alike, and so are those of one clip; errors that ignore it are too small (Finkelstein et al.,
Interspeech 2023, of listening tests). The estimate is that of Cameron, Gelbach and Miller (J. Business and Economic
Statistics 29, 2011): the variance by raters, plus that by clips, less that by both.
"""

from __future__ import annotations

import math

import numpy as np

from vsseval.statistics.student import quantile, two_sided
from vsseval.types import Record

__all__ = ["TwoWay", "covariance", "linear", "mean"]


class TwoWay(Record, frozen=True):
    """A number with its error."""

    value: float
    se: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval."""
    p: float | None = None
    """Probability of a value as far from 0, were it 0."""
    degrees: int = 0
    """Of freedom: one less than there are raters, or clusters of clips, whichever are fewer."""


def mean(values: np.ndarray, raters: np.ndarray, items: np.ndarray) -> TwoWay:
    """Return the mean of ratings with its error.

    Args:
        values: shape (n,), n > 0.
        raters: index of who gave each, shape (n,).
        items: index of the cluster of clips of each, shape (n,).
    """
    centre = float(values.mean())
    return linear(centre, ((values - centre) / values.size)[:, None], np.ones(1), raters, items)


def linear(value: float, influence: np.ndarray, contrast: np.ndarray, raters: np.ndarray, items: np.ndarray) -> TwoWay:
    """Return a linear combination of estimates with its error.

    Args:
        value: of it.
        influence: what each observation adds to the errors of k estimates, shape (n, k).
        contrast: weights of the estimates, shape (k,).
        raters: index of who gave each, shape (n,).
        items: index of the cluster of clips of each, shape (n,).

    Returns:
        Without an interval where there is one rater, or one cluster of clips, only.
    """
    along = (influence @ contrast)[:, None]
    degrees = min(np.unique(raters).size, np.unique(items).size) - 1
    if degrees < 1:
        return TwoWay(value)
    error = math.sqrt(float(covariance(along, raters, items)[0, 0]))
    half = quantile(degrees) * error
    p = two_sided(abs(value) / error, degrees) if error > 0 else float(value == 0)
    return TwoWay(value, error, value - half, value + half, p, degrees)


def covariance(influence: np.ndarray, raters: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the two-way clustered covariance of k estimates, shape (k, k).

    Where the difference of the three parts is less than one of the first two, which few clusters bring about, that one
    is taken: an error is never smaller for having looked at a second reason. This is done for one estimate alone.
    """
    _, both = np.unique(np.stack([raters, items]), axis=1, return_inverse=True)
    by_rater, by_item, by_both = (_clustered(influence, groups) for groups in (raters, items, both.ravel()))
    found = by_rater + by_item - by_both
    return np.asarray(np.maximum(found, np.maximum(by_rater, by_item))) if found.shape == (1, 1) else found


def _clustered(influence: np.ndarray, groups: np.ndarray) -> np.ndarray:
    names, place = np.unique(groups, return_inverse=True)
    sums = np.zeros((names.size, influence.shape[1]))
    np.add.at(sums, place.ravel(), influence)
    return np.asarray(names.size / max(names.size - 1, 1) * sums.T @ sums)
