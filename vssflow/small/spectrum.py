"""From mel bands back to the lines of the spectrum: a small network where a pseudo-inverse would smear the harmonics.

Eighty bands say where the energy lies, and at low frequencies also where the harmonics are; a network that has heard
speech draws the others between them. The phase is left to Griffin-Lim.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BINS = 513
"""Lines of the spectrum of a window of 1024 samples."""
FLOOR = 1e-3
"""Magnitude that counts as none; that of a sine of full scale is 160."""
_WIDTH, _BLOCKS, _KERNEL, _INNER = 104, 3, 9, 2
_BANDS, _LINES, _SPREAD = -6.0, -3.0, 3.0
"""Where logarithms of magnitudes of bands and of lines lie, and how far they spread."""


class SpectrumBlock(nn.Module):
    """Each channel over nine frames (90 ms), then all channels of a frame; residual (arXiv 2201.03545)."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        reach = dilation * (_KERNEL // 2)
        self.over_time = nn.Conv1d(_WIDTH, _WIDTH, _KERNEL, padding=reach, dilation=dilation, groups=_WIDTH)
        self.norm = nn.LayerNorm(_WIDTH)
        self.wide, self.narrow = nn.Linear(_WIDTH, _INNER * _WIDTH), nn.Linear(_INNER * _WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, width) to the same."""
        seen = self.norm(self.over_time(x.transpose(1, 2)).transpose(1, 2))
        return x + self.narrow(nn.functional.gelu(self.wide(seen)))  # type: ignore[no-any-return]


class SpectrumNetwork(nn.Module):
    """Logarithms of mel magnitudes to those of the lines of the spectrum."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.into = nn.Conv1d(bands, _WIDTH, 3, padding=1)
        self.blocks = nn.Sequential(*[SpectrumBlock(1 + place % 2) for place in range(_BLOCKS)])
        self.out = nn.Linear(_WIDTH, BINS)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Map (batch, frames, bands) to natural logarithms of magnitudes, (batch, frames, 513)."""
        scaled = (log_mel - _BANDS) / _SPREAD
        lines: Tensor = self.out(self.blocks(self.into(scaled.transpose(1, 2)).transpose(1, 2)))
        return lines * _SPREAD + _LINES

    @torch.no_grad()
    def magnitude(self, log_mel: Tensor) -> Tensor:
        """Magnitudes (frames, 513) of one sound's log-mel (frames, bands), 0 or more."""
        lines: Tensor = self(log_mel.unsqueeze(0))[0]
        return (lines.exp() - FLOOR).clamp_min(0.0)
