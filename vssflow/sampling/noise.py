"""Noise of each clip from the clip's own seed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def clip_noise(seeds: Sequence[int], channels: int, lengths: Sequence[int]) -> Tensor:
    """Draw standard normal noise, (clips, channels, longest), each clip from a generator of its own.

    A clip's noise depends on its seed and its length alone: neither its place in a batch, nor the other clips, nor
    the device (it is drawn on the CPU) change it. Frames beyond a clip's length are zeros.
    """
    noise = torch.zeros(len(seeds), channels, max(lengths))
    for row, seed, length in zip(noise, seeds, lengths, strict=True):
        row[:, :length] = torch.randn(1, channels, length, generator=torch.Generator().manual_seed(seed))[0]
    return noise
