"""A voice to a speaker embedding: ECAPA-TDNN of SpeechBrain, trained on VoxCeleb.

Desplanques et al., "ECAPA-TDNN", Interspeech 2020; the network and its features are SpeechBrain's, its weights those of
speechbrain/spkrec-ecapa-voxceleb. They are put together here as that repository's hyperparams.yaml says, which is not
read: it is a program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.extractors.base import ExtractorSpec
from vsseval.extractors.speech import RATE, sinc, voice
from vsseval.extractors.utterance import UtteranceExtractor
from vsseval.networks.optional_packages import import_offline
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsseval.extractors.base import Audio


class ECAPA(UtteranceExtractor):
    """The whole utterance goes through the network at once."""

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: with the file embedding_model.ckpt.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="ecapa",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="Apache-2.0",
            description="ECAPA-TDNN speaker embedding, speechbrain/spkrec-ecapa-voxceleb, 192 numbers",
        )

    def build(self) -> nn.Module:
        """Return features, their normalisation and the network, in a row."""
        from torch import nn

        features = import_offline("speechbrain.lobes.features", self.spec.name)
        processing = import_offline("speechbrain.processing.features", self.spec.name)
        models = import_offline("speechbrain.lobes.models.ECAPA_TDNN", self.spec.name)
        file = self._weights.file("embedding_model.ckpt")

        def built() -> nn.Module:
            network: nn.Module = models.ECAPA_TDNN(
                input_size=80,
                channels=[1024, 1024, 1024, 1024, 3072],
                kernel_sizes=[5, 3, 3, 3, 1],
                dilations=[1, 2, 3, 4, 1],
                attention_channels=128,
                lin_neurons=192,
            )
            return network

        return nn.ModuleDict(
            {
                "features": features.Fbank(n_mels=80),
                "centring": processing.InputNormalization(norm_type="sentence", std_norm=False),
                "embedding": fill_network(built, read_state_dict(file), file, self.spec.name),
            }
        )

    def heard(self, audio: Audio) -> Tensor:
        """Return 16 kHz, shape (n,).

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        return torch.from_numpy(voice(sinc(audio)))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings, (parts, 192)."""
        import torch

        del kind
        network = self.network
        assert isinstance(network, torch.nn.ModuleDict)
        lengths = torch.ones(len(parts), device=parts.device)
        centred = network["centring"](network["features"](parts), lengths)
        return {"embedding": network["embedding"](centred, lengths).squeeze(1)}
