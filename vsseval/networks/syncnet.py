"""SyncNet: five pictures of a mouth, or 0.2 s of speech, to one vector each; those of one moment lie close together.

Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016. The parameter names are those
of the checkpoint syncnet_v2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 1024
"""Length of a vector."""
SIDE, PICTURES = 224, 5
"""Height and width of a picture, and pictures to a vector."""


class SyncNet(nn.Module):
    """Both streams."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_convolved2(1, 64, 3, 1),
            nn.MaxPool2d(1, 1),
            *_convolved2(64, 192, 3, 1),
            nn.MaxPool2d(3, (1, 2)),
            *_convolved2(192, 384, 3, 1),
            *_convolved2(384, 256, 3, 1),
            *_convolved2(256, 256, 3, 1),
            nn.MaxPool2d(3, 2),
            *_convolved2(256, 512, (5, 4), 0),
        )
        self.netfcaud = _projection()
        self.netfclip = _projection()
        self.netcnnlip = nn.Sequential(
            *_convolved3(3, 96, (PICTURES, 7, 7), 2, 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_convolved3(96, 256, (1, 5, 5), 2, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_convolved3(256, 256, (1, 3, 3), 1, 1),
            *_convolved3(256, 256, (1, 3, 3), 1, 1),
            *_convolved3(256, 256, (1, 3, 3), 1, 1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_convolved3(256, 512, (1, 6, 6), 1, 0),
        )

    def sound(self, mfcc: Tensor) -> Tensor:
        """Embed windows of speech: cepstra (n, 1, 13, 20) to (n, 1024)."""
        vectors: Tensor = self.netfcaud(self.netcnnaud(mfcc).flatten(1))
        return vectors

    def lips(self, pictures: Tensor) -> Tensor:
        """Embed windows of five pictures, blue first, 0 to 255: (n, 3, 5, 224, 224) to (n, 1024)."""
        vectors: Tensor = self.netfclip(self.shapes(pictures))
        return vectors

    def shapes(self, pictures: Tensor) -> Tensor:
        """Return what `lips` projects, shape (n, 512).

        Raises:
            ValueError: the pictures are not 224 x 224, or not five.
        """
        if pictures.shape[1:] != (3, PICTURES, SIDE, SIDE):
            raise ValueError(f"SyncNet sees (n, 3, {PICTURES}, {SIDE}, {SIDE}), not {tuple(pictures.shape)}")
        # The five pictures as channels: the same sums, by the quicker convolutions in two dimensions.
        x = pictures.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        for layer in self.netcnnlip:
            x = _flat(layer, x)
        return x.flatten(1)


def _flat(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a layer in three dimensions, whose kernel covers all of the first, to (n, time * channels, h, w)."""
    if isinstance(layer, nn.Conv3d):
        weight = layer.weight.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        return F.conv2d(x, weight, layer.bias, layer.stride[1:], layer.padding[1:])
    if isinstance(layer, nn.BatchNorm3d):
        return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps)
    if isinstance(layer, nn.MaxPool3d):
        kernel, stride, padding = (_plane(one) for one in (layer.kernel_size, layer.stride, layer.padding))
        return F.max_pool2d(x, kernel, stride, padding)
    out: Tensor = layer(x)
    return out


def _plane(size: int | tuple[int, ...]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[1], size[2])


def _convolved2(before: int, after: int, kernel: int | tuple[int, int], padding: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, kernel, padding=padding), nn.BatchNorm2d(after), nn.ReLU(inplace=True)


def _convolved3(
    before: int, after: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv3d(before, after, kernel, (1, stride, stride), (0, padding, padding))
    return convolution, nn.BatchNorm3d(after), nn.ReLU(inplace=True)


def _projection() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, WIDTH))
