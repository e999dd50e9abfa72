"""Fréchet distance extrapolated to infinitely many vectors: FAD-inf, free of the bias that falls with their number.

Chong and Forsyth, "Effectively unbiased FID", CVPR 2020; for sound Gui et al., "Adapting Fréchet Audio Distance for
generative music evaluation", ICASSP 2024. The distance of subsets of 25 sizes is fitted by a line in 1/n, whose value
at zero is the score. fadtk draws its subsets unseeded and with replacement, and from fewer vectors than its smallest
size extrapolates backwards; here they are seeded, without replacement, and too few vectors are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Rows, Unmeasurable
from vsseval.metrics.gaussians import frechet_distance, gaussian, moments

STEPS, SMALLEST, SEED = 25, 500, 2020
"""Sizes, and the smallest of them, as in fadtk; the seed of the subsets."""


class FrechetInfinity:
    """Satisfies `GroupedRowsMetric`."""

    kind: Final = "grouped_rows"

    def __init__(self, spec: MetricSpec, array: str, steps: int = STEPS, smallest: int = SMALLEST) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            array: name of the vectors among the features.
            steps: number of sizes, from the smallest to all.
            smallest: vectors of the smallest subset.
        """
        self.spec = spec
        self._array, self._steps, self._smallest = array, steps, smallest

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the vectors of both sides, (k, d) and (m, d), as stored.

        Raises:
            Unmeasurable: a side has none, or they are of different length.
        """
        return vector_sets.vector_rows(generated, reference, self._array)

    def value(self, rows: Rows) -> float:
        """Return the extrapolated distance; by chance it may be below zero.

        Raises:
            Unmeasurable: fewer than twice as many generated vectors as the smallest subset has.
        """
        return self.without(rows, {name: np.zeros(len(value), int) for name, value in rows.items()})(())

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray]) -> Callable[[Collection[int]], float]:
        """Return what gives the distance without some groups of clips, the subsets staying as they were drawn."""
        x, y = rows["generated"], rows["reference"]
        vector_sets.check_vectors(x, y)
        if len(x) < 2 * self._smallest:
            raise Unmeasurable(
                f"FAD-inf fits a line through subsets of {self._smallest} to all vectors and needs at least "
                f"{2 * self._smallest}; the generated sounds have {len(x)}: score more clips"
            )
        random = np.random.default_rng(SEED)
        sizes = np.linspace(self._smallest, len(x), self._steps).astype(int)
        subsets = [random.permutation(len(x))[:size] for size in sizes]

        def value(left_out: Collection[int]) -> float:
            kept = ~np.isin(groups["generated"], [*left_out])
            reference = gaussian(moments(y[~np.isin(groups["reference"], [*left_out])]))
            chosen = [subset[kept[subset]] for subset in subsets]
            distances = [frechet_distance(*gaussian(moments(x[subset])), *reference) for subset in chosen]
            return extrapolated(np.array([len(subset) for subset in chosen]), np.array(distances))

        return value


def extrapolated(sizes: np.ndarray, distances: np.ndarray) -> float:
    """Return the value at 1/n = 0 of the line that fits distances best, by least squares.

    Args:
        sizes: numbers of vectors, shape (k,), not all equal.
        distances: shape (k,).
    """
    inverse = 1 / np.asarray(sizes, np.float64)
    off = inverse - inverse.mean()
    slope = float(off @ distances / (off @ off))
    return float(distances.mean() - slope * inverse.mean())
