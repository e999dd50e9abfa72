"""Sound to what Melception makes of it: the features behind FID, KID, IS and MKL of SpecVQGAN, Diff-Foley and Im2Wav.

Iashin and Rahtu, "Taming visually guided sound generation", BMVC 2021. 22.05 kHz mono, cut or filled up to ten seconds,
80 mel magnitudes in decibels scaled to 0 to 1, the middle 848 of 860 windows, each band normalised by the statistics of
VGGSound's training set that come with the weights. The makers score spectrograms that their own model writes; sound of
any system is brought to that form here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import UsageError
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import as_librosa, fitted
from vsseval.networks.spectrum import mel_filters, power
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.melception import Melception

RATE = 22_050
SECONDS = 10
BANDS, FRAMES, SEEN = 80, 860, 848
"""Bands; windows of ten seconds; those in the middle that the network sees."""
CHECKPOINT = "melception-21-05-10T09-28-40.pt"
STATISTICS = "train_means_stds_melspec_10s_22050hz.txt"
"""Mean and deviation of each band, a line each."""

_WINDOW, _HOP = 1024, 256
_FLOOR = 1e-5
"""Of mel magnitudes: -100 dB."""


class MelceptionExtractor(NetworkExtractor):
    """`embedding` (2048,), `logits` and `logits_unbiased` (309,), float32; satisfies `Extractor`."""

    network: Melception
    batch_size_on_device = 32

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.spec = ExtractorSpec(
            name="melception",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description="Melception on mel spectrograms of 10 s at 22.05 kHz, as in SpecVQGAN",
        )

    def build(self) -> Melception:
        """Return the network.

        Raises:
            UsageError: the file is of another network.
        """
        from vsseval.networks import melception
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file(CHECKPOINT)
        found = {key: value for key, value in read_state_dict(file).items() if not key.startswith(melception.AUXILIARY)}
        with SkipInitialWeights():
            return fill_network(melception.Melception, found, file, "Melception")

    def prepare(self, source: Source) -> Parts:
        """Return the normalised spectrogram, (1, 80, 848); silence is a spectrogram like any other."""
        import torch

        source = sound(source, "melception")
        means, deviations = statistics(self._weights)
        start = (FRAMES - SEEN) // 2
        seen = spectrogram(as_librosa(source, RATE))[:, start : start + SEEN]
        return Parts(torch.from_numpy(((seen - means) / deviations).astype(np.float32))[None])

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings (parts, 2048) and both logits (parts, 309)."""
        del kind
        embedding, unbiased, logits = self.network(parts)
        return {"embedding": embedding, "logits_unbiased": unbiased, "logits": logits}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the only row of each."""
        return {name: rows[0] for name, rows in outputs.items()}


def spectrogram(samples: np.ndarray) -> np.ndarray:
    """Return ten seconds as scaled decibels of mel magnitudes: float64, shape (80, 860), from 0 (-80 dB) to 1 (+20 dB).

    Windows of 1024 samples every 256, the sound reflected at both ends; 80 bands of unit area from 125 to 7600 Hz
    (SpecVQGAN feature_extraction/extract_mel_spectrogram.py).

    Args:
        samples: 22.05 kHz mono, shape (n,), in [-1, 1]; cut or filled up with silence to ten seconds.
    """
    padded = np.pad(fitted(samples, SECONDS * RATE), _WINDOW // 2, mode="reflect")
    magnitudes = np.sqrt(power(padded, _WINDOW, _HOP))
    bands = magnitudes @ mel_filters(RATE, _WINDOW, BANDS, 125.0, 7600.0, "slaney")
    decibels = 20 * np.log10(np.maximum(bands, _FLOOR))
    return np.asarray(np.clip((decibels + 80) / 100, 0.0, 1.0)[:FRAMES].T)


def statistics(weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each band over the training set: float64, shape (80, 1) each.

    Raises:
        UsageError: the file does not hold 80 lines of two numbers.
    """
    file = weights.file(STATISTICS)
    try:
        table = np.loadtxt(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as numbers: {error}") from error
    if table.shape != (BANDS, 2) or not np.isfinite(table).all() or (table[:, 1] <= 0).any():
        raise UsageError(f"{file} does not hold mean and deviation of {BANDS} bands: its shape is {table.shape}")
    return table[:, :1], table[:, 1:]
