"""PANNs Cnn14: sound to the logits of AudioSet's 527 classes, and the 2048 numbers before them.

Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition", IEEE/ACM TASLP 28,
2020. Parameter names are those of its makers' checkpoints; the Fourier and mel tables that those hold are computed.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils.mkldnn import MkldnnConv2d

from vsseval.networks.spectrum import mel_filters

CLASSES, WIDTH, BANDS = 527, 2048, 64
FLOOR = 1e-10
"""Of mel powers, before their decibels."""
_CHANNELS = (1, 64, 128, 256, 512, 1024, 2048)
_HALVINGS = 5


class Rate(NamedTuple):
    """How Cnn14 hears at one sample rate."""

    hertz: int
    window: int
    hop: int
    low: float
    high: float

    @property
    def least(self) -> int:
        """Samples of the shortest sound that survives the halvings (0.31 s)."""
        return ((1 << _HALVINGS) - 1) * self.hop

    @property
    def tables(self) -> dict[str, tuple[int, ...]]:
        """What the makers' checkpoints hold besides weights: key and shape."""
        bins = self.window // 2 + 1
        return {
            "spectrogram_extractor.stft.conv_real.weight": (bins, 1, self.window),
            "spectrogram_extractor.stft.conv_imag.weight": (bins, 1, self.window),
            "logmel_extractor.melW": (bins, BANDS),
        }


RATE_16K = Rate(16_000, 512, 160, 50.0, 8_000.0)
RATE_32K = Rate(32_000, 1024, 320, 50.0, 14_000.0)


def without_tables(state: dict[str, Tensor], rate: Rate) -> dict[str, Tensor]:
    """Return a checkpoint's state dict without the tables of this rate; those of another rate stay, to be refused."""
    tables = rate.tables
    return {key: value for key, value in state.items() if tuple(value.shape) != tables.get(key)}


def packed(network: Cnn14) -> Cnn14:
    """Return a network with weights for a processor alone: a sixth faster, and equal to 1e-7.

    Batch normalisation becomes part of the convolutions, whose weights are laid out once as oneDNN wants them, and not
    anew for each sound. Nothing is changed where this torch has no oneDNN.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return network
    for block in (part for part in network.children() if isinstance(part, Block)):
        for place in "12":
            whole = fuse_conv_bn_eval(getattr(block, f"conv{place}"), getattr(block, f"bn{place}"))
            setattr(block, f"conv{place}", MkldnnConv2d(whole, torch.float32))
            setattr(block, f"bn{place}", nn.Identity())
    network.packed = True
    return network


class Cnn14(nn.Module):
    """Twelve convolutions, in six blocks."""

    window: Tensor
    mel: Tensor
    packed = False
    """Whether the convolutions have weights for a processor alone."""

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        self.rate = rate
        filters = mel_filters(rate.hertz, rate.window, BANDS, rate.low, rate.high, "slaney")
        # in double precision, for the quietest bands lie 100 dB below the loudest: it costs nothing beside the network
        self.register_buffer("window", torch.hann_window(rate.window, dtype=torch.float64), persistent=False)
        self.register_buffer("mel", torch.tensor(filters), persistent=False)
        self.bn0 = nn.BatchNorm2d(BANDS)
        for place, (inward, outward) in enumerate(itertools.pairwise(_CHANNELS), 1):
            setattr(self, f"conv_block{place}", Block(inward, outward))
        self.fc1 = nn.Linear(WIDTH, WIDTH)
        self.fc_audioset = nn.Linear(WIDTH, CLASSES)

    def log_mel(self, audio: Tensor) -> Tensor:
        """Map sound (b, n) to decibels of mel powers (b, n // hop + 1, 64), at least -100."""
        spectrum = torch.stft(
            audio.double(), self.rate.window, self.rate.hop, window=self.window, pad_mode="reflect", return_complex=True
        )
        power = spectrum.real.square() + spectrum.imag.square()
        bands = power.transpose(1, 2) @ self.mel
        return 10 * bands.clamp(min=FLOOR).log10().to(audio.dtype)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Map sound (b, n) to the embedding (b, 2048), no component negative, and the logits (b, 527)."""
        maps = self.bn0(self.log_mel(audio).transpose(1, 2).unsqueeze(3)).permute(0, 3, 2, 1)
        if self.packed:
            maps = maps.contiguous().to_mkldnn()
        for place in range(1, _HALVINGS + 2):
            maps = getattr(self, f"conv_block{place}")(maps)
            if place <= _HALVINGS:
                maps = F.avg_pool2d(maps, 2)
        over_bands = (maps.to_dense() if self.packed else maps).mean(dim=3)
        pooled = over_bands.amax(dim=2) + over_bands.mean(dim=2)
        embedding = F.relu(self.fc1(pooled))
        return embedding, self.fc_audioset(embedding)


class Block(nn.Module):
    """Two convolutions, each with batch normalisation and a ReLU."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outward, outward, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outward)
        self.bn2 = nn.BatchNorm2d(outward)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, inward, frames, bands) to (b, outward, frames, bands)."""
        maps = F.relu(self.bn1(self.conv1(maps)))
        return F.relu(self.bn2(self.conv2(maps)))
