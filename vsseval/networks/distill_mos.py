"""Distill-MOS: speech at 16 kHz to the mean opinion score that listeners would give it.

Stahl and Gamper, "Distillation and pruning for scalable self-supervised representation-based speech quality
assessment", ICASSP 2025: a small network taught by a large one on XLS-R. Convolutions over a compressed complex
spectrogram, seven layers of a transformer, attention pooling. Parameter names are our own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 16_000
SAMPLES = 122_880
"""Of one segment, 7.68 s."""

_WINDOW, _HOP = 320, 160
_COMPRESSION, _FLOOR = 0.3, 1e-12
_CHANNELS = (2, 64, 64, 128, 256, 256, 256)
_STRIDES = ((1, 1), *4 * ((2, 1),), (2, 2))
"""Of frequencies and frames."""
_BANDS = 4
"""What is left of 161 frequencies after the convolutions."""
_WIDTH, _HEADS, _LAYERS = 200, 8, 7
_FRAMES = SAMPLES // _HOP // 2
"""Of one segment, each of 20 ms."""
_BLANK = 16
"""Frames of zeros, after the convolutions, that are computed: these see 6 frames of 10 ms to either side."""
_LEAST_PEAK = 1e-8


class DistillMos(nn.Module):
    """Segments of fixed length to scores."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(have, want, 3, stride=stride, padding=(0, 1))
            for have, want, stride in zip(_CHANNELS[:-1], _CHANNELS[1:], _STRIDES, strict=True)
        )
        features = _CHANNELS[-1] * _BANDS
        self.outer_norm, self.inner_norm = nn.BatchNorm1d(features), nn.BatchNorm1d(features)
        self.projection = nn.Linear(features, _WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(_LAYERS))
        self.last_norm = nn.BatchNorm1d(_WIDTH)
        self.pool = Pool()
        self.register_buffer("positions", positions(), persistent=False)
        self.positions: Tensor

    def forward(self, segments: Tensor) -> Tensor:
        """Map sound (b, 122880) to scores (b,), 1 to 5; its level does not matter."""
        heard = compressed(segments / (segments.abs().amax(dim=1, keepdim=True) + _LEAST_PEAK))
        kept = heard[..., : _until(heard)]
        for convolution in self.convolutions:
            kept = F.leaky_relu(convolution(kept), 0.1)
        heard = _filled(kept.flatten(1, 2))
        frames = self.inner_norm(self.outer_norm(heard)).transpose(1, 2)
        frames = self.projection(frames) + self.positions
        for layer in self.layers:
            frames = layer(frames)
        frames = self.last_norm(frames.transpose(1, 2)).transpose(1, 2)
        return 1 + 4 * torch.sigmoid(self.pool(frames))


class Layer(nn.Module):
    """Attention and two linear layers, each added to what came in, and normalised after it."""

    def __init__(self) -> None:
        super().__init__()
        self.to_attention, self.from_attention = nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)
        self.wider, self.narrower = nn.Linear(_WIDTH, 2 * _WIDTH), nn.Linear(2 * _WIDTH, _WIDTH)
        self.first_norm, self.second_norm = nn.LayerNorm(_WIDTH), nn.LayerNorm(_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, frames, 200) to the same shape."""
        q, k, v = self.to_attention(x).unflatten(2, (3, _HEADS, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = self.first_norm(x + self.from_attention(seen))
        out: Tensor = self.second_norm(x + self.narrower(F.relu(self.wider(x))))
        return out


class Pool(nn.Module):
    """The mean over frames, each weighted by what a small network says of it, and one number of that."""

    def __init__(self) -> None:
        super().__init__()
        self.wider, self.weight = nn.Linear(_WIDTH, 2 * _WIDTH), nn.Linear(2 * _WIDTH, 1)
        self.score = nn.Linear(_WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, frames, 200) to (b,)."""
        weights = self.weight(F.relu(self.wider(x))).softmax(dim=1)
        out: Tensor = self.score((weights * x).sum(dim=1))
        return out[:, 0]


def compressed(segments: Tensor) -> Tensor:
    """Return the spectrogram of sound (b, n), its magnitudes to the power of 0.3: (b, 2, 161, n // 160).

    The two planes are the real and the imaginary part.
    """
    beside = (_WINDOW - _HOP) // 2
    padded = F.pad(segments, (beside, beside), mode="reflect")
    window = torch.hann_window(_WINDOW, device=segments.device)
    spectrum = torch.stft(padded, _WINDOW, _HOP, window=window, center=False, return_complex=True)
    parts = torch.view_as_real(spectrum).permute(0, 3, 1, 2)
    magnitude = parts.square().sum(dim=1, keepdim=True).sqrt().clamp(min=_FLOOR)
    return magnitude**_COMPRESSION * parts / magnitude


def _until(heard: Tensor) -> int:
    """Return up to where of a spectrogram (b, 2, 161, frames) the convolutions have to go, an even number.

    Most clips are shorter than a segment: behind them are zeros, of which all frames but those at the ends become the
    same. A few are enough to know them.
    """
    sounding = heard.abs().amax(dim=(0, 1, 2)).nonzero()
    last = int(sounding[-1]) + 1 if len(sounding) else 0
    return min(last + last % 2 + 2 * _BLANK, heard.shape[-1])


def _filled(frames: Tensor) -> Tensor:
    """Return frames (b, 1024, n <= 384) with the one in the middle of the zeros repeated, (b, 1024, 384)."""
    middle = frames.shape[-1] - _BLANK // 2
    more = frames[..., middle : middle + 1].expand(-1, -1, _FRAMES - frames.shape[-1])
    return torch.cat([frames[..., :middle], more, frames[..., middle:]], dim=2)


def positions() -> Tensor:
    """Return the sines and cosines that are added to the frames, (1, 384, 200)."""
    frequencies = torch.exp(torch.arange(0, _WIDTH, 2) * (-math.log(2 * _FRAMES) / _WIDTH))
    angles = torch.arange(_FRAMES)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[None]
