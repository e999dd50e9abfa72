"""Melception: a mel spectrogram to the logits of VGGSound's 309 classes, and the 2048 numbers before them.

Inception v3 (Szegedy et al., CVPR 2016) on one channel and without its first two max-poolings, for a spectrogram has 80
rows where a picture has 299 (Iashin and Rahtu, "Taming visually guided sound generation", BMVC 2021). Parameter names
are those of torchvision's Inception3, which the makers' checkpoint has; its auxiliary classifier is for training alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES, WIDTH = 309, 2048
EPSILON = 0.001
"""Of every batch normalisation."""
AUXILIARY = "AuxLogits."
"""Prefix of the keys that are for training alone."""

Size = int | tuple[int, int]


class Convolution(nn.Module):
    """A convolution, batch normalisation, and a ReLU."""

    def __init__(self, inward: int, outward: int, size: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inward, outward, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outward, EPSILON)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, inward, h, w) to (b, outward, h', w')."""
        return F.relu(self.bn(self.conv(maps)))


def _averaged(maps: Tensor) -> Tensor:
    return F.avg_pool2d(maps, 3, 1, 1)


class Mixed5(nn.Module):
    """Figure 5 of the paper: 5 x 5 as two 3 x 3."""

    def __init__(self, inward: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inward, 64, 1)
        self.branch5x5_1 = Convolution(inward, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(inward, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(inward, pooled, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, inward, h, w) to (b, 224 + pooled, h, w)."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        five = self.branch5x5_2(self.branch5x5_1(maps))
        return torch.cat([self.branch1x1(maps), five, double, self.branch_pool(_averaged(maps))], dim=1)


class Mixed6a(nn.Module):
    """The first halving."""

    def __init__(self, inward: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(inward, 384, 3, 2)
        self.branch3x3dbl_1 = Convolution(inward, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, inward, h, w) to (b, inward + 480, h // 2, w // 2), about."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        return torch.cat([self.branch3x3(maps), double, F.max_pool2d(maps, 3, 2)], dim=1)


class Mixed6(nn.Module):
    """Figure 6: 7 x 7 as rows and columns."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(768, 192, 1)
        self.branch7x7_1 = Convolution(768, inner, 1)
        self.branch7x7_2 = Convolution(inner, inner, (1, 7), padding=(0, 3))
        self.branch7x7_3 = Convolution(inner, 192, (7, 1), padding=(3, 0))
        self.branch7x7dbl_1 = Convolution(768, inner, 1)
        self.branch7x7dbl_2 = Convolution(inner, inner, (7, 1), padding=(3, 0))
        self.branch7x7dbl_3 = Convolution(inner, inner, (1, 7), padding=(0, 3))
        self.branch7x7dbl_4 = Convolution(inner, inner, (7, 1), padding=(3, 0))
        self.branch7x7dbl_5 = Convolution(inner, 192, (1, 7), padding=(0, 3))
        self.branch_pool = Convolution(768, 192, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, 768, h, w) to the same shape."""
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(maps)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(maps)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(maps), seven, double, self.branch_pool(_averaged(maps))], dim=1)


class Mixed7a(nn.Module):
    """The second halving."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(768, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, 2)
        self.branch7x7x3_1 = Convolution(768, 192, 1)
        self.branch7x7x3_2 = Convolution(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Convolution(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Convolution(192, 192, 3, 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, 768, h, w) to (b, 1280, h // 2, w // 2), about."""
        three = self.branch3x3_2(self.branch3x3_1(maps))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(maps))))
        return torch.cat([three, seven, F.max_pool2d(maps, 3, 2)], dim=1)


class Mixed7(nn.Module):
    """Figure 7: the widest."""

    def __init__(self, inward: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inward, 320, 1)
        self.branch3x3_1 = Convolution(inward, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(inward, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(inward, 192, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (b, inward, h, w) to (b, 2048, h, w)."""
        three = self.branch3x3_1(maps)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(maps))
        parts = [
            self.branch1x1(maps), self.branch3x3_2a(three), self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(_averaged(maps)),
        ]  # fmt: skip
        return torch.cat(parts, dim=1)


class Melception(nn.Module):
    """The network, with the names of its makers' checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(1, 32, 3, 2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = Mixed5(192, 32)
        self.Mixed_5c = Mixed5(256, 64)
        self.Mixed_5d = Mixed5(288, 64)
        self.Mixed_6a = Mixed6a(288)
        self.Mixed_6b = Mixed6(128)
        self.Mixed_6c = Mixed6(160)
        self.Mixed_6d = Mixed6(160)
        self.Mixed_6e = Mixed6(192)
        self.Mixed_7a = Mixed7a()
        self.Mixed_7b = Mixed7(1280)
        self.Mixed_7c = Mixed7(WIDTH)
        self.fc = nn.Linear(WIDTH, CLASSES)

    def forward(self, spectrograms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map normalised spectrograms (b, 80, frames) to what precedes the classes, and to their logits.

        Returns:
            Embeddings (b, 2048), logits without the classifier's bias (b, 309), and logits (b, 309).
        """
        maps = spectrograms.unsqueeze(1)
        for part in self.children():
            if part is not self.fc:
                maps = part(maps)
        embedding = maps.mean(dim=(2, 3))
        unbiased = embedding @ self.fc.weight.T
        return embedding, unbiased, unbiased + self.fc.bias
