"""How well a sound fits the picture: cosine of their embeddings in ImageBind's space (Girdhar et al., CVPR 2023)."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable


class IbScore:
    """`ib_score@avbench`; satisfies `SampleMetric`."""

    spec = MetricSpec(
        name="ib_score",
        recipe="avbench",
        version="1",
        inputs={
            "sound": Feature(extractor="imagebind", of=Need.AUDIO),
            "picture": Feature(extractor="imagebind", of=Need.VIDEO),
        },
        direction="higher",
        unit="",
        # Papers write it both times 1 and times 100; it is stored times 1 and shown times 100, as MMAudio does.
        scale=100.0,
        least=-1.0,
        greatest=1.0,
        description="cosine of sound and picture in ImageBind-huge, times 100; mean over clips",
        citation="Girdhar et al., ImageBind, CVPR 2023; as in av-benchmark 050a5cd",
    )

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the cosine, -1 to 1.

        Args:
            sound: `embedding` (d,) of the generated sound, of any length.
            picture: `embedding` (d,) of the clip's video.

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they differ in length.
        """
        return Score(value=cosine(sound["embedding"], picture["embedding"]))


def ib_score_avbench() -> IbScore:
    """Return the metric."""
    return IbScore()


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
