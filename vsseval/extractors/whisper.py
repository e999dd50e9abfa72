"""Speech to the words that Whisper hears, decoded greedily by transformers: the recogniser of seed-tts-eval.

Radford et al., "Robust speech recognition via large-scale weak supervision", 2022. English and transcription are
forced, the most likely token is taken at each step, and there are no fallback temperatures: the same sound gives the
same text. Whisper reads one window of 30 s; what lies beyond is not heard, and the seconds are told. This is not the
decoder of openai-whisper (`openai_whisper`) nor that of faster-whisper (`faster_whisper`): their texts differ.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.speech import RATE, fourier
from vsseval.extractors.transformers_files import load_part, tokenizer
from vsseval.networks.optional_packages import import_offline
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

WINDOW = 30 * RATE
"""Samples that Whisper reads."""


class Whisper(NetworkExtractor):
    """One size of Whisper."""

    batch_size = 1
    batch_size_on_device = 16

    def __init__(self, weights: Weights, size: str) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: a repository of transformers' Whisper: model.safetensors, config.json, generation_config.json,
                preprocessor_config.json and the files of the tokenizer.
            size: "base", "large_v3", …; sizes that end in "_en" know English only.
        """
        self._weights = weights
        self._english_only = size.endswith("_en")
        self.spec = ExtractorSpec(
            name=f"whisper_{size}",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="Apache-2.0",
            description=f"words heard by Whisper {size.replace('_', '-')} (transformers, greedy, English forced, no "
            "fallback temperatures), first 30 s, Fourier resampling",
        )

    @cached_property
    def _transformers(self) -> Any:
        return import_offline("transformers", self.spec.name)

    @cached_property
    def _features(self) -> Any:
        kind = self._transformers.WhisperFeatureExtractor
        return load_part(kind, self._weights, "preprocessor_config.json", self.spec.name)

    @cached_property
    def _tokenizer(self) -> Any:
        return tokenizer(self._transformers.WhisperTokenizer, self._weights, self.spec.name)

    def build(self) -> nn.Module:
        """Return Whisper with its weights and its rules of generation."""
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        config = load_part(self._transformers.WhisperConfig, self._weights, "config.json", self.spec.name)
        file = self._weights.file("model.safetensors")
        state = read_state_dict(file)
        # The output layer is the embedding of the tokens, and is stored once.
        if "model.decoder.embed_tokens.weight" in state:
            state.setdefault("proj_out.weight", state["model.decoder.embed_tokens.weight"])

        def built() -> nn.Module:
            with SkipInitialWeights():
                network: nn.Module = self._transformers.WhisperForConditionalGeneration(config)
            return network

        network: Any = fill_network(built, state, file, self.spec.name)
        rules = load_part(self._transformers.GenerationConfig, self._weights, "generation_config.json", self.spec.name)
        network.generation_config = rules
        assert self._tokenizer is not None  # read now: without it, minutes of recognition would be lost
        return network  # type: ignore[no-any-return]

    def prepare(self, source: Source) -> Parts:
        """Return the log-mel spectrogram of the first 30 s, shape (1, 80 or 128, 3000); the kind: seconds beyond it.

        Raises:
            Unmeasurable: the audio holds no samples.
        """
        samples = fourier(sound(source, self.spec.name))
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        made = self._features(samples[:WINDOW], sampling_rate=RATE, return_tensors="pt").input_features
        return Parts(made, kind=str(max(0, samples.size - WINDOW) / RATE))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return tokens, filled up to one length for all, and the seconds that were not heard."""
        import torch

        network: Any = self.network
        rules: dict[str, Any] = {} if self._english_only else {"language": "en", "task": "transcribe"}
        found = network.generate(parts, do_sample=False, num_beams=1, return_timestamps=False, **rules)
        room = network.config.max_target_positions - found.shape[1]
        tokens = torch.nn.functional.pad(found, (0, max(0, room)), value=network.config.eos_token_id)
        return {"tokens": tokens, "unheard_seconds": torch.full((len(parts),), float(kind))}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return `text`, str (), as Whisper wrote it, and `unheard_seconds` () beyond the first 30."""
        text = self._tokenizer.decode(outputs["tokens"][0].tolist(), skip_special_tokens=True)
        return {"text": np.asarray(text), "unheard_seconds": np.asarray(outputs["unheard_seconds"][0])}
