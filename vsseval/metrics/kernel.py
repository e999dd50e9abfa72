"""Kernel distances between two sets of embeddings: KID, of polynomials on subsets, and KAD, of a Gaussian on all.

Both are the unbiased squared maximum mean discrepancy (Gretton et al., JMLR 13, 2012), so that, unlike a Fréchet
distance, their expectation does not depend on the number of clips; by chance they may come out below zero. MMD, as
SoundReactor's evaluator has it, is the biased one, under a Gaussian of one width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Rows
from vsseval.metrics.discrepancy import (
    KernelSums,
    biased_discrepancy,
    discrepancy,
    kernel_sums,
    median_distance,
    squared_distances,
)

Bandwidth = Literal["generated", "reference"]

SUBSETS, SUBSET_SIZE, SEED, DEGREE = 100, 1000, 2020, 3
"""Of KID in torch-fidelity and its descendants (SpecVQGAN, av-benchmark)."""
WIDTH = 10.0
"""Of MMD's Gaussian, in units of the embeddings: `_SIGMA` of the original."""


class KernelDistance(ABC):
    """What both have in common; satisfies `GroupedRowsMetric`."""

    kind: Final = "grouped_rows"
    spec: MetricSpec
    array = "embedding"
    """Of the features: what is compared."""
    biased = False

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the embeddings of both sides, (1, d) or (patches, d), as stored.

        Raises:
            Unmeasurable: they are of different length.
        """
        return vector_sets.vector_rows(generated, reference, self.array)

    def value(self, rows: Rows) -> float:
        """Return the distance.

        Raises:
            Unmeasurable: fewer than two clips.
        """
        return self.without(rows, {name: np.zeros(len(value), int) for name, value in rows.items()})(())

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray]) -> Callable[[Collection[int]], float]:
        """Return what gives the distance without some groups of clips; subsets and bandwidth stay those of all."""
        x, y = rows["generated"], rows["reference"]
        vector_sets.check_vectors(x, y)
        parts, scale = self._prepared(x, y, groups["generated"], groups["reference"])
        one = biased_discrepancy if self.biased else discrepancy
        return lambda left_out: scale * float(np.mean([one(part, left_out) for part in parts]))

    @abstractmethod
    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        """Return kernels added up by groups, over which discrepancies are averaged, and the factor of the value."""


class KernelInceptionDistance(KernelDistance):
    """KID (Binkowski et al., ICLR 2018): mean over seeded subsets of the discrepancy under (x y / d + 1)^3."""

    def __init__(self, spec: MetricSpec, subsets: int = SUBSETS, size: int = SUBSET_SIZE) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            subsets: number of subsets drawn.
            size: clips of a subset; all where there are fewer.
        """
        self.spec = spec
        self._subsets, self._size = subsets, size

    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        size = min(self._size, len(x), len(y))
        random = np.random.RandomState(SEED)
        parts = []
        for _ in range(self._subsets):
            a = random.choice(len(x), size, replace=False)
            b = random.choice(len(y), size, replace=False)
            parts.append(kernel_sums(x[a], y[b], groups_x[a], groups_y[b], _cubic))
        return parts, 1.0


class KernelAudioDistance(KernelDistance):
    """KAD (Chung et al., 2025): 100 times the discrepancy under a Gaussian as wide as the median distance."""

    def __init__(self, spec: MetricSpec, bandwidth: Bandwidth, array: str = "embedding") -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            bandwidth: the side whose median distance it is.
            array: of the features: "embedding" is one vector a clip, "patches" are several.
        """
        self.spec = spec
        self.array = array
        self._bandwidth = bandwidth

    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        width = median_distance(x if self._bandwidth == "generated" else y)
        steepness = 1 / (2 * width**2 + 1e-8)
        # Distances do not change with the origin; near it they keep their digits.
        origin = np.asarray(y, np.float64).mean(axis=0)
        sums = kernel_sums(x - origin, y - origin, groups_x, groups_y, lambda a, b: _gaussian(a, b, steepness))
        return [sums], 100.0


class MeanDiscrepancy(KernelDistance):
    """MMD of soundreactor_v2a_eval (CMMD, Jayasumana et al., CVPR 2024): biased, Gaussian of width 10, times 1000."""

    biased = True

    def __init__(self, spec: MetricSpec, array: str = "embedding") -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            array: of the features: "embedding" is one vector a clip, "patches" are several.
        """
        self.spec = spec
        self.array = array

    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        origin = np.asarray(y, np.float64).mean(axis=0)
        sums = kernel_sums(x - origin, y - origin, groups_x, groups_y, lambda a, b: _gaussian(a, b, 1 / (2 * WIDTH**2)))
        return [sums], 1000.0


def _cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a @ b.T / a.shape[1] + 1) ** DEGREE)


def _gaussian(a: np.ndarray, b: np.ndarray, steepness: float) -> np.ndarray:
    return np.asarray(np.exp(-steepness * squared_distances(a, b)))
