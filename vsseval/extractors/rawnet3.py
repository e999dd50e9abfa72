"""A voice to a speaker embedding: ESPnet's RawNet3, the default of VERSA and of ESPnet's speech language models.

The weights are those of espnet/voxcelebs12_rawnet3. As in VERSA, the whole utterance is read at once; there the sound
comes as one channel at 16 kHz, here channels are mixed and torchaudio resamples. (`vsseval.networks.rawnet3` is another
set of weights of the same design, and is read in windows of three seconds.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.extractors.base import ExtractorSpec
from vsseval.extractors.speech import RATE, sinc, voice
from vsseval.extractors.utterance import UtteranceExtractor
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsseval.extractors.base import Audio

_OF_TRAINING = "loss."
"""Prefix of parameters that the file holds and no embedding needs."""


class RawNet3Extractor(UtteranceExtractor):
    """The whole utterance goes through the network at once."""

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: ESPnet's file of the model.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="rawnet3",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-4.0",
            description="RawNet3 speaker embedding, espnet/voxcelebs12_rawnet3, whole utterance, 192 numbers",
        )

    def build(self) -> nn.Module:
        """Return the network with its weights."""
        from vsseval.networks.rawnet3_espnet import RawNet3
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file()

        def built() -> nn.Module:
            with SkipInitialWeights():
                return RawNet3()

        state = {key: value for key, value in read_state_dict(file).items() if not key.startswith(_OF_TRAINING)}
        return fill_network(built, state, file, self.spec.name)

    def heard(self, audio: Audio) -> Tensor:
        """Return 16 kHz, shape (n,).

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        return torch.from_numpy(voice(sinc(audio)))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings, (parts, 192)."""
        del kind
        return {"embedding": self.network(parts)}
