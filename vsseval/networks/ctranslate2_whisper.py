"""Whisper in CTranslate2, opened by faster-whisper from files alone, its sampling begun anew with each sound.

Without a tokenizer or the mel bands beside the network, the package would fetch some from a hub or take others: here
that is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from vsseval.errors import UsageError
from vsseval.networks.optional_packages import import_offline

SEED = 0
"""Of the sampling at fallback temperatures."""

_FILES = ("model.bin", "config.json", "tokenizer.json")
_FEWEST_TOKENS = 1000


class Whisper(NamedTuple):
    """Which files, and how they are computed."""

    folder: Path
    weights: str
    """Name of the set, for messages."""
    reader: str
    """Name of the extractor, for messages."""
    device: str = "cpu"
    precision: str = "float32"
    """"float32", "float16", or "int8" of the weights and of what is multiplied with them."""
    threads: int = 0
    """On a processor; 0 leaves it to the package."""

    def open(self) -> Any:
        """Return faster-whisper's model; its `model` is a `RepeatableWhisper`.

        Raises:
            UsageError: files are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        package = import_offline("faster_whisper", self.reader)
        for name in _FILES:
            if not (self.folder / name).is_file():
                raise self._unreadable(f"{name} is missing")
        kind, _, index = self.device.partition(":")

        def load() -> Any:
            return package.WhisperModel(
                str(self.folder),
                device=kind,
                device_index=int(index or 0),
                compute_type=self.precision,
                cpu_threads=self.threads,
                num_workers=1,
                local_files_only=True,
            )

        try:
            import_offline("ctranslate2", self.reader).set_random_seed(SEED)
            network = load()
        except Exception as error:  # the libraries raise whatever they stumble over
            raise self._unreadable(str(error)) from error
        if network.hf_tokenizer.get_vocab_size() < _FEWEST_TOKENS:
            raise self._unreadable("tokenizer.json holds no vocabulary")
        if network.model.n_mels != network.feature_extractor.mel_filters.shape[0]:
            raise self._unreadable("preprocessor_config.json is missing or of another network")
        network.model = RepeatableWhisper(network.model, lambda: load().model)
        return network

    def _unreadable(self, why: str) -> UsageError:
        return UsageError(
            f"{self.folder} does not hold the weights of {self.reader}: {why}. Get them anew with: "
            f"vsseval weights pull --again {self.weights}"
        )


class RepeatableWhisper:
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
