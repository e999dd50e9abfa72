"""A phase vocoder: slower or faster sound at the same pitch (Flanagan and Golden, "Phase vocoder", BSTJ, 1966)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def stretched(spectrum: Tensor, rate: float, hop: int) -> Tensor:
    """Return the spectrum of the sound played `rate` times as fast; each bin goes on with its own frequency.

    Args:
        spectrum: complex, shape (channels, bins, frames), of windows from 0 to the Nyquist frequency.
        rate: above 0; below 1 is slower.
        hop: samples between frames.

    Returns:
        complex, shape (channels, bins, ceil(frames / rate)).
    """
    expected = torch.linspace(0, math.pi * hop, spectrum.shape[-2])[:, None]
    times = torch.arange(0, spectrum.shape[-1], rate)
    between = times % 1.0
    padded = torch.nn.functional.pad(spectrum, (0, 2))
    before, after = padded[..., times.long()], padded[..., (times + 1).long()]
    turned = after.angle() - before.angle() - expected
    turned = turned - 2 * math.pi * torch.round(turned / (2 * math.pi)) + expected
    phase = torch.cat([spectrum[..., :1].angle(), turned[..., :-1]], dim=-1).cumsum(-1)
    return torch.polar(between * after.abs() + (1 - between) * before.abs(), phase)
