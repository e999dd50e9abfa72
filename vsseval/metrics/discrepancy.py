"""Unbiased squared maximum mean discrepancy of two sets of vectors, in blocks, added up by groups of clips.

Gretton et al., "A kernel two-sample test", JMLR 13, 2012, eq. 3. Kept by group, the sums of the kernel give the value
without any groups at no further cost: the jackknife of a distance of 15,000 clips takes no longer than the distance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np

from vsseval.metrics.base import Unmeasurable

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of vectors (n, d) and (m, d), float64: (n, m)."""

BLOCK = 2048
"""Rows of a kernel that are in memory at a time: 33 MB for as many columns, and no more than `ROOM` for more."""
ROOM = 1 << 25
"""Numbers that are in memory at a time: patches of a whole benchmark are more than a hundred thousand columns."""
_BINS = 4096


class KernelSums(NamedTuple):
    """Sums of a kernel over pairs of vectors, by the groups (g) of both; a vector is never paired with itself."""

    counts_x: np.ndarray
    counts_y: np.ndarray
    """Vectors, (g,)."""
    xx: np.ndarray
    yy: np.ndarray
    xy: np.ndarray
    """Shape (g, g)."""


def kernel_sums(x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray, kernel: Kernel) -> KernelSums:
    """Add up a kernel over all pairs.

    Args:
        x: shape (n, d).
        y: shape (m, d).
        groups_x: number of the group of each vector of x, shape (n,).
        groups_y: likewise, shape (m,).
        kernel: symmetric.

    Raises:
        Unmeasurable: fewer than two vectors in a set.
    """
    if min(len(x), len(y)) < 2:
        raise Unmeasurable(f"a kernel distance needs at least two clips, there are {min(len(x), len(y))}")
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    members = np.eye(1 + int(max(groups_x.max(), groups_y.max())))
    of_a, of_b = members[groups_x], members[groups_y]
    return KernelSums(
        of_a.sum(axis=0),
        of_b.sum(axis=0),
        _sums(a, a, of_a, of_a, kernel, same=True),
        _sums(b, b, of_b, of_b, kernel, same=True),
        _sums(a, b, of_a, of_b, kernel, same=False),
    )


def discrepancy(sums: KernelSums, left_out: Collection[int] = ()) -> float:
    """Return the discrepancy, without the vectors of some groups.

    Raises:
        Unmeasurable: fewer than two vectors are left.
    """
    kept = ~np.isin(np.arange(len(sums.counts_x)), [*left_out])
    n, m = float(sums.counts_x[kept].sum()), float(sums.counts_y[kept].sum())
    if min(n, m) < 2:
        raise Unmeasurable("fewer than two clips are left")
    xx, yy, xy = (float(part[kept][:, kept].sum()) for part in (sums.xx, sums.yy, sums.xy))
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)


def biased_discrepancy(sums: KernelSums, left_out: Collection[int] = ()) -> float:
    """Return the biased discrepancy (eq. 5) of a kernel that is 1 of a vector with itself, without some groups.

    It is never below 0, and grows as sets get smaller.

    Raises:
        Unmeasurable: no vector is left.
    """
    kept = ~np.isin(np.arange(len(sums.counts_x)), [*left_out])
    n, m = float(sums.counts_x[kept].sum()), float(sums.counts_y[kept].sum())
    if min(n, m) < 1:
        raise Unmeasurable("no clips are left")
    xx, yy, xy = (float(part[kept][:, kept].sum()) for part in (sums.xx, sums.yy, sums.xy))
    return (xx + n) / n**2 + (yy + m) / m**2 - 2 * xy / (n * m)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return |a_i - b_j|^2 of vectors (n, d) and (m, d), float64, shape (n, m), at least 0."""
    found = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T)
    return np.asarray(np.maximum(found, 0.0))


def median_distance(vectors: np.ndarray) -> float:
    """Return the median of the distances of all pairs of vectors; of an even number the lower, as torch does.

    Exact, and in little memory: pairs are counted into bins, and only those of the median's bin are sorted.

    Args:
        vectors: shape (n, d).

    Raises:
        Unmeasurable: fewer than two vectors, or the median is zero.
    """
    x = np.asarray(vectors, np.float64)
    if len(x) < 2:
        raise Unmeasurable(f"distances need at least two clips, there are {len(x)}")
    x = x - x.mean(axis=0)
    edges = np.linspace(0, 4 * float(np.square(x).sum(axis=1).max()), _BINS + 1)
    rank = (len(x) * (len(x) - 1) // 2 - 1) // 2
    counts = sum((np.bincount(_bins(part, edges), minlength=_BINS + 1) for part in _pairs(x)), np.zeros(_BINS + 1, int))
    before = np.concatenate([[0], np.cumsum(counts)])
    place = int(np.searchsorted(before, rank, "right")) - 1
    inside = np.concatenate([part[_bins(part, edges) == place] for part in _pairs(x)])
    middle = float(np.sqrt(np.partition(inside, rank - before[place])[rank - before[place]]))
    if not middle:
        raise Unmeasurable("more than half of all pairs of clips have equal embeddings: a median distance of zero")
    return middle


def _rows(columns: int) -> int:
    return max(1, min(BLOCK, ROOM // max(columns, 1)))


def _bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges[1:], values, "left")


def _pairs(x: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the squared distances of all pairs of vectors, each pair once, a block at a time."""
    step = _rows(len(x))
    for start in range(0, len(x), step):
        found = squared_distances(x[start : start + step], x[start:])
        yield found[np.triu_indices(len(found), 1, found.shape[1])]


def _sums(
    a: np.ndarray, b: np.ndarray, of_a: np.ndarray, of_b: np.ndarray, kernel: Kernel, *, same: bool
) -> np.ndarray:
    """Return the sums of a kernel by groups, (g, g); of a set with itself without the pairs of equal place."""
    total = np.zeros((of_a.shape[1], of_b.shape[1]))
    step = _rows(len(b))
    for start in range(0, len(a), step):
        block = kernel(a[start : start + step], b)
        if same:
            place = np.arange(len(block))
            block[place, place + start] = 0.0
        total += of_a[start : start + step].T @ (block @ of_b)
    return total
