"""OpenL3: a second of sound at 48 kHz to 512 numbers, by a network that learnt which sound goes with which picture.

Cramer et al., "Look, listen and learn more", ICASSP 2019, on 256 mel bands, as torchopenl3 1.0.1 ports it from Keras.
Names are those of its files, which hold the Fourier and mel tables too: these are taken as they are.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 48_000
WIDTH = 512
_WINDOW, _HOP, _BANDS = 2048, 242, 256
_CHANNELS = (1, 64, 64, 128, 128, 256, 256, 512, 512)
_HALVED = (2, 4, 6)
"""Convolutions after which bands and frames are halved."""
_LEFT = (32, 24)
"""Bands and frames that are left of 256 and 199, of which the greatest is taken."""
_FLOOR, _RANGE = 1e-10, 80.0
"""Of mel magnitudes, and of ten times their logarithm below the greatest: half of their decibels."""
_EPSILON = 1e-3
"""Keras's."""


class OpenL3(nn.Module):
    """Eight convolutions on a spectrogram."""

    def __init__(self) -> None:
        super().__init__()
        self.speclayer = Spectrogram()
        self.batch_normalization_1 = nn.BatchNorm2d(1, eps=_EPSILON)
        for place in range(1, len(_CHANNELS) - 1):
            convolution = nn.Conv2d(_CHANNELS[place - 1], _CHANNELS[place], 3, padding=1)
            self.add_module(f"conv2d_{place}", convolution)
            self.add_module(f"batch_normalization_{place + 1}", nn.BatchNorm2d(_CHANNELS[place], eps=_EPSILON))
        self.audio_embedding_layer = nn.Conv2d(_CHANNELS[-2], _CHANNELS[-1], 3, padding=1)

    def forward(self, seconds: Tensor) -> Tensor:
        """Map sound (b, 48000) to embeddings (b, 512)."""
        x = self.batch_normalization_1(self.speclayer(seconds)[:, None])
        for place in range(1, len(_CHANNELS) - 1):
            x = self.get_submodule(f"conv2d_{place}")(x)
            x = F.relu(self.get_submodule(f"batch_normalization_{place + 1}")(x))
            if place in _HALVED:
                x = F.max_pool2d(x, 2)
        return F.max_pool2d(self.audio_embedding_layer(x), _LEFT).flatten(1)


class Spectrogram(nn.Module):
    """Logarithmic mel magnitudes below the greatest of each second, by tables of the file."""

    def __init__(self) -> None:
        super().__init__()
        bins = _WINDOW // 2 + 1
        self.register_buffer("dft_real_kernels", torch.zeros(bins, 1, _WINDOW))
        self.register_buffer("dft_imag_kernels", torch.zeros(bins, 1, _WINDOW))
        self.register_buffer("mel_basis", torch.zeros(_BANDS, bins))
        self.dft_real_kernels: Tensor
        self.dft_imag_kernels: Tensor
        self.mel_basis: Tensor

    def forward(self, seconds: Tensor) -> Tensor:
        """Map sound (b, 48000) to (b, 256, 199), -80 to 0."""
        beside = _WINDOW - RATE % _HOP
        padded = F.pad(seconds, (beside // 2, beside - beside // 2))
        frames = padded.unfold(1, _WINDOW, _HOP).transpose(1, 2)
        power = (self.dft_real_kernels[:, 0] @ frames).square() + (self.dft_imag_kernels[:, 0] @ frames).square()
        magnitude = (self.mel_basis @ power).sqrt()
        level = 10 * magnitude.clamp(min=_FLOOR).log10()
        return (level - level.amax(dim=(1, 2), keepdim=True)).clamp(min=-_RANGE)


def seconds(samples: np.ndarray, hop: float) -> np.ndarray:
    """Return the seconds of 48 kHz sound (n,) whose middles lie `hop` apart from its beginning on, (k >= 1, 48000).

    Half a second of silence stands before, and as much as the last one lacks behind.

    Args:
        samples: float, mono.
        hop: seconds.
    """
    step = int(hop * RATE)
    begun = np.pad(np.asarray(samples, np.float32), (RATE // 2, 0))
    more = -(-max(0, begun.size - RATE) // step)
    filled = np.pad(begun, (0, max(0, RATE + more * step - begun.size)))
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(filled, RATE)[::step][: more + 1])
