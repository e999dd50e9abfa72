"""BlazeFace, full range: a picture of 192 x 192 to a face, or none, at each of 48 x 48 places.

Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile GPUs", CVPR workshops 2019, in the form
that MediaPipe calls full range (dense): faces within five metres.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks.mobile_blocks import Convolution, depthwise, past

SIDE, PLACES = 192, 48
"""Pixels of the picture, and places of the grid, to a side."""
NUMBERS = 16
"""Of each place: centre and size of the box, then six points (eyes, nose, mouth, ears), two each."""


class Step(NamedTuple):
    """Widths of a block, and by how much it shrinks the picture."""

    have: int
    inner: int
    want: int
    stride: int = 1


_DOWN = (
    (Step(32, 8, 32), Step(32, 8, 32), Step(32, 12, 48, 2), Step(48, 12, 48), Step(48, 16, 64)),
    (Step(64, 24, 96, 2), Step(96, 32, 128), Step(128, 32, 128)),
    (Step(128, 36, 144, 2), Step(144, 48, 192), Step(192, 64, 256)),
    (Step(256, 96, 384, 2), *3 * (Step(384, 96, 384),)),
)
_UP = ((384, 256, 96, 2), (96, 128, 64, 2), (64, 64, 48, 1))
"""Channels from below, from beside, and of what both become; blocks that follow."""


class BlazeFace(nn.Module):
    """Down to 6 x 6 in four stages, and up to 48 x 48 again."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 32, stride=2)
        self.down = nn.ModuleList(nn.Sequential(*(Block(step) for step in stage)) for stage in _DOWN)
        self.up = nn.ModuleList(Up(*sizes) for sizes in _UP)
        self.score, self.box = nn.Conv2d(48, 1, 1), nn.Conv2d(48, NUMBERS, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Map pictures (b, 3, 192, 192), -1 to 1, red first, to logits (b, 2304) and numbers (b, 2304, 16).

        The numbers are in pixels, and relative to the place (sizes apart), row by row.
        """
        seen = F.relu(self.stem(pictures))
        stages = []
        for stage in self.down:
            seen = stage(seen)
            stages.append(seen)
        for up, beside in zip(self.up, stages[-2::-1], strict=True):
            seen = up(seen, beside)
        return self.score(seen).flatten(1), self.box(seen).flatten(2).transpose(1, 2)


class Block(nn.Module):
    """Twice a convolution of each channel by itself and one across them, beside a way past both."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.first, self.narrower = depthwise(step.have, step.stride), nn.Conv2d(step.have, step.inner, 1)
        self.second, self.wider = depthwise(step.inner), nn.Conv2d(step.inner, step.want, 1)
        self._want, self._stride = step.want, step.stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, have, h, w) to (b, want, h / stride, w / stride)."""
        inner = F.relu(self.narrower(self.first(x)))
        return F.relu(past(x, self._want, self._stride) + self.wider(self.second(inner)))


class Up(nn.Module):
    """Twice the size, with what was seen at that size on the way down."""

    def __init__(self, below: int, beside: int, width: int, blocks: int) -> None:
        super().__init__()
        self.below, self.beside = nn.Conv2d(below, width, 1), nn.Conv2d(beside, width, 1)
        self.blocks = nn.Sequential(*(Block(Step(width, width // 2, width)) for _ in range(blocks)))

    def forward(self, below: Tensor, beside: Tensor) -> Tensor:
        """Map (b, below, h, w) and (b, beside, 2 h, 2 w) to (b, width, 2 h, 2 w)."""
        larger = F.interpolate(F.relu(self.below(below)), scale_factor=2.0, mode="bilinear", align_corners=False)
        out: Tensor = self.blocks(F.relu(self.beside(beside)) + larger)
        return out


def places() -> Tensor:
    """Return the middle of each place in shares of the picture, across and down, (2304, 2), row by row."""
    middles = (torch.arange(PLACES) + 0.5) / PLACES
    down, across = torch.meshgrid(middles, middles, indexing="ij")
    return torch.stack([across, down], dim=2).flatten(0, 1)
