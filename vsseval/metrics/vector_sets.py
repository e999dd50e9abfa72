"""Two sets of vectors, one of generated and one of reference sounds: their rows clip by clip."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Rows, Unmeasurable

SIDES = ("generated", "reference")


def vector_rows(generated: Arrays, reference: Arrays, name: str) -> Rows:
    """Return the vectors of one clip: `generated` (k, d) and `reference` (m, d), as they were stored.

    Args:
        generated: the array `name` of the generated sound: (d,), or (k, d) where there are several vectors to a clip.
        reference: the same of the benchmark's recording.
        name: of the array.

    Raises:
        Unmeasurable: the sides have vectors of different length, or one has none; it is the clip's reason.
    """
    found = {side: as_rows(arrays[name]) for side, arrays in zip(SIDES, (generated, reference), strict=True)}
    check_vectors(found["generated"], found["reference"])
    empty = [side for side, value in found.items() if not len(value)]
    if empty:
        raise Unmeasurable(f"the {empty[0]} sound is too short for the network: it has no {name}")
    return found


def as_rows(array: np.ndarray) -> np.ndarray:
    """Return a vector (d,) as one row, and vectors (k, d) as they are."""
    return array[None] if array.ndim == 1 else array


def check_vectors(x: np.ndarray, y: np.ndarray) -> None:
    """Raise Unmeasurable where vectors (n, d) and (m, d) cannot be compared."""
    if x.shape[1:] != y.shape[1:]:
        raise Unmeasurable(
            f"the generated and the reference sound have vectors of {x.shape[1]} and {y.shape[1]} numbers: "
            f"their features are of different networks. Extract both with the same version of vsseval"
        )
    for side, values in zip(SIDES, (x, y), strict=True):
        if not np.isfinite(values).all():
            raise Unmeasurable(f"the features of the {side} sound hold NaN or infinite values")
