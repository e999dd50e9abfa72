"""RawNet3 as ESPnet builds and trains it: the network of VSSFlow's authors, put together and named in ESPnet's way.

Jung et al., "Pushing the limits of raw waveform speaker recognition", Interspeech 2022. ESPnet's differs from the
first one in the hop of its filters (16 samples instead of 10) and in the size of its embedding (192 instead of 256).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks.rawnet3 import Bottle2neck, PreEmphasis, SincFilters

STRIDE, WIDTH, CHANNELS, POOLED, EMBEDDING = 16, 256, 1024, 1536, 192
_LOG_FLOOR = 1e-6
_LEAST_VARIANCE, _GREATEST_VARIANCE = 1e-4, 1e4


class Filters(nn.Module):
    """The filter bank under the name that asteroid gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters(WIDTH)


class Frontend(PreEmphasis):
    """Waveform to the logarithm of 256 bands a millisecond, centred over time."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm1d(1, eps=1e-4, affine=True)
        self.conv = Filters()

    def forward(self, audio: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, 256, frames)."""
        x = self.norm(super().forward(audio.unsqueeze(1)))
        x = F.conv1d(x, self.conv.filterbank(), stride=STRIDE).abs().add(_LOG_FLOOR).log()
        return x - x.mean(-1, keepdim=True)


class Encoder(nn.Module):
    """Bands to frames."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = Bottle2neck(WIDTH, CHANNELS, dilation=2, pool=5)
        self.layer2 = Bottle2neck(CHANNELS, CHANNELS, dilation=3, pool=3)
        self.layer3 = Bottle2neck(CHANNELS, CHANNELS, dilation=4, pool=None)
        self.layer4 = nn.Conv1d(3 * CHANNELS, POOLED, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, 256, frames) to (batch, 1536, frames // 15)."""
        first = self.layer1(x)
        second = self.layer2(first)
        shrunk = F.max_pool1d(first, 3)
        third = self.layer3(shrunk + second)
        out: Tensor = self.layer4(torch.cat([shrunk, second, third], 1)).relu()
        return out


class Pooling(nn.Module):
    """Attentive mean and deviation over time, as in ESPnet up to its version 202506 (unbiased, at least 0.01)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            nn.Conv1d(3 * POOLED, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, POOLED, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, 1536, frames) to (batch, 3072)."""
        deviation = x.var(-1, keepdim=True).clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()
        context = torch.cat([x, x.mean(-1, keepdim=True).expand_as(x), deviation.expand_as(x)], 1)
        weights = self.attention(context).softmax(2)
        mean = (x * weights).sum(-1)
        variance = (x.square() * weights).sum(-1) - mean.square()
        return torch.cat([mean, variance.clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()], 1)


class Projector(nn.Module):
    """The last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(2 * POOLED)
        self.fc = nn.Linear(2 * POOLED, EMBEDDING)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, 3072) to (batch, 192)."""
        out: Tensor = self.fc(self.bn(x))
        return out


class RawNet3(nn.Module):
    """Waveform to speaker embedding; the names of its parameters are those of ESPnet's file."""

    def __init__(self) -> None:
        super().__init__()
        self.frontend = Frontend()
        self.encoder = Encoder()
        self.pooling = Pooling()
        self.projector = Projector()

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound (batch, samples) at 16 kHz to embeddings (batch, 192)."""
        out: Tensor = self.projector(self.pooling(self.encoder(self.frontend(audio))))
        return out
