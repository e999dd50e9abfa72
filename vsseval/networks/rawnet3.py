"""A voice to one speaker embedding: RawNet3, from the waveform.

Jung et al. 2022, "Pushing the limits of raw waveform speaker recognition" (arXiv 2203.08488), with parameter names
of its makers.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network, read_state_dict

SAMPLE_RATE = 16_000
"""Hertz that the network hears."""
WIDTH = 256
"""Numbers in a speaker embedding."""

_PRE_EMPHASIS = 0.97
_KERNEL, _STRIDE = 251, 10
"""Samples: length and hop of the sinc filters."""
_LOWEST_HZ, _NARROWEST_HZ = 50.0, 50.0
_LOG_FLOOR = 1e-6
_LEAST_VARIANCE, _GREATEST_VARIANCE = 1e-4, 1e4
_CHANNELS, _SCALE = 1024, 8
_POOLED = 1536


def load_rawnet3(path: Path) -> RawNet3:
    """Read the network from a file of weights, its makers' `model.pt` or a plain state dict.

    Raises:
        UsageError: the file cannot be read, or it is not this network; the message names the keys.
    """
    with SkipInitialWeights():
        network = fill_network(RawNet3, read_state_dict(path), path, "RawNet3")
    return network.requires_grad_(False)


class PreEmphasis(nn.Module):
    """First difference y[i] = x[i] - 0.97 x[i-1], the sample before the first being the second."""

    flipped_filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("flipped_filter", torch.tensor([[[-_PRE_EMPHASIS, 1.0]]]))

    def forward(self, audio: Tensor) -> Tensor:
        """Map (batch, 1, samples) to the same shape."""
        return F.conv1d(F.pad(audio, (1, 0), "reflect"), self.flipped_filter)


class SincFilters(nn.Module):
    """Band-pass filters with learned edges: 128 even ones (cosine) and 128 odd ones (sine).

    Ravanelli and Bengio 2018, "Speaker recognition from raw waveform with SincNet"; the analytic pair as in
    Pariente et al. 2020, "Filterbank design for end-to-end speech separation".
    """

    window_: Tensor
    n_: Tensor

    def __init__(self, filters: int = WIDTH) -> None:
        super().__init__()
        half = _KERNEL // 2
        highest = SAMPLE_RATE / 2 - (_LOWEST_HZ + _NARROWEST_HZ)
        edges = _mel_to_hertz(np.linspace(_hertz_to_mel(30.0), _hertz_to_mel(highest), filters // 2 + 1))
        self.low_hz_ = nn.Parameter(torch.tensor(edges[:-1]).unsqueeze(1))
        self.band_hz_ = nn.Parameter(torch.tensor(np.diff(edges)).unsqueeze(1))
        self.register_buffer("window_", torch.tensor(np.hamming(_KERNEL)[:half], dtype=torch.float32))
        # the log of a nearly silent band shows the last bit of these: they are rounded as the authors' are
        self.register_buffer("n_", 2 * math.pi * (torch.arange(-half, 0).unsqueeze(0) / SAMPLE_RATE))

    def forward(self) -> Tensor:
        """Build the filters, shape (256, 1, 251)."""
        low = _LOWEST_HZ + self.low_hz_.abs()
        high = (low + _NARROWEST_HZ + self.band_hz_.abs()).clamp(_LOWEST_HZ, SAMPLE_RATE / 2)
        below, above = low @ self.n_, high @ self.n_
        even = (above.sin() - below.sin()) / (self.n_ / 2) * self.window_
        odd = (below.cos() - above.cos()) / (self.n_ / 2) * self.window_
        band = high - low
        cosine = torch.cat([even, 2 * band, even.flip(1)], 1)
        sine = torch.cat([odd, torch.zeros_like(band), -odd.flip(1)], 1)
        return (torch.cat([cosine, sine]) / (2 * band).repeat(2, 1)).unsqueeze(1)


def _hertz_to_mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700 * (10 ** (mel.astype(np.float32) / 2595) - 1))


class SincConvolution(nn.Module):
    """The filter bank, every ten samples."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters()

    def forward(self, audio: Tensor) -> Tensor:
        """Map (batch, 1, samples) to (batch, 256, (samples - 251) // 10 + 1)."""
        return F.conv1d(audio, self.filterbank(), stride=_STRIDE)


class FeatureMapScaling(nn.Module):
    """Channels shifted, then weighed by a gate on their means ("AFMS", Jung et al. 2020)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels, 1))
        self.fc = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, frames) to the same shape."""
        gate: Tensor = self.fc(x.mean(-1)).sigmoid().unsqueeze(-1)
        return (x + self.alpha) * gate


class Bottle2neck(nn.Module):
    """Res2Net block: eight groups of channels, each convolved after the one before was added to it."""

    def __init__(self, width_in: int, width: int, dilation: int, pool: int | None) -> None:
        super().__init__()
        group, steps = width // _SCALE, _SCALE - 1
        self.conv1 = nn.Conv1d(width_in, width, 1)
        self.bn1 = nn.BatchNorm1d(width)
        self.convs = nn.ModuleList(
            nn.Conv1d(group, group, 3, dilation=dilation, padding=dilation) for _ in range(steps)
        )
        self.bns = nn.ModuleList(nn.BatchNorm1d(group) for _ in range(steps))
        self.conv3 = nn.Conv1d(width, width, 1)
        self.bn3 = nn.BatchNorm1d(width)
        self.afms = FeatureMapScaling(width)
        self.mp = nn.MaxPool1d(pool) if pool else nn.Identity()
        narrow = width_in != width
        self.residual = nn.Sequential(nn.Conv1d(width_in, width, 1, bias=False)) if narrow else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width_in, frames) to (batch, width, frames // pool)."""
        *groups, last = self.bn1(self.conv1(x).relu()).chunk(_SCALE, 1)
        done: list[Tensor] = []
        for group, convolution, norm in zip(groups, self.convs, self.bns, strict=True):
            carried = group + done[-1] if done else group
            done.append(norm(convolution(carried).relu()))
        out = self.bn3(self.conv3(torch.cat([*done, last], 1)).relu())
        pooled: Tensor = self.afms(self.mp(out + self.residual(x)))
        return pooled


class RawNet3(nn.Module):
    """Waveform to speaker embedding, C = 1024, with context attention and 256 outputs.

    It is a frozen front end: it stays in evaluation mode unless it is told otherwise. `bn1` and `bn6` are in every
    file of its weights and in none of its outputs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = nn.Sequential(PreEmphasis(), nn.InstanceNorm1d(1, eps=1e-4, affine=True))
        self.conv1 = SincConvolution()
        self.bn1 = nn.BatchNorm1d(WIDTH)
        self.layer1 = Bottle2neck(WIDTH, _CHANNELS, dilation=2, pool=5)
        self.layer2 = Bottle2neck(_CHANNELS, _CHANNELS, dilation=3, pool=3)
        self.layer3 = Bottle2neck(_CHANNELS, _CHANNELS, dilation=4, pool=None)
        self.layer4 = nn.Conv1d(3 * _CHANNELS, _POOLED, 1)
        self.attention = nn.Sequential(
            nn.Conv1d(3 * _POOLED, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, _POOLED, 1), nn.Softmax(2)
        )
        self.bn5 = nn.BatchNorm1d(2 * _POOLED)
        self.fc6 = nn.Linear(2 * _POOLED, WIDTH)
        self.bn6 = nn.BatchNorm1d(WIDTH)
        self.eval()

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound (batch, samples) at 16 kHz, at least a second, to embeddings (batch, 256)."""
        x = self.conv1(self.preprocess(audio.unsqueeze(1))).abs().add(_LOG_FLOOR).log()
        x = x - x.mean(-1, keepdim=True)
        first = self.layer1(x)
        second = self.layer2(first)
        shrunk = F.max_pool1d(first, 3)
        third = self.layer3(shrunk + second)
        x = self.layer4(torch.cat([shrunk, second, third], 1)).relu()
        embedding: Tensor = self.fc6(self.bn5(self._pool(x)))
        return embedding

    def _pool(self, x: Tensor) -> Tensor:
        """Attentive mean and deviation over time: (batch, 1536, frames) to (batch, 3072)."""
        deviation = x.var(-1, keepdim=True).clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()
        context = torch.cat([x, x.mean(-1, keepdim=True).expand_as(x), deviation.expand_as(x)], 1)
        weights = self.attention(context)
        mean = (x * weights).sum(-1)
        variance = (x.square() * weights).sum(-1) - mean.square()
        return torch.cat([mean, variance.clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()], 1)
