"""Turns paired sums of clusters, or a difference with its error, into a p value; and several into Holm's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.statistics.student import two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.clustered import ClusterSums

EXACT_UP_TO = 14
"""Clusters up to which every pattern of signs is looked at: 2**14 = 16,384."""
PATTERNS = 10_000
"""Patterns drawn beyond that; a p value near 0.05 then has a standard error of 0.002."""
SEED = 20_010
"""Of the patterns: the same comparison gives the same p value."""
CHUNK = 1 << 22
"""Signs drawn at a time."""


class Test(NamedTuple):
    """Two-sided test of no difference."""

    p: float
    method: str


def t_test(difference: float, se: float, degrees: int, kind: str) -> Test:
    """Return Student's test of a difference with a standard error.

    Args:
        difference: estimated.
        se: its standard error, at least 0; of 0, any difference is certain.
        degrees: of freedom, at least 1.
        kind: what `se` was made by, for the name of the test.
    """
    method = f"{kind} t({degrees})"
    if se == 0.0:
        return Test(1.0 if difference == 0.0 else 0.0, method)
    return Test(two_sided(abs(difference) / se, degrees), method)


def sign_flip(a: ClusterSums, b: ClusterSums) -> Test:
    """Return the permutation test that exchanges the two systems cluster by cluster (Fisher 1935).

    If the systems do not differ, either could have come from either within a cluster: for equal weights, the sign
    of each cluster's difference is a coin. No assumption on the distribution is made. Up to 14 clusters all
    patterns are counted, else 10,000 are drawn with a fixed seed, the observed one among them (Phipson and Smyth,
    Statistical Applications in Genetics and Molecular Biology 9, 2010), so that p is never 0.

    Args:
        a: sums of one system over G >= 1 clusters, shape (G,).
        b: those of the other.
    """
    size = a.y.size
    observed = a.ratio() - b.ratio()
    # Sums that are equal on paper differ by rounding: as extreme is as extreme within 1e-9.
    bar = abs(float(observed)) * (1 - 1e-9)
    if size <= EXACT_UP_TO:
        bits = (np.arange(2 ** max(size - 1, 0))[:, None] >> np.arange(size)) & 1
        return Test(_extreme(a, b, 1.0 - 2.0 * bits, bar) / len(bits), f"all sign flips of {size} clusters")
    rng = np.random.default_rng(SEED)
    count, step = 1, max(1, CHUNK // size)
    for start in range(0, PATTERNS - 1, step):
        rows = min(step, PATTERNS - 1 - start)
        count += _extreme(a, b, rng.integers(0, 2, (rows, size), np.int8) * 2.0 - 1.0, bar)
    return Test(count / PATTERNS, f"{PATTERNS} sign flips of {size} clusters")


def _extreme(a: ClusterSums, b: ClusterSums, signs: np.ndarray, bar: float) -> int:
    """Count the patterns (m, G) whose difference is at least `bar`, in absolute value."""
    numerators, denominators = a.y + b.y, a.x + b.x
    y, x = signs @ (a.y - b.y), signs @ (a.x - b.x)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = (numerators.sum() + y) / (denominators.sum() + x) - (numerators.sum() - y) / (
            denominators.sum() - x
        )
    # A pattern that leaves one side without weight has no difference: it counts against significance.
    return int((~(np.abs(difference) < bar)).sum())


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for their number (Holm, Scandinavian Journal of Statistics 6, 1979).

    Args:
        p_values: None where there was no test; it does not count.

    Returns:
        In the same order; whoever rejects where the adjusted value is at most alpha errs on any of the true
        hypotheses with a probability of at most alpha, whatever the dependence of the metrics.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[place] = highest
    return adjusted


def hedges(d: float, degrees: int) -> float:
    """Correct a standardised difference for few clips (Hedges, J. Educational Statistics 6, 1981)."""
    return d * (1.0 - 3.0 / (4.0 * degrees - 1.0)) if degrees > 0 and math.isfinite(d) else d
