"""SyncNet: five pictures of a mouth, or 0.2 s of speech, to one vector each; those of one moment lie close together.

Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016. The parameter names are those
of the checkpoint syncnet_v2.
"""

from __future__ import annotations

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
        shapes: Tensor = self.netcnnlip(pictures).flatten(1)
        return shapes


def _convolved2(before: int, after: int, kernel: int | tuple[int, int], padding: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, kernel, padding=padding), nn.BatchNorm2d(after), nn.ReLU(inplace=True)


def _convolved3(
    before: int, after: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv3d(before, after, kernel, (1, stride, stride), (0, padding, padding))
    return convolution, nn.BatchNorm3d(after), nn.ReLU(inplace=True)


def _projection() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, WIDTH))
