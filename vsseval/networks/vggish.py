"""VGGish: log-mel patches of 0.96 s to 128 numbers each.

Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017; parameter names are those of the
PyTorch port that evaluators load (harritaylor/torchvggish).
"""

from __future__ import annotations

from typing import cast

import numpy as np
from torch import Tensor, nn

from vsseval.networks.spectrum import power

RATE = 16_000
FRAMES, BANDS = 96, 64
"""Of one patch: 0.96 s by 64 mel bands."""
WINDOW, HOP, N_FFT = 400, 160, 512
LEAST = WINDOW + (FRAMES - 1) * HOP
"""Samples of the shortest sound that fills a patch (0.975 s)."""
LOW, HIGH = 125.0, 7500.0
"""Hertz: ends of the mel scale."""
OFFSET = 0.01
"""Added to the bands before the logarithm."""

_LAYERS = ((64,), (128,), (256, 256), (512, 512))
"""Channels of the convolutions before each halving."""


def patches(samples: np.ndarray) -> np.ndarray:
    """Return the log-mel patches of a sound; an incomplete one at its end is dropped.

    Args:
        samples: 16 kHz mono, shape (n,).

    Returns:
        float32, shape (p, 96, 64); p = 0 where n < 15600.
    """
    frames = log_mel(samples)
    whole = len(frames) // FRAMES
    return frames[: whole * FRAMES].reshape(whole, FRAMES, BANDS).astype(np.float32)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return log(mel magnitudes + 0.01), float64, shape (1 + (n - 400) // 160, 64), of 16 kHz mono (n,)."""
    magnitudes = np.sqrt(power(samples, WINDOW, HOP, N_FFT))
    return np.asarray(np.log(magnitudes @ _triangles() + OFFSET))


def _triangles() -> np.ndarray:
    """Return triangles that are straight on the mel scale (not in hertz), float64, shape (257, 64)."""
    edges = np.linspace(_mel(LOW), _mel(HIGH), BANDS + 2)
    bins = _mel(np.fft.rfftfreq(N_FFT, 1 / RATE))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return cast("np.ndarray", np.maximum(0.0, np.minimum(rising, falling)))


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return np.asarray(1127.0 * np.log(1.0 + np.asarray(hertz) / 700.0))


class VGGishNetwork(nn.Module):
    """Six convolutions and three linear layers; the last one's ReLU, the PCA and the rounding are left away."""

    def __init__(self) -> None:
        super().__init__()
        features: list[nn.Module] = []
        inward = 1
        for outwards in _LAYERS:
            for outward in outwards:
                features += [nn.Conv2d(inward, outward, 3, padding=1), nn.ReLU(inplace=True)]
                inward = outward
            features.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*features)
        flat = inward * (FRAMES // 16) * (BANDS // 16)
        self.embeddings = nn.Sequential(
            nn.Linear(flat, 4096), nn.ReLU(inplace=True), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, 128),
        )  # fmt: skip

    def forward(self, examples: Tensor) -> Tensor:
        """Map patches (b, 96, 64) to (b, 128)."""
        maps: Tensor = self.features(examples.unsqueeze(1))
        # flattened as TensorFlow has it: time, band, channel
        embedded: Tensor = self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))
        return embedded
