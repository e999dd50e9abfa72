"""Kernel distances between two sets of embeddings: KID, of polynomials on subsets, and KAD, of a Gaussian on all.

Both are the unbiased squared maximum mean discrepancy (Gretton et al., JMLR 13, 2012), so that, unlike a Fréchet
distance, their expectation does not depend on the number of clips; by chance they may come out below zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple

import numpy as np

from vsseval.metrics import pairs
from vsseval.metrics.base import Arrays, MetricSpec, Rows
from vsseval.metrics.discrepancy import KernelSums, discrepancy, kernel_sums, median_distance, squared_distances

Bandwidth = Literal["generated", "reference"]

SUBSETS, SUBSET_SIZE, SEED, DEGREE = 100, 1000, 2020, 3
"""Of KID in torch-fidelity and its descendants (SpecVQGAN, av-benchmark)."""


class Recipe(NamedTuple):
    """Which embeddings, and for KAD of which side the median distance is the bandwidth."""

    name: str
    recipe: str
    extractor: str
    network: str
    bandwidth: Bandwidth | None = None


RECIPES = {
    "kid_panns@avbench": Recipe("kid_panns", "avbench", "panns", "PANNs Cnn14 16 kHz"),
    "kid_passt@avbench": Recipe("kid_passt", "avbench", "passt", "PaSST"),
    "kid_melception@specvqgan": Recipe("kid_melception", "specvqgan", "melception", "Melception"),
    "kad_panns@kadtk": Recipe("kad_panns", "kadtk", "panns", "PANNs Cnn14 16 kHz", "generated"),
    "kad_panns@kadtk-fixed": Recipe("kad_panns", "kadtk-fixed", "panns", "PANNs Cnn14 16 kHz", "reference"),
    "kad_passt@kadtk": Recipe("kad_passt", "kadtk", "passt", "PaSST", "generated"),
    "kad_passt@kadtk-fixed": Recipe("kad_passt", "kadtk-fixed", "passt", "PaSST", "reference"),
}
"""Metric id -> recipe. kadtk 8bda71d takes the bandwidth from the evaluated set against its documentation (its issue
#9), which moves the value by per cents from model to model; `-fixed` takes it from the reference."""


class KernelDistance(ABC):
    """What both have in common; satisfies `GroupedRowsMetric`."""

    spec: MetricSpec

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the embeddings of both sides, (1, d) each, as stored.

        Raises:
            Unmeasurable: they are of different length.
        """
        return pairs.rows(generated, reference, "embedding")

    def value(self, rows: Rows) -> float:
        """Return the distance.

        Raises:
            Unmeasurable: fewer than two clips.
        """
        return self.without(rows, {name: np.zeros(len(value), int) for name, value in rows.items()})(())

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray]) -> Callable[[Collection[int]], float]:
        """Return what gives the distance without some groups of clips; subsets and bandwidth stay those of all."""
        x, y = rows["generated"], rows["reference"]
        pairs.check(x, y)
        parts, scale = self._prepared(x, y, groups["generated"], groups["reference"])
        return lambda left_out: scale * float(np.mean([discrepancy(part, left_out) for part in parts]))

    @abstractmethod
    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        """Return kernels added up by groups, over which discrepancies are averaged, and the factor of the value."""


class KernelInceptionDistance(KernelDistance):
    """KID (Binkowski et al., ICLR 2018): mean over seeded subsets of the discrepancy under (x y / d + 1)^3."""

    def __init__(self, made: Recipe, subsets: int = SUBSETS, size: int = SUBSET_SIZE) -> None:
        """Declare the metric.

        Args:
            made: the recipe.
            subsets: number of subsets drawn.
            size: clips of a subset; all where there are fewer.
        """
        self._subsets, self._size = subsets, size
        self.spec = MetricSpec(
            name=made.name,
            recipe=made.recipe,
            version="1",
            inputs=pairs.inputs(made.extractor),
            direction="lower",
            unit="",
            decimals=4,
            description=f"kernel distance of {made.network} embeddings: {subsets} subsets of {size}, seed {SEED}",
            citation="Binkowski et al., Demystifying MMD GANs, ICLR 2018; subsets as in torch-fidelity",
            sees=("noise", "silence"),
        )

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

    def __init__(self, made: Recipe) -> None:
        self._bandwidth = made.bandwidth
        self.spec = MetricSpec(
            name=made.name,
            recipe=made.recipe,
            version="1",
            inputs=pairs.inputs(made.extractor),
            direction="lower",
            unit="",
            decimals=3,
            description=f"100 x squared MMD of {made.network} embeddings, Gaussian kernel, bandwidth: median distance "
            f"of the {made.bandwidth} set",
            citation="Chung et al., KAD: no more FAD, ICML 2025; as in kadtk, embeddings as in av-benchmark",
            sees=("noise", "silence"),
        )

    def _prepared(
        self, x: np.ndarray, y: np.ndarray, groups_x: np.ndarray, groups_y: np.ndarray
    ) -> tuple[list[KernelSums], float]:
        width = median_distance(x if self._bandwidth == "generated" else y)
        steepness = 1 / (2 * width**2 + 1e-8)
        # Distances do not change with the origin; near it they keep their digits.
        origin = np.asarray(y, np.float64).mean(axis=0)
        sums = kernel_sums(x - origin, y - origin, groups_x, groups_y, lambda a, b: _gaussian(a, b, steepness))
        return [sums], 100.0


def kid_panns_avbench() -> KernelInceptionDistance:
    """Return KID of PANNs."""
    return KernelInceptionDistance(RECIPES["kid_panns@avbench"])


def kid_passt_avbench() -> KernelInceptionDistance:
    """Return KID of PaSST."""
    return KernelInceptionDistance(RECIPES["kid_passt@avbench"])


def kid_melception_specvqgan() -> KernelInceptionDistance:
    """Return KID of SpecVQGAN's evaluator."""
    return KernelInceptionDistance(RECIPES["kid_melception@specvqgan"])


def kad_panns_kadtk() -> KernelAudioDistance:
    """Return KAD of PANNs, bandwidth of the evaluated set."""
    return KernelAudioDistance(RECIPES["kad_panns@kadtk"])


def kad_panns_kadtk_fixed() -> KernelAudioDistance:
    """Return KAD of PANNs, bandwidth of the reference set."""
    return KernelAudioDistance(RECIPES["kad_panns@kadtk-fixed"])


def kad_passt_kadtk() -> KernelAudioDistance:
    """Return KAD of PaSST, bandwidth of the evaluated set."""
    return KernelAudioDistance(RECIPES["kad_passt@kadtk"])


def kad_passt_kadtk_fixed() -> KernelAudioDistance:
    """Return KAD of PaSST, bandwidth of the reference set."""
    return KernelAudioDistance(RECIPES["kad_passt@kadtk-fixed"])


def _cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a @ b.T / a.shape[1] + 1) ** DEGREE)


def _gaussian(a: np.ndarray, b: np.ndarray, steepness: float) -> np.ndarray:
    return np.asarray(np.exp(-steepness * squared_distances(a, b)))
