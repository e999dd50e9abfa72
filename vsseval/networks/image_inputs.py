"""What image networks are given: 224 by 224 pixels, scaled and cut as torchvision does; CLIP's normalisation."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SIZE = 224
"""Height and width, in pixels, of what the networks see."""
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""Radford et al., 'Learning transferable visual models from natural language supervision', 2021: their code's."""


def short_side(picture: np.ndarray) -> Tensor:
    """Scale the shorter side to 224, as torchvision does: bicubic, antialiased, rounded to whole numbers.

    Args:
        picture: uint8, shape (height, width, 3).

    Returns:
        uint8, shape (3, height, width); the longer side is cut to a whole number of pixels.
    """
    image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    short, long = sorted(image.shape[1:])
    longer = int(SIZE * long / short)
    size = (SIZE, longer) if image.shape[1] == short else (longer, SIZE)
    if size != image.shape[1:]:
        image = F.interpolate(image[None], size, mode="bicubic", antialias=True)[0]
    return image


def centre_cut(image: Tensor) -> Tensor:
    """Cut the centre out of (..., height, width), neither below 224: (..., 224, 224), halves to the even pixel."""
    top, left = (round((length - SIZE) / 2) for length in image.shape[-2:])
    return image[..., top : top + SIZE, left : left + SIZE]
