"""What landmarks of a recorded face would say of a rendered mouth.

The curves that a mouth was drawn by become smoother and noisier, of unknown scale, and the mouth may be open before it
speaks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vssflow.small.audio import LATENT_RATE
from vssflow.small.mouth import standard
from vssflow.training.data import Row

SMOOTHING = (0.3, 1.6)
"""Range of the standard deviation of what blurs the curves, in frames."""
NOISE = (0.01, 0.06)
"""Range of the noise of both curves, in widths of the full opening."""
_STRETCH = 0.35
"""How differently the same sound may open a mouth, as a standard deviation of the logarithm."""
_OPEN_BEFORE = 0.35
"""Share of the clips in which the mouth is open before, or after, it speaks."""


def imitated(mouth: Tensor, generator: torch.Generator, speech: tuple[float, float] | None = None) -> Tensor:
    """Make of the curves that a mouth was drawn by what landmarks would say of such a mouth, standardised.

    Args:
        mouth: opening, width and more, (frames, 3), each 0 to 1.
        generator: decides the imperfections.
        speech: first and last frame of the speech; outside them the mouth may be open.

    Returns:
        As `vssflow.small.mouth.standard`, (frames, 2).
    """

    def drawn(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    frames = len(mouth)
    opening, width = mouth[:, 0].clone(), mouth[:, 1].clone()
    opening = opening ** drawn(0.7, 1.4) * torch.exp(_STRETCH * _slow(frames, generator))
    if speech is not None:
        for before in (True, False):
            if drawn(0, 1) < _OPEN_BEFORE:
                first, last = (0, round(speech[0])) if before else (round(speech[1]), frames)
                opening[first:last] = opening[first:last].clamp_min(drawn(0.1, 0.7))
    width = 0.5 + drawn(0.2, 0.8) * (width - 0.5) + drawn(-0.15, 0.05) * opening + 0.1 * _slow(frames, generator)
    curves = torch.stack([opening, 0.3 * width], dim=-1)
    curves = _blurred(curves, drawn(*SMOOTHING))
    curves = curves + drawn(*NOISE) * torch.randn(curves.shape, generator=generator)
    return standard(curves * drawn(0.05, 0.15))


def _slow(frames: int, generator: torch.Generator) -> Tensor:
    """Noise of unit size that changes about three times a second, (frames,)."""
    points = torch.randn(1, 1, max(2, frames // 8 + 1), generator=generator)
    return F.interpolate(points, size=frames, mode="linear", align_corners=True)[0, 0]


def _blurred(curves: Tensor, sigma: float) -> Tensor:
    """Smooth (frames, columns) by a Gaussian, the ends held."""
    reach = max(1, round(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    padded = F.pad(curves.T[:, None], (reach, reach), mode="replicate")
    return F.conv1d(padded, (kernel / kernel.sum())[None, None])[:, 0].T


def speech_frames(row: Row) -> tuple[float, float] | None:
    """First and last frame of the speech of a clip."""
    spoken = [(start, end) for name, start, end in row.phones if name != "pau"]
    return (LATENT_RATE * spoken[0][0], LATENT_RATE * spoken[-1][1]) if spoken else None
