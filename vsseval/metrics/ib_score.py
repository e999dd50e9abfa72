"""How well a sound fits the picture: cosine of their embeddings in ImageBind's space (Girdhar et al., CVPR 2023)."""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable


class IbScore:
    """`ib_score@avbench`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the cosine, -1 to 1.

        Args:
            sound: `embedding` (d,) of the generated sound, of any length.
            picture: `embedding` (d,) of the clip's video.

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they differ in length.
        """
        return Score(value=cosine(sound["embedding"], picture["embedding"]))


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
