"""The building blocks of MediaPipe's small networks of faces, padded as TensorFlow pads."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Convolution(nn.Conv2d):
    """A convolution 3 x 3 that, in steps of two, sees one row and column beyond the lower right edge alone."""

    def __init__(self, have: int, want: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(have, want, 3, stride=stride, padding=1 if stride == 1 else 0, groups=groups)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Map (b, have, h, w) to (b, want, h / stride, w / stride); h and w are even."""
        return super().forward(input if self.stride[0] == 1 else F.pad(input, (0, 1, 0, 1)))


def depthwise(channels: int, stride: int = 1) -> Convolution:
    """Return a convolution 3 x 3 of each channel by itself."""
    return Convolution(channels, channels, stride, groups=channels)


def past(x: Tensor, channels: int, stride: int) -> Tensor:
    """Return what goes past a block: at its size, of its channels, those that `x` lacks as zeros."""
    x = F.max_pool2d(x, 2) if stride > 1 else x
    return F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1]))
