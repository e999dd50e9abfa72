"""Speech to the words that faster-whisper hears by beam search: Whisper's networks in CTranslate2.

English, a beam of five, and the package's defaults: windows of 30 s follow each other by time stamps, earlier text is
a prompt for later text. A window is decoded again at temperatures of 0.2 to 1, by sampling with a fixed seed, where its
text compresses by more than 2.4 times (it repeats itself) or its mean log probability is below -1; of attempts that all
fail, the likeliest that does not repeat itself is taken. A window holds no speech where the network says so with more
than 0.6 and its log probability is below -1 too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, computed_on, sound
from vsseval.extractors.speech import RATE, SHORTEST, decoded
from vsseval.networks.ctranslate2_whisper import SEED, Whisper
from vsseval.networks.spectrum import silent
from vsseval.weights.find import Weights

HALF = "float16"
"""What the package computes in on CUDA."""
INT8 = "int8"
BEAM = 5

_RULES = f"English, beam {BEAM}, fallback temperatures with seed {SEED}"


class _Recogniser(ABC):
    """A network, built at its first use, and what it hears."""

    spec: ExtractorSpec

    @abstractmethod
    def files(self) -> Whisper:
        """Return which network, and how it is computed."""

    @cached_property
    def network(self) -> Any:
        """The network.

        Raises:
            UsageError: files are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        return self.files().open()

    def heard(self, samples: np.ndarray) -> str:
        """Return the text of 16 kHz samples (n,), n > 0: the segments, each after a space, as the papers join them."""
        network = self.network
        network.model.begin()
        segments, _ = network.transcribe(samples, beam_size=BEAM, language="en")
        return "".join(" " + segment.text for segment in segments)


class FasterWhisper(_Recogniser):
    """The recogniser of F5-TTS, AlignDiT and DeepAudio-V1; satisfies `Extractor` and `BatchExtractor`.

    The papers run it in half precision on CUDA, as is done here; on a processor, which has none, in single precision.
    """

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
            description=f"words heard by faster-whisper {size.replace('_', '-')} ({_RULES}, half precision on CUDA)",
        )

    def on(self, device: str) -> None:
        """Choose where the network runs, before its first use."""
        self.device = device
        self.spec = computed_on(self.spec, device, HALF if device.startswith("cuda") else "float32")

    def files(self) -> Whisper:
        """Return which network, and how it is computed."""
        return Whisper(self._weights.folder, self._weights.name, self.spec.name, self.device, self.spec.precision)

    def extract(self, source: Source) -> Arrays:
        """Return `text`, str ().

        Raises:
            Unmeasurable: the audio holds no samples.
            UsageError: files of weights are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        samples = decoded(sound(source, self.spec.name))
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        return {"text": np.asarray(self.heard(samples))}

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the texts of several sounds, one after the other, or why one has none."""
        found: list[Arrays | Unmeasurable] = []
        for source in sources:
            try:
                found.append(self.extract(source))
            except Unmeasurable as reason:
                found.append(reason)
        return found


class ProcessorWhisper(_Recogniser):
    """A small network in whole numbers of 8 bits, on one thread of a processor wherever others run; an `Extractor`.

    The number of cores changes nothing, and no device is needed. The kind of processor may: it decides which kernels
    multiply (a sum of 8-bit products may saturate where there are no instructions for it), and what lies between
    (softmax, norms, the spectrum) is in single precision. A doubtful word need not be the same on every one.
    """

    def __init__(self, weights: Weights, size: str) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: as for `FasterWhisper`.
            size: "tiny_en", ….
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name=f"faster_whisper_{size}",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description=f"words heard by faster-whisper {size.replace('_', '-')} ({_RULES}, int8 on one thread)",
            precision=INT8,
        )

    def files(self) -> Whisper:
        """Return which network, and how it is computed."""
        return Whisper(self._weights.folder, self._weights.name, self.spec.name, precision=INT8, threads=1)

    def extract(self, source: Source) -> Arrays:
        """Return `text`, str (): empty where there is no speech, which is a result and counts as deletions.

        Nothing is asked of the network where a sound is shorter than 0.1 s or silent (peak below -60 dBFS).

        Raises:
            UsageError: files of weights are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        samples = decoded(sound(source, self.spec.name))
        unheard = samples.size < SHORTEST * RATE or silent(samples)
        return {"text": np.asarray("" if unheard else self.heard(samples))}
