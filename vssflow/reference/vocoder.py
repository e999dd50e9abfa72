"""Log-mel spectrogram to sound: the HiFi-GAN generator of AudioLDM2, under the names of SpeechT5's.

Kong et al. 2020, "HiFi-GAN" (arXiv 2010.05646), with five stages that make 160 samples of a frame of 10 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LAST_SLOPE = 0.01
"""Before the last convolution the makers left the leaky ReLU at PyTorch's default."""


@dataclass(frozen=True)
class VocoderConfig:
    """Sizes; the defaults are AudioLDM2's."""

    mels: int = 64
    width: int = 1024
    """Channels after the first convolution; each stage halves them."""
    rates: tuple[int, ...] = (5, 4, 2, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 8, 4, 4)
    """Of the transposed convolution in each stage."""
    block_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    """Of the blocks of each kernel."""
    slope: float = 0.1
    normalise: bool = False
    """Whether the spectrogram is standardised by the buffers `mean` and `scale` first."""


class ResidualBlock(nn.Module):
    """Pairs of convolutions, the first dilated, each pair beside a shortcut."""

    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...], slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.convs1 = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)
            for dilation in dilations
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=(kernel - 1) // 2) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, n) to the same shape."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            y = first(F.leaky_relu(x, self.slope))
            x = x + second(F.leaky_relu(y, self.slope))
        return x


class HifiGan(nn.Module):
    """The generator, with plain weights; `join_weight_norm` makes them of weights that are still split."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: VocoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VocoderConfig()
        widths = [config.width >> stage for stage in range(len(config.rates) + 1)]
        self.conv_pre = nn.Conv1d(config.mels, config.width, 7, padding=3)
        self.upsampler = nn.ModuleList(
            nn.ConvTranspose1d(before, after, kernel, rate, padding=(kernel - rate) // 2)
            for (before, after), rate, kernel in zip(pairwise(widths), config.rates, config.kernels, strict=True)
        )
        self.resblocks = nn.ModuleList(
            ResidualBlock(width, kernel, dilations, config.slope)
            for width in widths[1:]
            for kernel, dilations in zip(config.block_kernels, config.dilations, strict=True)
        )
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3)
        self.register_buffer("mean", torch.zeros(config.mels))
        self.register_buffer("scale", torch.ones(config.mels))

    def forward(self, mel: Tensor) -> Tensor:
        """Map log-mel (batch, frames, 64) to sound in [-1, 1] at 16 kHz.

        Returns:
            Shape (batch, 160 * frames + 32): the first stage makes one sample too many of a clip, and the other four
            make 32 of it. A frame's sound begins at its own 160 samples; the surplus is at the end.
        """
        if self.config.normalise:
            mel = (mel - self.mean) / self.scale
        x = self.conv_pre(mel.transpose(1, 2))
        several = len(self.config.block_kernels)
        for stage, upsample in enumerate(self.upsampler):
            x = upsample(F.leaky_relu(x, self.config.slope))
            blocks = self.resblocks[stage * several : (stage + 1) * several]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / several
        sound: Tensor = self.conv_post(F.leaky_relu(x, _LAST_SLOPE)).tanh().squeeze(1)
        return sound


def join_weight_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Replace each pair of weight normalisation by the weight that it stands for; other keys stay.

    Both spellings are known: `x.weight_g` and `x.weight_v`, and `x.parametrizations.weight.original0` and
    `original1`. The weight is g * v / |v|, the norm over all axes but the first (Salimans and Kingma 2016, eq. 2), of
    transposed convolutions too. The product is float32. A lonely half stays as it is, for the check of keys to
    name.
    """
    joined = dict(state)
    for length, direction in (
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ):
        for key in [key for key in joined if key.endswith(f".{length}")]:
            layer = key.removesuffix(length)
            if layer + direction in joined:
                g, v = joined.pop(key).float(), joined.pop(layer + direction).float()
                joined[f"{layer}weight"] = v * (g / v.flatten(1).norm(dim=1).view_as(g))
    return joined
