"""Contrastive physical response score: whether a sound changes as it should when one thing in the scene changes.

PhyAVBench (arXiv 2512.23994), as in the code at imxtx/PhyAVBench ff872b0. Clips come in pairs, `…_a` and `…_b` (an
empty bottle and a full one). The difference of the embeddings of what was generated for both is compared with that of
the recordings: C is (1 + cosine) / 2, G is exp(-5 (p - 1)^2) of the projection p of the one on the other, in lengths of
the other. A pair scores their mean, and the value is the mean of pairs: about 0.25 where nothing changes.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Rows, Unmeasurable

STEEPNESS = 5.0
"""k of the original."""
_EPSILON = 1e-8
_BITS = 52
"""Of the number that stands for a pair's name: float64 keeps them."""


class PairedResponse:
    """`cprs_…`; satisfies `RowsMetric`."""

    kind: Final = "rows"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def rows(self, generated: Arrays, reference: Arrays, pair: str) -> Rows:
        """Return the embeddings of both sides, (1, d) each, the pair's number and which of its clips it is, (1, 1).

        Args:
            generated: `embedding` (d,) of the generated sound.
            reference: the same of the benchmark's recording.
            pair: the clip's id, which ends in `_a` or `_b`.

        Raises:
            Unmeasurable: the embeddings are of different length.
        """
        name, side = pair[:-1], pair[-1]
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> (64 - _BITS)
        sides = {"pair": np.array([[float(number)]]), "second": np.array([[float(side == "b")]])}
        return vector_sets.vector_rows(generated, reference, "embedding") | sides

    def value(self, rows: Rows) -> float:
        """Return the mean score of the pairs of which both clips are there, 0 to 1.

        Raises:
            Unmeasurable: there is none.
        """
        made, real = (np.asarray(rows[side], np.float64) for side in vector_sets.SIDES)
        numbers, second = rows["pair"][:, 0], rows["second"][:, 0] > 0
        first_at = {number: place for place, number in enumerate(numbers) if not second[place]}
        places = [
            (first_at[number], place) for place, number in enumerate(numbers) if second[place] and number in first_at
        ]
        if not places:
            raise Unmeasurable("there is no pair of clips, of which both have a sound: ids of a pair end in _a and _b")
        before, after = np.asarray(places).T
        return float(scores(made[after] - made[before], real[after] - real[before]).mean())


def scores(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Return the score of each pair, (n,).

    Args:
        made: differences of embeddings of generated sounds, (n, d).
        real: those of the recordings.
    """
    dots = (made * real).sum(axis=1)
    lengths = [np.linalg.norm(side, axis=1) for side in (made, real)]
    cosine = dots / (lengths[0] * lengths[1] + _EPSILON)
    projection = dots / (lengths[1] ** 2 + _EPSILON)
    found: np.ndarray = ((cosine + 1) / 2 + np.exp(-STEEPNESS * (projection - 1) ** 2)) / 2
    return found
