"""Whether the voice is the one asked for: cosine of speaker embeddings, by a named encoder, against a named recording.

Against the prompt, another utterance of the same voice that a model was given, nothing is gained by copying a
sentence's prosody; against the recording of the same sentence, channel and prosody count as voice. The same sounds
reach 0.33 with one encoder and 0.77 with another (espnet issue 6477), so both stand in the id. Negative cosines stay.
"""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable

_ROLES = {Need.SPEAKER: "the prompt", Need.REFERENCE: "the recording of the same sentence"}


class SpeakerSimilarity:
    """`spk_sim@…`; satisfies `SampleMetric`."""

    def __init__(
        self,
        recipe: str,
        encoder: str,
        against: Need,
        what: str,
        citation: str,
        least: float = -1.0,
        *,
        as_reported: bool = False,
    ) -> None:
        """Declare the metric.

        Args:
            recipe: the part of the id after "@".
            encoder: the extractor whose `embedding` is compared.
            against: `Need.SPEAKER` for the prompt, `Need.REFERENCE` for the recording of the same sentence.
            what: the encoder, for the description.
            citation: who compares so.
            least: the least cosine that the encoder can give: 0 where no component is negative.
            as_reported: leave out of the average, as DeepAudio-V1's script does, what is not between 0 and 1; such a
                clip stays as a row of weight 0.
        """
        self._as_reported = as_reported
        role = "prompt" if against is Need.SPEAKER else "reference"
        lowest = "0" if least == 0 else "-1"
        self.spec = MetricSpec(
            name="spk_sim",
            recipe=recipe,
            version="1",
            inputs={
                "voice": Feature(extractor=encoder, of=Need.AUDIO),
                role: Feature(extractor=encoder, of=against),
            },
            direction="higher",
            unit="",
            description=f"cosine of {what}, generated speech against {_ROLES[against]} ({lowest} to 1)",
            citation=citation,
            decimals=3,
            least=-1.0,
            greatest=1.0,
        )

    def score(self, voice: Arrays, prompt: Arrays | None = None, reference: Arrays | None = None) -> Score:
        """Return the cosine of two embeddings, -1 to 1.

        Args:
            voice: `embedding` (d,) of the generated speech.
            prompt: `embedding` (d,) of the prompt, where that is what the recipe compares with.
            reference: `embedding` (d,) of the recording of the same sentence, likewise.

        Raises:
            Unmeasurable: an embedding is zero, so that it has no direction.
        """
        other = prompt if reference is None else reference
        if other is None:
            raise TypeError(f"{self.spec.id} needs a prompt or a reference")
        value = float(np.clip(cosine(voice["embedding"], other["embedding"]), -1.0, 1.0))
        if self._as_reported and not 0 < value < 1:
            return Score(value=value, weight=0.0, detail={"dropped": "not between 0 and 1"})
        return Score(value=value)


def cosine(one: np.ndarray, two: np.ndarray) -> float:
    """Return the cosine of two embeddings of shape (d,).

    Raises:
        Unmeasurable: one of them is zero.
    """
    lengths = [float(np.linalg.norm(vector.astype(np.float64))) for vector in (one, two)]
    if min(lengths) == 0:
        raise Unmeasurable("a speaker embedding is zero: it has no direction")
    if all(abs(length - 1) < 1e-6 for length in lengths):
        return float(np.vdot(one, two))
    return float(np.vdot(one.astype(np.float64), two.astype(np.float64)) / lengths[0] / lengths[1])


def spk_sim_ge2e() -> SpeakerSimilarity:
    """Return the similarity by the encoder that ships."""
    return SpeakerSimilarity(
        "ge2e",
        "ge2e",
        Need.SPEAKER,
        "GE2E speaker embeddings",
        "Wan et al., Generalized End-to-End Loss for Speaker Verification, ICASSP 2018",
        least=0.0,
    )


def spk_sim_vssflow() -> SpeakerSimilarity:
    """Return the similarity of VERSA's default encoder, which ESPnet's evaluation of speech language models uses."""
    return SpeakerSimilarity(
        "vssflow",
        "rawnet3",
        Need.REFERENCE,
        "RawNet3 speaker embeddings (espnet/voxcelebs12_rawnet3)",
        "Jung et al., Pushing the limits of raw waveform speaker recognition, Interspeech 2022; VERSA speaker.py",
    )


def spk_sim_seedtts() -> SpeakerSimilarity:
    """Return the similarity of seed-tts-eval, F5-TTS and AlignDiT."""
    return SpeakerSimilarity(
        "seedtts",
        "wavlm_ecapa",
        Need.SPEAKER,
        "WavLM-large with ECAPA-TDNN speaker embeddings",
        "Anastassiou et al., Seed-TTS, 2024; seed-tts-eval verification.py with wavlm_large_finetune.pth",
    )


_ECAPA = (
    "ECAPA-TDNN speaker embeddings (speechbrain/spkrec-ecapa-voxceleb)",
    "Desplanques et al., ECAPA-TDNN, Interspeech 2020; Ravanelli et al., SpeechBrain, 2021",
)


def spk_sim_ecapa_prompt() -> SpeakerSimilarity:
    """Return the similarity by SpeechBrain's encoder, against the prompt."""
    return SpeakerSimilarity("ecapa-prompt", "ecapa", Need.SPEAKER, *_ECAPA)


def spk_sim_ecapa_reference() -> SpeakerSimilarity:
    """Return the similarity by SpeechBrain's encoder, against the recording of the same sentence."""
    return SpeakerSimilarity("ecapa-reference", "ecapa", Need.REFERENCE, *_ECAPA)


def spk_sim_wavlm_sv() -> SpeakerSimilarity:
    """Return the similarity by WavLM base+ fine-tuned for speaker verification, against the prompt."""
    return SpeakerSimilarity(
        "wavlm-sv",
        "wavlm_base_plus_sv",
        Need.SPEAKER,
        "WavLM x-vectors (microsoft/wavlm-base-plus-sv)",
        "Chen et al., WavLM, JSTSP 2022",
    )


def spk_sim_deepaudio() -> SpeakerSimilarity:
    """Return the similarity of DeepAudio-V1, with the values that its script leaves out."""
    return SpeakerSimilarity(
        "deepaudio",
        "wavlm_base_sv",
        Need.REFERENCE,
        "WavLM x-vectors (microsoft/wavlm-base-sv)",
        "Zhang et al., DeepAudio-V1, 2025; eval/spk_wav2vec.py",
    )


def spk_sim_deepaudio_as_reported() -> SpeakerSimilarity:
    """Return the similarity as DeepAudio-V1's script averages it: without the worst."""
    return SpeakerSimilarity(
        "deepaudio-asreported",
        "wavlm_base_sv",
        Need.REFERENCE,
        "WavLM x-vectors (microsoft/wavlm-base-sv), those between 0 and 1 alone",
        "Zhang et al., DeepAudio-V1, 2025; eval/spk_wav2vec.py",
        as_reported=True,
    )
