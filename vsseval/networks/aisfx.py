"""The sound-effects network of aiSFX: windows of 2.3 s to 512 numbers each, and to the logits of 81 classes.

Ma and Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries", ISMIR 2022; the
convolutions are those of Kong et al., "DCASE 2018 Challenge Surrey Cross-Task Convolutional Neural Network Baseline".
Nine libraries of sound effects each had a classifier behind the shared convolutions; the one that is kept here told 81
categories of the Universal Category System apart, whose names its makers did not publish.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsseval.networks.panns import Block

RATE = 44_100
WIDTH, CLASSES, BANDS = 512, 81, 96
FRAMES = 100
"""Of one window: 2.34 s."""

_WINDOW, _HOP = 2048, 1024
_SCALE = 1e4
"""Of mel powers, before one is added and the decimal logarithm taken."""
_LOUDEST = 9.457798957824707
"""The greatest logarithm among the makers' recordings, which they brought to 1."""
_CHANNELS = (1, 64, 128, 256, WIDTH)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return the spectrogram that the network was trained on, as Essentia computes it: about 0 to 1, float32.

    Frames are centred on every 1024th sample, beyond the last one too; what lies outside is zero.

    Args:
        samples: 44.1 kHz mono, shape (n,).

    Returns:
        Shape (1 + ceil(n / 1024), 96).
    """
    count = 1 + -(-samples.size // _HOP)
    padded = np.zeros((count - 1) * _HOP + _WINDOW)
    padded[_WINDOW // 2 :][: samples.size] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    return np.asarray(np.log10(_SCALE * (power @ _filters()) + 1) / _LOUDEST, np.float32)


def windows(frames: np.ndarray, hop: int) -> np.ndarray:
    """Return windows of 100 frames, float32, shape (w >= 1, 100, 96).

    Fewer frames are filled up with zeros, which is silence; at the end, those that fill no window are not heard.

    Args:
        frames: shape (n, 96).
        hop: frames from one window to the next.
    """
    filled = np.pad(frames, ((0, max(0, FRAMES - len(frames))), (0, 0)))
    starts = range(0, len(filled) - FRAMES + 1, hop)
    return np.stack([filled[start : start + FRAMES] for start in starts])


@functools.cache
def _filters() -> np.ndarray:
    """Return triangles that are straight on HTK's mel scale and add up to 1, float64, shape (1025, 96), read only."""
    edges = np.linspace(0.0, _mel(np.asarray(RATE / 2)), BANDS + 2)
    bins = _mel(np.fft.rfftfreq(_WINDOW, 1 / RATE))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: np.ndarray = np.maximum(0.0, np.minimum(rising, falling))
    filters /= filters.sum(axis=0)
    filters.setflags(write=False)
    return filters


def _mel(hertz: np.ndarray) -> np.ndarray:
    return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))


class Aisfx(nn.Module):
    """Eight convolutions in four blocks, and one of the nine classifiers."""

    def __init__(self) -> None:
        super().__init__()
        for place, (inward, outward) in enumerate(itertools.pairwise(_CHANNELS), 1):
            setattr(self, f"conv_block{place}", Block(inward, outward))
        self.classifier = nn.Sequential(
            nn.Linear(WIDTH, WIDTH // 2), nn.ReLU(), nn.Linear(WIDTH // 2, WIDTH // 4), nn.ReLU(),
            nn.Linear(WIDTH // 4, CLASSES),
        )  # fmt: skip

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Map windows (b, n, 96) to the embedding (b, 512), no component negative, and the logits (b, 81)."""
        maps = frames.unsqueeze(1)
        for place in range(1, len(_CHANNELS)):
            maps = getattr(self, f"conv_block{place}")(maps)
            if place < len(_CHANNELS) - 1:
                maps = F.max_pool2d(maps, 2)
        embedding = maps.mean(dim=3).amax(dim=2)
        return embedding, self.classifier(embedding)


def fused(network: Aisfx) -> Aisfx:
    """Return a network whose batch normalisations are part of the convolutions: quicker, and equal to 1e-6."""
    for block in (part for part in network.children() if isinstance(part, Block)):
        for place in "12":
            convolution = fuse_conv_bn_eval(getattr(block, f"conv{place}"), getattr(block, f"bn{place}"))
            setattr(block, f"conv{place}", convolution)
            setattr(block, f"bn{place}", nn.Identity())
    return network
