"""Whether the voice is the one asked for: cosine of speaker embeddings, against the prompt."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score


class SpeakerSimilarityGE2E:
    """`spk_sim@ge2e`: against the prompt, not against the recording of the same sentence.

    The prompt is another utterance of the same voice, the one that a model was given, so nothing is gained by
    copying the sentence's own prosody. Satisfies `SampleMetric`.
    """

    spec = MetricSpec(
        name="spk_sim",
        recipe="ge2e",
        version="1",
        inputs={
            "voice": Feature(extractor="ge2e", of=Need.AUDIO),
            "prompt": Feature(extractor="ge2e", of=Need.SPEAKER),
        },
        direction="higher",
        unit="",
        description="cosine of GE2E speaker embeddings, generated speech against the prompt (0 to 1)",
        citation="Wan et al., Generalized End-to-End Loss for Speaker Verification, ICASSP 2018",
        decimals=3,
        least=-1.0,
        greatest=1.0,
    )

    def score(self, voice: Arrays, prompt: Arrays) -> Score:
        """Return the cosine of two unit embeddings, 0 to 1 (no component is negative).

        Args:
            voice: `embedding` (256,) of the generated speech.
            prompt: `embedding` (256,) of the speaker prompt.
        """
        return Score(value=float(np.clip(np.vdot(voice["embedding"], prompt["embedding"]), -1.0, 1.0)))


def spk_sim_ge2e() -> SpeakerSimilarityGE2E:
    """Return the metric."""
    return SpeakerSimilarityGE2E()
