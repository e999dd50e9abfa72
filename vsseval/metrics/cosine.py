"""The cosine of two embeddings of one network."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Unmeasurable


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of two vectors (d,), in float64, -1 to 1.

    Raises:
        Unmeasurable: they differ in length, or one has no direction.
    """
    if a.shape != b.shape:
        raise Unmeasurable(f"embeddings of shape {a.shape} and {b.shape} are not of the same network")
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
    if not np.isfinite(norms) or not norms:
        raise Unmeasurable("an embedding is zero, NaN or infinite, and has no direction")
    return float(np.clip(np.vdot(x, y) / norms, -1.0, 1.0))
