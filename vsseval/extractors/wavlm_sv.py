"""A voice to a speaker embedding: WavLM base or base+ with an x-vector head, in transformers.

Chen et al., "WavLM", JSTSP 2022, fine-tuned on VoxCeleb1 with additive margin softmax; the repositories
microsoft/wavlm-base-sv (DeepAudio-V1) and microsoft/wavlm-base-plus-sv.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from vsseval.extractors.base import ExtractorSpec
from vsseval.extractors.speech import RATE, sinc, voice
from vsseval.extractors.transformers_files import load_part
from vsseval.extractors.utterance import UtteranceExtractor
from vsseval.networks.optional_packages import import_offline
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsseval.extractors.base import Audio

SHORTEST = 0.33
"""Seconds; the x-vector layers see 15 frames of 20 ms at once, and 16 are needed for a deviation."""

_UNUSED = ("objective.weight", "wavlm.masked_spec_embed")
"""Of training; some files leave them out."""


class WavLMSV(UtteranceExtractor):
    """One size of WavLM."""

    def __init__(self, weights: Weights, size: str) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: a repository of transformers' WavLMForXVector: pytorch_model.bin, config.json and
                preprocessor_config.json, which says whether the sound is brought to mean 0 and variance 1.
            size: "base" or "base_plus".
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name=f"wavlm_{size}_sv",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-SA-3.0",
            description=f"WavLM x-vector speaker embedding, microsoft/wavlm-{size.replace('_', '-')}-sv, 512 numbers",
        )

    @cached_property
    def _transformers(self) -> Any:
        return import_offline("transformers", self.spec.name)

    @cached_property
    def _features(self) -> Any:
        kind = self._transformers.Wav2Vec2FeatureExtractor
        return load_part(kind, self._weights, "preprocessor_config.json", self.spec.name)

    def build(self) -> nn.Module:
        """Return the network with its weights."""
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        config = load_part(self._transformers.WavLMConfig, self._weights, "config.json", self.spec.name)
        file = self._weights.file("pytorch_model.bin")

        def built() -> nn.Module:
            with SkipInitialWeights():
                network: nn.Module = self._transformers.WavLMForXVector(config)
            return network

        state = {renamed(key): value for key, value in read_state_dict(file).items()}
        expected = built().state_dict()
        state.update({key: expected[key].zero_() for key in _UNUSED if key in expected and key not in state})
        return fill_network(built, state, file, self.spec.name)

    def heard(self, audio: Audio) -> Tensor:
        """Return 16 kHz, shape (n,), as the repository's own front end wants it.

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.33 s or longer than 120 s.
        """
        samples = voice(sinc(audio), SHORTEST)
        found: Tensor = self._features(samples, sampling_rate=RATE, return_tensors="pt").input_values[0]
        return found

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings, (parts, 512)."""
        del kind
        return {"embedding": self.network(parts).embeddings}


def renamed(key: str) -> str:
    """Return today's name of a parameter: the weight normalisation of older files is called by its parts."""
    return key.replace("conv.weight_g", "conv.parametrizations.weight.original0").replace(
        "conv.weight_v", "conv.parametrizations.weight.original1"
    )
