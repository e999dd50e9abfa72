"""Speech to the state that audEERING's wav2vec 2.0 hears emotion in, and to arousal, dominance and valence.

Wagner et al., TPAMI 2023 (see `networks.emotion`), as in DeepAudio-V1's eval/emo_wav2vec.py: librosa's 16 kHz, mean 0
and variance 1, and the mean of the last layer's frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.extractors.base import ExtractorSpec
from vsseval.extractors.speech import RATE, voice
from vsseval.extractors.utterance import UtteranceExtractor
from vsseval.extractors.waveform import as_librosa
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.extractors.base import Audio
    from vsseval.networks.emotion import EmotionDimensions
    from vsseval.weights.find import Weights

_LEAST_VARIANCE = 1e-7
"""Added by transformers' front end."""


class Emotion(UtteranceExtractor):
    """`embedding`, float32, (1024,); `arousal`, `dominance`, `valence`, float32, (), about 0 to 1.

    Satisfies `Extractor`.
    """

    network: EmotionDimensions

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first sound.

        Args:
            weights: the makers' pytorch_model.bin.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="emotion_msp_dim",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-NC-SA-4.0",
            description="emotion of speech by wav2vec 2.0 (audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim)",
        )

    def build(self) -> EmotionDimensions:
        """Return the network; see `networks.emotion.build`."""
        from vsseval.networks import emotion

        file = self._weights.file()
        return emotion.build(read_state_dict(file), file)

    def heard(self, audio: Audio) -> Tensor:
        """Return the mean of the channels at 16 kHz, (n,), as transformers' front end scales it.

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        wave = np.asarray(voice(as_librosa(audio, RATE)), np.float32)
        whole = (wave - wave.mean()) / np.sqrt(wave.var() + np.float32(_LEAST_VARIANCE))
        return torch.from_numpy(np.asarray(whole, np.float32))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the embeddings (parts, 1024) and the dimensions (parts,) each."""
        from vsseval.networks.emotion import DIMENSIONS

        del kind
        embedding, dimensions = self.network(parts)
        return {"embedding": embedding, **dict(zip(DIMENSIONS, dimensions.unbind(1), strict=True))}
