"""Faces in the pictures of a video, followed from one to the next and cut out, as SyncNet's pipeline does it.

Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016, with the published defaults
(syncnet_python, run_pipeline.py): a box is followed while it overlaps with itself by more than half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.bilinear import scaled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.networks.s3fd import S3FD

SMALLEST = 100
"""Pixels: mean width or height of a face has to be larger."""

_SURE = 0.9
_SMALLER = 4.0
"""Factor by which pictures are scaled down before faces are looked for."""
_LEAST_SIDE = 28
"""Pixels of a picture so scaled: of less, the detector's coarser layers see nothing."""
_MEAN = (123.0, 117.0, 104.0)
"""Of red, green and blue in the pictures that the detector was trained on."""
_SAME_FACE, _NEIGHBOURS = 0.3, 0.1
"""Overlap from which a box is dropped beside a surer one: first within the detector, then among what is left."""
_FOLLOWED = 0.5
"""Overlap from which a face is the one of the last picture."""
_PATIENCE = 25
"""Pictures without the face after which its track ends."""
_SIDE, _MARGIN, _GRAY = 224, 0.4, 110
_SMOOTHED = 13
"""Pictures over which the median of a box is taken."""


class Seen(NamedTuple):
    """One face in one picture."""

    place: int
    box: np.ndarray
    """Left, upper, right and lower edge, in pixels."""


class Track(NamedTuple):
    """One face through a shot."""

    first: int
    """Place of its first picture."""
    boxes: np.ndarray
    """Shape (n, 4), one for each place from the first on; in between, they are interpolated."""
    seen: int
    """In how many pictures it was found."""


def found(network: S3FD, picture: np.ndarray) -> np.ndarray:
    """Return the boxes of the faces in a picture in pixels, float64, shape (k, 4), the surest first.

    Args:
        network: the detector, on any device.
        picture: uint8, shape (height, width, 3), red first; below 110 pixels, too small for a face.
    """
    import torch

    height, width = picture.shape[:2]
    down, across = round(height / _SMALLER), round(width / _SMALLER)
    if min(down, across) < _LEAST_SIDE:
        return np.zeros((0, 4))
    small = scaled(picture, down, across, _SMALLER)
    device = network.L2Norm3_3.weight.device
    given = torch.from_numpy(small).to(device).float() - torch.tensor(_MEAN, device=device)
    with torch.inference_mode():
        boxes, sure = (answer[0].cpu().numpy() for answer in network(given.permute(2, 0, 1)[None]))
    kept = sure > _SURE
    order = np.argsort(-sure[kept], kind="stable")
    candidates = boxes[kept][order].astype(np.float64) * (width, height, width, height)
    return _apart(_apart(candidates, _SAME_FACE), _NEIGHBOURS)


def followed(faces: Sequence[Iterable[np.ndarray]], first: int, least: int) -> list[Track]:
    """Return the tracks of more than `least` faces within one shot.

    Args:
        faces: for each picture of the shot, its boxes.
        first: place of the first picture.
        least: faces that a track has to exceed.
    """
    left = [[Seen(first + place, box) for box in boxes] for place, boxes in enumerate(faces)]
    tracks = []
    while track := _next(left):
        if len(track) > least:
            places = np.array([seen.place for seen in track])
            every = np.arange(places[0], places[-1] + 1)
            edges = np.stack([seen.box for seen in track])
            boxes = np.stack([np.interp(every, places, edge) for edge in edges.T], axis=1)
            if (boxes[:, 2:] - boxes[:, :2]).mean(axis=0).max() > SMALLEST:
                tracks.append(Track(int(places[0]), boxes, len(track)))
    return tracks


def _next(left: list[list[Seen]]) -> list[Seen]:
    """Take the next track out of what is left of the faces; empty when there is none."""
    track: list[Seen] = []
    for faces in left:
        place = 0
        while place < len(faces):
            face = faces[place]
            if not track:
                track.append(faces.pop(place))
            elif face.place - track[-1].place > _PATIENCE:
                break
            elif overlap(face.box, track[-1].box[None])[0] > _FOLLOWED:
                track.append(faces.pop(place))
            # After a face was taken the original passes over its successor.
            place += 1
    return track


class Window(NamedTuple):
    """Where a face is cut out of each picture of a track: centre and half a side, in pixels, shape (n,) each."""

    across: np.ndarray
    down: np.ndarray
    half: np.ndarray


def window(track: Track) -> Window:
    """Return where to cut: the medians over 13 pictures, which are lower towards the ends of the track."""
    from scipy.signal import medfilt

    left, upper, right, lower = track.boxes.T
    half = np.maximum(lower - upper, right - left) / 2
    across, down, size = (medfilt(values, _SMOOTHED) for values in ((left + right) / 2, (upper + lower) / 2, half))
    return Window(across, down, size)


def cut_out(picture: np.ndarray, across: float, down: float, half: float) -> np.ndarray:
    """Return a face with a margin, more below than above: uint8, shape (224, 224, 3).

    Args:
        picture: uint8, shape (height, width, 3); beyond its edges, gray is seen.
        across: centre of the face, in pixels.
        down: centre of the face, in pixels.
        half: half a side of its box, in pixels.

    Raises:
        Unmeasurable: the face lies outside the picture.
    """
    border = int(half * (1 + 2 * _MARGIN))
    wide = np.pad(picture, ((border, border), (border, border), (0, 0)), constant_values=_GRAY)
    x, y, beside = across + border, down + border, half * (1 + _MARGIN)
    rows = slice(max(0, int(y - half)), max(0, int(y + half * (1 + 2 * _MARGIN))))
    columns = slice(max(0, int(x - beside)), max(0, int(x + beside)))
    face = wide[rows, columns]
    if not face.size:
        raise Unmeasurable("a face is followed out of the picture")
    return scaled(face, _SIDE, _SIDE)


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the area that a box (4,) shares with others (n, 4), as a share of what both cover, shape (n,)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    covered = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    # boxes without area share nothing that could be told: NaN is neither above nor below a bound, as in the original
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(shared / covered)


def _apart(boxes: np.ndarray, most: float) -> np.ndarray:
    """Drop every box that overlaps by more than `most` with one before it that is kept."""
    kept: list[np.ndarray] = []
    while len(boxes):
        kept.append(boxes[0])
        boxes = boxes[1:][overlap(boxes[0], boxes[1:]) <= most]
    return np.stack(kept) if kept else np.zeros((0, 4))
