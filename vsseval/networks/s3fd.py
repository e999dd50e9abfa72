"""S3FD: a picture to faces, each a box and how sure the network is of it.

Zhang et al., 'S3FD: single shot scale-invariant face detector', ICCV 2017. The parameter names are those of
sfd_face.pth, as SyncNet's pipeline loads it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (256, 512, 512, 1024, 512, 256)
"""Of the six layers from which boxes are read."""
STEPS = (4, 8, 16, 32, 64, 128)
"""Pixels between their places; a box that is neither moved nor scaled is four times as large."""
SCALES = (10.0, 8.0, 5.0)
"""To which the first three are brought before they are read, before training."""

_BACKGROUNDS = 3
"""Answers of the first layer that stand for no face: the likeliest counts."""
_MOVES, _GROWS = 0.1, 0.2
"""Variances by which answers are scaled."""
_READ_AFTER = (16, 23, 30)
"""Layers of the trunk after which the first three are read."""


class _Brought(nn.Module):
    """Scales the vector of each place to one length for each channel."""

    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Tensor) -> Tensor:
        length = x.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10
        return self.weight[:, None, None] * (x / length)


class S3FD(nn.Module):
    """The detector; a picture is a float tensor, red first, with the mean of its training pictures taken off."""

    def __init__(self) -> None:
        super().__init__()
        self.vgg = nn.ModuleList(_trunk())
        self.L2Norm3_3, self.L2Norm4_3, self.L2Norm5_3 = (
            _Brought(width, scale) for width, scale in zip(WIDTHS, SCALES, strict=False)
        )
        self.extras = nn.ModuleList([
            nn.Conv2d(1024, 256, 1),
            nn.Conv2d(256, 512, 3, 2, 1),
            nn.Conv2d(512, 128, 1),
            nn.Conv2d(128, 256, 3, 2, 1),
        ])  # fmt: skip
        self.loc = nn.ModuleList(nn.Conv2d(width, 4, 3, padding=1) for width in WIDTHS)
        self.conf = nn.ModuleList(
            nn.Conv2d(width, 2 if level else _BACKGROUNDS + 1, 3, padding=1) for level, width in enumerate(WIDTHS)
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Look for faces.

        Args:
            pictures: shape (n, 3, h, w).

        Returns:
            Boxes (n, places, 4), left, upper, right and lower edge as shares of width and height; and how sure each
            is, (n, places), in [0, 1].
        """
        height, width = pictures.shape[2:]
        boxes, sure = [], []
        for level, found in enumerate(self._levels(pictures)):
            answers = self.conf[level](found)
            background = answers[:, :-1].amax(dim=1)
            sure.append(torch.softmax(torch.stack([background, answers[:, -1]]), dim=0)[1].flatten(1))
            offsets = self.loc[level](found).permute(0, 2, 3, 1).flatten(1, 2)
            boxes.append(_boxes(offsets, _priors(found, STEPS[level], height, width)))
        return torch.cat(boxes, dim=1), torch.cat(sure, dim=1)

    def _levels(self, x: Tensor) -> list[Tensor]:
        levels = []
        norms = dict(zip(_READ_AFTER, (self.L2Norm3_3, self.L2Norm4_3, self.L2Norm5_3), strict=True))
        for place, layer in enumerate(self.vgg):
            if place in norms:
                levels.append(norms[place](x))
            x = layer(x)
        levels.append(x)
        for place, layer in enumerate(self.extras):
            x = F.relu(layer(x))
            if place % 2:
                levels.append(x)
        return levels


def _trunk() -> list[nn.Module]:
    layers: list[nn.Module] = []
    before = 3
    for group, (width, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for _ in range(count):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            before = width
        # only after the third group an odd line is kept
        layers.append(nn.MaxPool2d(2, 2, ceil_mode=group == 2))
    return [*layers, nn.Conv2d(512, 1024, 3, padding=6, dilation=6), nn.ReLU(), nn.Conv2d(1024, 1024, 1), nn.ReLU()]


def _priors(found: Tensor, step: int, height: int, width: int) -> Tensor:
    """Return the boxes of a level before they are moved: centre and size, as shares, shape (places, 4)."""
    rows, columns = (torch.arange(size, device=found.device) for size in found.shape[2:])
    down, across = torch.meshgrid((rows + 0.5) * step / height, (columns + 0.5) * step / width, indexing="ij")
    sizes = (torch.full_like(across, 4 * step / size) for size in (width, height))
    return torch.stack([across, down, *sizes], dim=-1).flatten(0, 1)


def _boxes(offsets: Tensor, priors: Tensor) -> Tensor:
    centres = priors[:, :2] + offsets[..., :2] * _MOVES * priors[:, 2:]
    sizes = priors[:, 2:] * torch.exp(offsets[..., 2:] * _GROWS)
    corner = centres - sizes / 2
    return torch.cat([corner, corner + sizes], dim=-1)
