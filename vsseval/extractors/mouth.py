"""A video to how far the mouth of the face in it is open, at every twenty-fifth of a second.

Faces are looked for in every fifth picture, by MediaPipe's detector; between, the box goes on evenly while it overlaps
with the next one. In every picture, its face mesh says where the lips are. Of several faces the one is followed that is
the largest where it is first seen, so that nothing is said of a conversation.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors import face_points
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, Video, computed_on
from vsseval.extractors.face_points import Face
from vsseval.extractors.faces import overlap
from vsseval.extractors.network import full_precision
from vsseval.extractors.pictures import at_rate
from vsseval.weights import shipped as weights
from vsseval.weights.verify import joint_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from vsseval.networks.blaze_face import BlazeFace
    from vsseval.networks.face_mesh import FaceMesh

T = TypeVar("T")
N = TypeVar("N", bound="nn.Module")

FPS = Fraction(25)
"""Values a second; value k stands for the picture that is shown from k / 25 s on."""
WEIGHTS = {
    "blaze_face.safetensors": "1ca58077e81c6c9316d65b0e33812137a69278502d87f3a7a42882872c697ab8",
    "face_mesh.safetensors": "32f7eab932fb42d183a23ca6a1ccaab5f04d77849162d8d03b2b971fc8dc801c",
}

_EVERY = 5
"""Pictures from one in which faces are looked for to the next."""
_FOLLOWED = 0.3
"""Overlap from which a box is of the same face."""
_UPPER_LIP, _LOWER_LIP, _RIGHT, _LEFT, _FOREHEAD, _CHIN = 13, 14, 78, 308, 10, 152
"""Points of the mesh: the inner edges of the lips in the middle, their inner corners, and the ends of the face."""
_AT_ONCE = 8
"""Pictures to a forward."""


class MouthOpening:
    """`opening`, float32, (n,), NaN where no face is seen; `rate`, float64, (). Satisfies `Extractor`.

    The opening is the distance of the inner edges of the lips over that of forehead and chin, about 0 to 0.3.
    """

    device = "cpu"

    def __init__(self) -> None:
        """Declare; nothing is loaded before the first video."""
        self.spec = ExtractorSpec(
            name="mouth",
            version="1",
            input_kinds=("video",),
            weights=joint_sha256(WEIGHTS),
            licence="Apache-2.0",
            description="opening of the mouth at 25 Hz by MediaPipe's detector (full range) and face mesh",
        )

    def on(self, device: str) -> None:
        """Choose where the networks run, before their first use."""
        self.device = device
        self.spec = computed_on(self.spec, device)

    @cached_property
    def detector(self) -> BlazeFace:
        """The detector of faces, built at its first use."""
        from vsseval.networks.blaze_face import BlazeFace

        return _loaded(BlazeFace(), "blaze_face.safetensors", self.device)

    @cached_property
    def mesh(self) -> FaceMesh:
        """The network of the points of a face, built at its first use."""
        from vsseval.networks.face_mesh import FaceMesh

        return _loaded(FaceMesh(), "face_mesh.safetensors", self.device)

    def extract(self, source: Source) -> Arrays:
        """Return the opening at every picture.

        Raises:
            Unmeasurable: no face is seen in any picture.
        """
        if not isinstance(source, Video):
            raise TypeError(f"mouth takes video, not {type(source).__name__}")
        opening = self.shape(source)[:, 0]
        if not np.isfinite(opening).any():
            raise Unmeasurable("no face is seen in the video")
        return {"opening": opening.astype(np.float32), "rate": np.asarray(float(FPS))}

    def shape(self, video: Video) -> np.ndarray:
        """Return opening and width of the mouth over the height of the face, (n, 2); NaN where no face is seen."""
        with full_precision():
            seen = followed(self._found(video))
            return np.concatenate([np.zeros((0, 2)), *self._shapes(video, seen)])

    def _found(self, video: Video) -> list[list[Face]]:
        """Return the faces in every fifth picture."""
        chosen = (one.picture for one in _places(video) if one.place % _EVERY == 0)
        return [faces for pictures in _portions(chosen) for faces in face_points.found(self.detector, pictures)]

    def _shapes(self, video: Video, seen: Sequence[Face | None]) -> Iterator[np.ndarray]:
        """Yield opening and width at every picture, in portions."""
        for portion in _portions(_places(video)):
            faces = [at(seen, one.place) for one in portion]
            shape = np.full((len(portion), 2), np.nan)
            there = [index for index, face in enumerate(faces) if face is not None]
            if there:
                crops = [
                    face_points.cut_out(one.picture, face)
                    for one, face in zip(portion, faces, strict=True)
                    if face is not None
                ]
                points = face_points.points(self.mesh, crops)
                shape[there] = np.stack([openings(points), widths(points)], axis=1)
            yield shape


class _Place(NamedTuple):
    """A picture, and where on the grid of 25 Hz it is shown."""

    place: int
    picture: np.ndarray


def openings(points: np.ndarray) -> np.ndarray:
    """Return the opening of each mouth (n,) from points (n, 468, 3): lips over face, as seen in the picture."""
    return np.asarray(_apart(points, _UPPER_LIP, _LOWER_LIP) / _apart(points, _FOREHEAD, _CHIN))


def widths(points: np.ndarray) -> np.ndarray:
    """Return the width of each mouth (n,) from points (n, 468, 3), over the height of the face."""
    return np.asarray(_apart(points, _RIGHT, _LEFT) / _apart(points, _FOREHEAD, _CHIN))


def _apart(points: np.ndarray, one: int, other: int) -> np.ndarray:
    return np.asarray(np.linalg.norm(points[:, one, :2] - points[:, other, :2], axis=1))


def followed(found: Sequence[Sequence[Face]]) -> list[Face | None]:
    """Return one face of each picture: the one that overlaps most with the last, or else the largest."""
    chosen: list[Face | None] = []
    last: Face | None = None
    for faces in found:
        near = [face for face in faces if last is not None and _same(last, face)]
        face = max(near or faces, key=lambda face: face.area, default=None)
        chosen.append(face)
        last = face or last
    return chosen


def at(seen: Sequence[Face | None], place: int) -> Face | None:
    """Return the face at a place between the pictures in which faces were looked for; None where there is none."""
    before, share = divmod(place, _EVERY)
    after = min(before + 1, len(seen) - 1)
    one, other = seen[before], seen[after]
    if one is None or other is None or not _same(one, other):
        return one if share <= _EVERY // 2 else other
    weight = share / _EVERY
    return Face((1 - weight) * one.numbers + weight * other.numbers, min(one.score, other.score))


def _same(one: Face, other: Face) -> bool:
    return bool(overlap(one.box, other.box[None])[0] > _FOLLOWED)


def _places(video: Video) -> Iterator[_Place]:
    place = 0
    for places, picture in at_rate(video, FPS):
        for _ in range(places):
            yield _Place(place, picture)
            place += 1


def _portions(items: Iterator[T]) -> Iterator[list[T]]:
    while portion := [*itertools.islice(items, _AT_ONCE)]:
        yield portion


def _loaded(network: N, file: str, device: str) -> N:
    import torch

    network.load_state_dict(weights.load(file, WEIGHTS[file]))
    placed: N = network.eval().requires_grad_(requires_grad=False).to(device)
    if device == "cpu":
        # half as fast again: the convolutions of single channels read what lies together
        placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed
