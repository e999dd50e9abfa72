"""Speech to a speaker embedding: the GE2E encoder whose weights Resemblyzer publishes.

Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018. Three LSTM layers read partials of
1.6 s of 40 mel powers (no logarithm); the last state goes through a linear layer and a ReLU, and is scaled to unit
length; the partials are averaged and scaled again. As in Resemblyzer 0.1.4, quiet speech is raised to -30 dBFS and
partials follow each other by 0.77 s; unlike there, silences are NOT cut out by a voice activity detector, so values
agree with the original (cosine above 0.99999) only without its `trim_long_silences`.

On real recordings: 0.87 on average between 18 files of one reader (at least 0.66), 0.55 between that reader and eight
others (at most 0.67).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.networks.spectrum import mel_filters, power, silent
from vsseval.weights import shipped as weights

if TYPE_CHECKING:
    import torch

RATE = 16_000
WEIGHTS = "48ac4dbbcf660baf1bef2ab51f3d8ca5b9bcb3699b2b5fa10e4bef9b8996c5d3"
SHORTEST = 0.4
"""Seconds; less is no quarter of a partial."""

_WINDOW, _HOP, _BANDS = 400, 160, 40
_PARTIAL, _STEP = 160, 77
"""Windows in a partial, and from one to the next (1.3 partials a second)."""
_COVERAGE = 0.75
"""Share of a last partial that must hold sound; else it is dropped, unless it is the only one."""
_LOUDNESS = -30.0
"""dBFS of the root mean square to which quieter speech is raised."""


class GE2E:
    """Satisfies `Extractor`. Holds the network, loaded at the first utterance."""

    spec = ExtractorSpec(
        name="ge2e",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        weights=WEIGHTS,
        licence="Apache-2.0",
        description="GE2E speaker embedding, weights of Resemblyzer 0.1.4, no voice activity detection",
    )

    @functools.cached_property
    def _network(self) -> _Encoder:
        return _Encoder(weights.load("ge2e.safetensors", WEIGHTS))

    def extract(self, source: Source) -> Arrays:
        """Return `embedding`, float32, shape (256,): of unit length, no component negative.

        Raises:
            Unmeasurable: the audio is silent (peak below -60 dBFS) or shorter than 0.4 s.
        """
        source = sound(source, "ge2e")
        samples = source.mono(RATE)
        if samples.size < SHORTEST * RATE:
            raise Unmeasurable(f"the audio is shorter than {SHORTEST} s ({samples.size / RATE:.2f} s)")
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        mean = self._network.embed(partials(raised(samples))).mean(axis=0)
        return {"embedding": (mean / np.linalg.norm(mean)).astype(np.float32)}


def raised(samples: np.ndarray) -> np.ndarray:
    """Return speech raised to -30 dBFS, or as it is if it is louder."""
    level = 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = max(1.0, float(10 ** ((_LOUDNESS - level) / 20)))
    return samples.astype(np.float64) * gain


def partials(samples: np.ndarray) -> np.ndarray:
    """Return the partials of 16 kHz mono as mel powers, float32, shape (p >= 1, 160, 40)."""
    windows = -(-(samples.size + 1) // _HOP)
    starts = list(range(0, max(1, windows - _PARTIAL + _STEP + 1), _STEP))
    if len(starts) > 1 and (samples.size - starts[-1] * _HOP) / (_PARTIAL * _HOP) < _COVERAGE:
        starts.pop()
    end = max(samples.size, (starts[-1] + _PARTIAL) * _HOP)
    padded = np.pad(samples, (_WINDOW // 2, end - samples.size + _WINDOW // 2))
    mel = power(padded, _WINDOW, _HOP) @ mel_filters(RATE, _WINDOW, _BANDS, 0.0, RATE / 2, "slaney")
    return np.stack([mel[start : start + _PARTIAL] for start in starts]).astype(np.float32)


class _Encoder:
    """The network, as its tensors and what is done with them."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        from torch import nn

        self._lstm = nn.LSTM(_BANDS, 256, 3, batch_first=True)
        self._linear = nn.Linear(256, 256)
        for module, prefix in ((self._lstm, "lstm."), (self._linear, "linear.")):
            module.load_state_dict(
                {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            )
            module.eval()

    def embed(self, mels: np.ndarray) -> np.ndarray:
        """Return unit embeddings, float32 (p, 256), of partials (p, 160, 40)."""
        import torch

        with torch.inference_mode():
            _, (hidden, _) = self._lstm(torch.from_numpy(mels))
            raw = torch.relu(self._linear(hidden[-1]))
            return np.asarray(torch.nn.functional.normalize(raw, dim=1).numpy())
