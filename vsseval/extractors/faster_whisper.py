"""Speech to the words that faster-whisper hears by beam search: the recogniser of F5-TTS, AlignDiT and DeepAudio-V1.

Whisper's networks in CTranslate2. English, a beam of five, and the package's defaults: windows of 30 s follow each
other by time stamps, earlier text is a prompt for later text, and a window that decodes badly is decoded again at
temperatures up to 1, by sampling. The papers run it in half precision on CUDA, as is done here; on a processor, which
has none, in single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, computed_on
from vsseval.extractors.speech import RATE, decoded, sound
from vsseval.networks.optional_packages import import_offline
from vsseval.weights.find import Weights

HALF = "float16"
"""What the package computes in on CUDA."""
SEED = 0
"""Of the sampling at fallback temperatures."""
BEAM = 5

_FILES = ("model.bin", "config.json", "tokenizer.json")
_FEWEST_TOKENS = 1000


class FasterWhisper:
    """Satisfies `Extractor` and `BatchExtractor`; one size of Whisper."""

    def __init__(self, weights: Weights, size: str) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: a repository of CTranslate2's Whisper: model.bin, config.json, tokenizer.json, the vocabulary, and
                preprocessor_config.json where the network reads 128 mel bands.
            size: "base", "large_v3", ….
        """
        self._weights = weights
        self.device = "cpu"
        self.spec = ExtractorSpec(
            name=f"faster_whisper_{size}",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description=f"words heard by faster-whisper {size.replace('_', '-')} (English, beam {BEAM}, fallback "
            f"temperatures with seed {SEED}, half precision on CUDA)",
        )

    def on(self, device: str) -> None:
        """Choose where the network runs, before its first use."""
        self.device = device
        self.spec = computed_on(self.spec, device, HALF if device.startswith("cuda") else "float32")

    @cached_property
    def network(self) -> Any:
        """The network, built at its first use.

        Raises:
            UsageError: files are missing or of another network.
        """
        package = import_offline("faster_whisper", self.spec.name)
        folder = self._weights.folder
        for name in _FILES:
            # Without its tokenizer the package would fetch another one from a hub.
            if not (folder / name).is_file():
                raise self._unreadable(f"{name} is missing")
        kind, _, index = self.device.partition(":")

        def load() -> Any:
            return package.WhisperModel(
                str(folder),
                device=kind,
                device_index=int(index or 0),
                compute_type=self.spec.precision,
                local_files_only=True,
            )

        try:
            import_offline("ctranslate2", self.spec.name).set_random_seed(SEED)
            network = load()
        except Exception as error:  # the libraries raise whatever they stumble over
            raise self._unreadable(str(error)) from error
        if network.hf_tokenizer.get_vocab_size() < _FEWEST_TOKENS:
            raise self._unreadable("tokenizer.json holds no vocabulary")
        if network.model.n_mels != network.feature_extractor.mel_filters.shape[0]:
            raise self._unreadable("preprocessor_config.json is missing or of another network")
        network.model = _Repeatable(network.model, lambda: load().model)
        return network

    def _unreadable(self, why: str) -> UsageError:
        return UsageError(
            f"{self._weights.folder} does not hold the weights of {self.spec.name}: {why}. Get them anew with: "
            f"vsseval weights pull --again {self._weights.name}"
        )

    def extract(self, source: Source) -> Arrays:
        """Return `text`, str (): the segments, each with a space before it, as the papers' scripts join them.

        Raises:
            Unmeasurable: the audio holds no samples.
            UsageError: files of weights are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        samples = decoded(sound(source, self.spec.name))
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        network = self.network
        network.model.begin()
        segments, _ = network.transcribe(samples, beam_size=BEAM, language="en")
        return {"text": np.asarray("".join(" " + segment.text for segment in segments))}

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the texts of several sounds, one after the other, or why one has none."""
        found: list[Arrays | Unmeasurable] = []
        for source in sources:
            try:
                found.append(self.extract(source))
            except Unmeasurable as reason:
                found.append(reason)
        return found


class _Repeatable:
    """CTranslate2's Whisper, whose sampling begins anew with each sound.

    CTranslate2 seeds its generators once, when a model is made. So that a text does not depend on what was heard
    before, the model is made anew where a sound needs sampling and an earlier one has drawn from the generator.
    """

    def __init__(self, model: Any, load: Callable[[], Any]) -> None:
        self._model = model
        self._load = load
        self._drawn = False
        self._fresh = True

    def begin(self) -> None:
        """Say that the next sound begins."""
        self._fresh = not self._drawn

    def generate(self, features: Any, prompts: Any, **options: Any) -> Any:
        """Return what the model makes of one window; the options are faster-whisper's."""
        if options.get("sampling_temperature", 0.0) > 0:
            if not self._fresh:
                self._model = None  # two at once may be more than the memory holds
                self._model = self._load()
            self._fresh = self._drawn = True
        return self._model.generate(features, prompts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
