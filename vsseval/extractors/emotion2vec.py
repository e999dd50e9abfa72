"""Speech to the mean of emotion2vec's frames, as VERSA takes it: 16 kHz, mean 0 and variance 1, the whole utterance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.speech import RATE, voice
from vsseval.extractors.waveform import as_librosa
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.emotion2vec import Emotion2Vec
    from vsseval.weights.find import Weights


class Emotion2VecMean(NetworkExtractor):
    """`embedding`, float32, (768,). Satisfies `Extractor`."""

    network: Emotion2Vec
    batch_size = 1
    batch_size_on_device = 16

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

    def prepare(self, source: Source) -> Parts:
        """Return the mean of the channels at 16 kHz, of mean 0 and variance 1, (1, n).

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        samples = torch.from_numpy(np.array(voice(as_librosa(sound(source, self.spec.name), RATE)), np.float32))
        return Parts(torch.nn.functional.layer_norm(samples, samples.shape)[None])

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the means of the frames, (parts, 768)."""
        del kind
        return {"embedding": self.network(parts).mean(dim=1)}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return what was made of the one part."""
        return {name: np.asarray(values[0]) for name, values in outputs.items()}
