"""Whether speech sounds as moved as the recording of the same sentence: cosine of what a network hears emotion in.

DeepAudio-V1 prints it as EMO-SIM, VERSA as emotion similarity. Embeddings of one network of emotion may point much the
same way whatever is said: `shuffled` tells where the scale begins.
"""

from __future__ import annotations

from typing import Final

from vsseval.metrics.base import Arrays, MetricSpec, Score
from vsseval.metrics.cosine import cosine

DIMENSIONS = ("arousal", "dominance", "valence")


class EmotionSimilarity:
    """`emo_sim@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the cosine, -1 to 1. Detail: by how much each dimension that is heard lies above the recording's.

        Args:
            generated: `embedding` (d,) of the generated speech, and `arousal`, `dominance` and `valence` () where the
                network tells them.
            reference: the same of the benchmark's recording.

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they differ in length.
        """
        detail: dict[str, float | int | str] = {
            f"{name}_difference": float(generated[name]) - float(reference[name])
            for name in DIMENSIONS
            if name in generated
        }
        return Score(value=cosine(generated["embedding"], reference["embedding"]), detail=detail)
