"""Fréchet distances between the features of generated sounds and of the benchmark's recordings, by network.

The arithmetic is in `gaussians.py`. Never compare two of them across different numbers of clips: they fall with N.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Rows, Sums, Unmeasurable
from vsseval.metrics.gaussians import frechet_distance, frechet_of_vectors, gaussian, moments

_SIDES = vector_sets.SIDES


class FrechetLogMel:
    """Several patches to a clip, of statistics whose covariance must have full rank; satisfies `DistributionMetric`."""

    kind: Final = "sums"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def sums(self, generated: Arrays, reference: Arrays) -> Sums:
        """Return number, sum and sum of outer products of both sides' patches, float64.

        Args:
            generated: `patches` (n, d) of the generated clip.
            reference: `patches` (m, d) of the benchmark's clip.
        """
        return summed(generated["patches"], reference["patches"])

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: one side has fewer than d + 1 patches, so that its covariance is singular.
        """
        for side in _SIDES:
            need = sums[f"{side}_x"].size + 1
            if sums[f"{side}_n"] < need:
                raise Unmeasurable(
                    f"a Fréchet distance in {need - 1} dimensions needs at least {need} patches (about one per "
                    f"half second); the {side} sound has {int(sums[f'{side}_n'])}: score more clips"
                )
        return distance_of_sums(sums)


class FrechetOfPatches:
    """Several vectors to a clip, of so few dimensions that sums are small; satisfies `DistributionMetric`."""

    kind: Final = "sums"

    def __init__(self, spec: MetricSpec, array: str) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            array: name of the vectors among the features.
        """
        self.spec = spec
        self._array = array

    def sums(self, generated: Arrays, reference: Arrays) -> Sums:
        """Return number, sum and sum of outer products of both sides' vectors, float64.

        Raises:
            Unmeasurable: a side has no vector, or they are of different length.
        """
        return summed(**vector_sets.vector_rows(generated, reference, self._array))

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return distance_of_sums(sums)


class FrechetOfClips:
    """Wide vectors, one or several to a clip, kept as they are; satisfies `SummedRowsMetric`."""

    kind: Final = "summed_rows"

    def __init__(self, spec: MetricSpec, array: str) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            array: name of the vector or vectors among the features.
        """
        self.spec = spec
        self._array = array

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the vectors of both sides, (k, d) and (m, d), as stored: one row each of a single vector.

        Raises:
            Unmeasurable: they are of different length.
        """
        return vector_sets.vector_rows(generated, reference, self._array)

    def sums(self, rows: Rows) -> Sums:
        """Return number, sum and sum of outer products of both sides' rows, float64."""
        return summed(rows["generated"], rows["reference"])

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return distance_of_sums(sums)

    def value_of_rows(self, rows: Rows) -> float:
        """Return the same distance straight from rows.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return frechet_of_vectors(rows["generated"], rows["reference"])


def summed(generated: np.ndarray, reference: np.ndarray) -> Sums:
    """Return the `moments` of both sides, under `generated_` and `reference_`."""
    return {
        f"{side}_{name}": value
        for side, x in zip(_SIDES, (generated, reference), strict=True)
        for name, value in moments(x).items()
    }


def distance_of_sums(sums: Sums) -> float:
    """Return the Fréchet distance of what `summed` gives.

    Raises:
        Unmeasurable: a side has fewer than two vectors, or holds NaN or infinite values.
    """
    sides = [{name: sums[f"{side}_{name}"] for name in ("n", "x", "xx")} for side in _SIDES]
    return frechet_distance(*gaussian(sides[0]), *gaussian(sides[1]))
