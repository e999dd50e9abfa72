"""How well a sound fits its caption: cosine of their embeddings in a shared space (Elizalde et al., ICASSP 2023)."""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score


class ClapScore:
    """`clap_score` in the space of one text-audio encoder; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, audio: Arrays, caption: Arrays) -> Score:
        """Return the cosine of two unit embeddings, -1 to 1; -1 where the extractor says that the sound is silent.

        Args:
            audio: `embedding` (d,) of the generated sound, and `silent` () from an encoder that cannot tell silence.
            caption: `embedding` (d,) of the caption.
        """
        if audio.get("silent", False):
            return Score(value=-1.0, detail={"silent": "fits no caption"})
        return Score(value=float(np.clip(np.vdot(audio["embedding"], caption["embedding"]), -1.0, 1.0)))
