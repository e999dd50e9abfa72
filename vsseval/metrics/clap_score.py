"""How well a sound fits its caption: cosine of their embeddings in a shared space (Elizalde et al., ICASSP 2023)."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score


class ClapScoreMini:
    """`clap_score@mini`; satisfies `SampleMetric`."""

    spec = MetricSpec(
        name="clap_score",
        recipe="mini",
        version="1",
        inputs={
            "audio": Feature(extractor="clap_mini", of=Need.AUDIO),
            "caption": Feature(extractor="clap_mini", of=Need.CAPTION),
        },
        direction="higher",
        unit="",
        description="cosine of sound and caption in the small text-audio encoder that ships with vsseval (-1 to 1)",
        citation="Elizalde et al., CLAP, ICASSP 2023 (encoder: clap_mini, not the published one)",
        decimals=3,
        least=-1.0,
        greatest=1.0,
    )

    def score(self, audio: Arrays, caption: Arrays) -> Score:
        """Return the cosine of two unit embeddings, -1 to 1.

        Args:
            audio: `embedding` (d,) of the generated sound.
            caption: `embedding` (d,) of the caption.
        """
        return Score(value=float(np.clip(np.vdot(audio["embedding"], caption["embedding"]), -1.0, 1.0)))


def clap_score_mini() -> ClapScoreMini:
    """Return the metric."""
    return ClapScoreMini()
