"""MediaPipe's face mesh: a face of 192 x 192 pixels to 468 points on its surface.

Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", CVPR workshops 2019.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from vsseval.networks.mobile_blocks import Convolution, depthwise, past

SIDE, POINTS = 192, 468

_TRUNK = (16, 16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128)
"""Channels before and after each block."""
_WIDTH, _NARROW = 128, 32


class FaceMesh(nn.Module):
    """One trunk and two heads: the points, and whether there is a face at all."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_slope = Convolution(3, _TRUNK[0], stride=2), nn.PReLU(_TRUNK[0])
        self.trunk = nn.Sequential(
            *(
                # every third one halves the picture
                Block(have, want, stride=2 if place % 3 == 2 else 1)
                for place, (have, want) in enumerate(itertools.pairwise(_TRUNK))
            )
        )
        self.points, self.face = Head(3, 3 * POINTS), Head(1, 1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Map faces (b, 3, 192, 192), 0 to 1, red first, to points (b, 468, 3) and logits of a face (b,).

        Points are in pixels of the picture: across, down, and towards the camera.
        """
        seen = self.trunk(self.stem_slope(self.stem(faces)))
        points: Tensor = self.points(seen)
        face: Tensor = self.face(seen)
        return points.reshape(-1, POINTS, 3), torch.flatten(face)


class Block(nn.Module):
    """A convolution of each channel by itself and one across them, beside a way past both."""

    def __init__(self, have: int, want: int, stride: int = 1) -> None:
        super().__init__()
        self.each, self.across, self.slope = depthwise(have, stride), nn.Conv2d(have, want, 1), nn.PReLU(want)
        self._want, self._stride = want, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, have, h, w) to (b, want, h / stride, w / stride)."""
        out: Tensor = self.slope(past(x, self._want, self._stride) + self.across(self.each(x)))
        return out


class Head(nn.Module):
    """From 6 x 6 to 3 x 3 places, and to numbers of the whole."""

    def __init__(self, blocks: int, numbers: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Block(_WIDTH, _WIDTH, 2 if place == 0 else 1) for place in range(blocks)))
        self.narrower, self.slope = nn.Conv2d(_WIDTH, _NARROW, 1), nn.PReLU(_NARROW)
        self.last = Block(_NARROW, _NARROW)
        self.numbers = nn.Conv2d(_NARROW, numbers, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, 128, 6, 6) to (b, numbers, 1, 1)."""
        out: Tensor = self.numbers(self.last(self.slope(self.narrower(self.blocks(x)))))
        return out
