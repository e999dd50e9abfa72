"""Density and coverage: how near generated sounds are to recordings, and how many recordings have one near them.

Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020, equations 5 and 6. Near is
what lies closer to a recording than its k-th nearest other recording. Unlike a Fréchet distance the two say apart
whether sounds are good and whether they are many; both depend on the number of recordings, so compare at equal N.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Rows, Unmeasurable
from vsseval.metrics.discrepancy import squared_distances

Measure = Literal["density", "coverage"]

BLOCK = 1024
"""Recordings whose distances are in memory at a time."""


class NearestNeighbours:
    """Density or coverage; satisfies `RowsMetric`."""

    kind: Final = "rows"

    def __init__(self, spec: MetricSpec, measure: Measure, k: int = 5, array: str = "embedding") -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            measure: "density" is the number of recordings that a generated sound is near to, over k: 0 to N / k, 1 for
                sounds as the recordings are. "coverage" is the share of recordings that a generated sound is near to.
            k: neighbours; 5 in the paper.
            array: of the features, one vector a clip.
        """
        self.spec = spec
        self._measure = measure
        self._k = k
        self._array = array

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the embeddings of both sides, (1, d) each.

        Raises:
            Unmeasurable: they are of different length.
        """
        return vector_sets.vector_rows(generated, reference, self._array)

    def value(self, rows: Rows) -> float:
        """Return the value from the embeddings of all clips.

        Raises:
            Unmeasurable: no more recordings than neighbours.
        """
        made, real = (np.asarray(rows[side], np.float64) for side in vector_sets.SIDES)
        vector_sets.check_vectors(made, real)
        if len(real) <= self._k:
            raise Unmeasurable(f"{self._k} neighbours need at least {self._k + 1} clips, there are {len(real)}")
        # Distances do not change with the origin; near it they keep their digits.
        origin = real.mean(axis=0)
        made, real = made - origin, real - origin
        near = covered = 0
        for start in range(0, len(real), BLOCK):
            some = real[start : start + BLOCK]
            among = squared_distances(some, real)
            place = np.arange(len(some))
            among[place, place + start] = 0.0  # rounding puts none before a recording itself
            radii = np.partition(among, self._k, axis=1)[:, self._k, None]
            inside = squared_distances(some, made) < radii
            near += int(inside.sum())
            covered += int(inside.any(axis=1).sum())
        if self._measure == "density":
            return near / (self._k * len(made))
        return covered / len(real)
