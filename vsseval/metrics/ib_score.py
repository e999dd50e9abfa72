"""How well a sound fits the picture: cosine of their embeddings in ImageBind's space (Girdhar et al., CVPR 2023)."""

from __future__ import annotations

from typing import Final

from vsseval.metrics.base import Arrays, MetricSpec, Score
from vsseval.metrics.cosine import cosine


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
