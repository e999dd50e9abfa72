"""Speech to the mean of emotion2vec's frames, as VERSA takes it: 16 kHz, mean 0 and variance 1, the whole utterance."""

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
    from vsseval.networks.emotion2vec import Emotion2Vec
    from vsseval.weights.find import Weights


class Emotion2VecMean(UtteranceExtractor):
    """`embedding`, float32, (768,). Satisfies `Extractor`."""

    network: Emotion2Vec

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first sound.

        Args:
            weights: the makers' emotion2vec_base.pt.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="emotion2vec",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="FunASR model licence",
            description="emotion of speech by emotion2vec, base size, without classes (emotion2vec/emotion2vec_base)",
        )

    def build(self) -> Emotion2Vec:
        """Return the network; see `networks.emotion2vec.build`."""
        from vsseval.networks import emotion2vec

        file = self._weights.file()
        return emotion2vec.build(read_state_dict(file), file)

    def heard(self, audio: Audio) -> Tensor:
        """Return the mean of the channels at 16 kHz, (n,), as FunASR scales it.

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        samples = torch.from_numpy(np.array(voice(as_librosa(audio, RATE)), np.float32))
        return torch.nn.functional.layer_norm(samples, samples.shape)

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the means of the frames, (parts, 768)."""
        del kind
        return {"embedding": self.network(parts).mean(dim=1)}
