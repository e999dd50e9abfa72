"""A voice to a speaker embedding: WavLM-large with ECAPA-TDNN, the encoder of seed-tts-eval, F5-TTS and AlignDiT.

The weights are those of `wavlm_large_finetune.pth`, which the authors of UniSpeech offer. As in seed-tts-eval, of a
recording with several channels the first is taken, torchaudio resamples it, and the whole utterance is read at once.
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

WIDTH, LAYERS, HEADS, INNER = 1024, 24, 16, 4096
"""WavLM-large."""

_OF_TRAINING = "loss_calculator."
"""Prefix of parameters that the file may hold and no embedding needs."""


class WavLMECAPAExtractor(UtteranceExtractor):
    """The whole utterance goes through the network at once."""

    def __init__(self, weights: Weights, width: int = WIDTH, layers: int = LAYERS, heads: int = HEADS) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: the file wavlm_large_finetune.pth.
            width: of WavLM; less than large for tests.
            layers: of WavLM, likewise.
            heads: of WavLM's attention, likewise.
        """
        self._weights = weights
        self._size = (width, layers, heads)
        self.spec = ExtractorSpec(
            name="wavlm_ecapa",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-SA-3.0",
            description="WavLM-large with ECAPA-TDNN speaker embedding (seed-tts-eval), first channel, 256 numbers",
        )

    def build(self) -> nn.Module:
        """Return the network with its weights."""
        transformers = import_offline("transformers", self.spec.name)
        from vsseval.networks.skip_initial_weights import SkipInitialWeights
        from vsseval.networks.wavlm_ecapa import WavLMECAPA, renamed

        width, layers, heads = self._size
        config = transformers.WavLMConfig(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=INNER * width // WIDTH,
            feat_extract_norm="layer",
            do_stable_layer_norm=True,
            num_conv_pos_embeddings=128,
            num_conv_pos_embedding_groups=16,
            num_buckets=320,
            max_bucket_distance=800,
        )
        file = self._weights.file()

        def built() -> nn.Module:
            with SkipInitialWeights():
                return WavLMECAPA(transformers.WavLMModel(config), layers + 1, width)

        state = {
            renamed(key): value for key, value in read_state_dict(file).items() if not key.startswith(_OF_TRAINING)
        }
        return fill_network(built, state, file, self.spec.name)

    def heard(self, audio: Audio) -> Tensor:
        """Return 16 kHz of mean 0 and variance 1, shape (n,).

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        wave = torch.from_numpy(voice(sinc(audio, "first")))
        return torch.nn.functional.layer_norm(wave, wave.shape)

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings, (parts, 256)."""
        del kind
        return {"embedding": self.network(parts)}
