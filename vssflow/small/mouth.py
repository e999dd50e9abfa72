"""Lips that were measured: how far a mouth is open and how wide it is, read as the lip stream.

The video encoder has seen rendered faces alone, and what it says of a real one is worth nothing. What landmarks say of
a mouth means the same on both. On a face that the encoder does not know, this network takes its place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vssflow.small.audio import frames_of
from vssflow.small.vision import TemporalBlock

CURVES = 2
"""Opening and width."""
_WIDTH, _BLOCKS = 48, 3
_LEAST_OPEN = 0.02
"""Of the height of a face; a mouth that never opens wider is at rest, and is not enlarged until it seems to talk."""
_LEAST_SEEN = 0.5
"""Share of the frames in which a face must be seen."""


class MouthReader(nn.Module):
    """Standardised curves of a mouth to the lip stream of the video encoder."""

    def __init__(self, lip: int) -> None:
        super().__init__()
        self.into = nn.Conv1d(CURVES, _WIDTH, 5, padding=2)
        self.temporal = nn.Sequential(*[TemporalBlock(_WIDTH) for _ in range(_BLOCKS)])
        self.to_lip = nn.Linear(_WIDTH, lip)

    def forward(self, curves: Tensor) -> Tensor:
        """Map curves (batch, frames, 2), as `standard` returns them, to (batch, frames, lip)."""
        features: Tensor = self.temporal(self.into(curves.transpose(1, 2)))
        return torch.tanh(self.to_lip(features.transpose(1, 2)))


def standard(curves: Tensor) -> Tensor:
    """Bring opening and width of a mouth (frames, 2) to a scale that does not depend on whose it is.

    The opening is 0 at its fifth and 1 at its ninety-fifth percentile, the width is 0 in the middle.
    """
    low, high = (torch.quantile(curves[:, 0], share) for share in (0.05, 0.95))
    scale = (high - low).clamp_min(_LEAST_OPEN)
    opening = (curves[:, 0] - low) / scale
    width = (curves[:, 1] - curves[:, 1].median()) / scale
    return torch.stack([opening, width], dim=-1)


def measured(video: Path, seconds: float, offset: float = 0.0) -> Tensor | None:
    """Measure the mouth of the face in a video at 25 frames a second.

    Args:
        video: any video that can be decoded.
        seconds: that are wanted.
        offset: second at which they begin.

    Returns:
        Opening and width over the height of the face, (frames, 2); None where no face is seen in half of them.
    """
    from vsseval.errors import Unmeasurable
    from vsseval.extractors.mouth import MouthOpening
    from vsseval.media import Video

    try:
        shape = MouthOpening().shape(Video(video, offset, seconds))
    except Unmeasurable:
        return None
    wanted = frames_of(seconds)
    seen = np.flatnonzero(np.isfinite(shape).all(axis=1))
    seen = seen[seen < wanted]
    if len(seen) < max(1, _LEAST_SEEN * min(wanted, len(shape))):
        return None
    every = np.arange(wanted)
    return torch.from_numpy(np.stack([np.interp(every, seen, column[seen]) for column in shape.T], axis=1)).float()
