"""How well a sound fits its caption: cosine of their embeddings in a shared space (Elizalde et al., ICASSP 2023)."""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score


class ClapScore:
    """`clap_score` in the space of one text-audio encoder; satisfies `SampleMetric`."""

    def __init__(self, recipe: str, extractor: str, description: str, citation: str) -> None:
        """Declare.

        Args:
            recipe: what the space is called.
            extractor: gives `embedding`, of unit length, of sound and of text.
            description: what a reader of tables is told.
            citation: where the encoder is from.
        """
        self.spec = MetricSpec(
            name="clap_score",
            recipe=recipe,
            version="1",
            inputs={
                "audio": Feature(extractor=extractor, of=Need.AUDIO),
                "caption": Feature(extractor=extractor, of=Need.CAPTION),
            },
            direction="higher",
            unit="",
            description=description,
            citation=citation,
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


def clap_score_mini() -> ClapScore:
    """Return the metric in the space of the small encoder that ships with vsseval."""
    return ClapScore(
        "mini",
        "clap_mini",
        "cosine of sound and caption in the small text-audio encoder that ships with vsseval (-1 to 1)",
        "Elizalde et al., CLAP, ICASSP 2023 (encoder: clap_mini, not the published one)",
    )


def clap_score_laion() -> ClapScore:
    """Return the metric of av-benchmark: LAION-CLAP's checkpoint music_speech_audioset_epoch_15_esc_89.98."""
    return ClapScore(
        "laion",
        "laion_clap",
        "cosine of sound and caption in LAION-CLAP (music_speech_audioset_epoch_15_esc_89.98), first 10 s (-1 to 1)",
        "Wu et al., Large-Scale Contrastive Language-Audio Pretraining, ICASSP 2023",
    )


def clap_score_laion_630k() -> ClapScore:
    """Return the metric with the checkpoint that the package laion-clap takes by default."""
    return ClapScore(
        "laion-630k",
        "laion_clap_630k",
        "cosine of sound and caption in LAION-CLAP (630k-audioset-best), first 10 s (-1 to 1)",
        "Wu et al., Large-Scale Contrastive Language-Audio Pretraining, ICASSP 2023",
    )


def clap_score_msclap() -> ClapScore:
    """Return the metric in MS-CLAP's space; the original draws its seven seconds at random."""
    return ClapScore(
        "msclap-first7",
        "ms_clap",
        "cosine of sound and caption in MS-CLAP (2023), first 7 s (-1 to 1)",
        "Elizalde et al., Natural Language Supervision for General-Purpose Audio Representations, ICASSP 2024",
    )
