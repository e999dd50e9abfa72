"""Whom a sound follows, the words or the picture, where the words contradict the picture (VGGSound-TVC).

ControlFoley (arXiv 2604.15086) prints CLAP and IB scores by level of conflict: a system that can be steered keeps the
first and lets go of the second. Here each clip is compared with the clip of the same video without a conflict, so that
the interval is one of paired differences.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Rows, Unmeasurable
from vsseval.metrics.vector_sets import check_vectors

AGREED = "L0"
"""The level whose words say what is seen."""
_BITS = 52
"""Of the number that stands for a video's name: float64 keeps them."""


class TextConflict:
    """`follows_text`, `clap_change` and `ib_change` of one level; satisfies `RowsMetric`."""

    kind: Final = "rows"

    def __init__(self, spec: MetricSpec, level: str, measure: Literal["follows", "change"]) -> None:
        """Build it.

        Args:
            spec: the metric.
            level: of conflict, as ids end behind `__`.
            measure: `follows`, the share of sounds that are nearer to their own words than to what is seen; `change`,
                by how much the cosine of sound and condition is greater than without a conflict.
        """
        self.spec = spec
        self._level = level
        self._measure = measure

    def rows(self, sound: Arrays, condition: Arrays, conflict: str) -> Rows:
        """Return both embeddings as unit vectors, (1, d), the video's number and whether there is a conflict, (1, 1).

        Clips of other levels have no rows.

        Args:
            sound: `embedding` (d,) of the generated sound.
            condition: `embedding` (d,) of the words or of the picture, in the same space.
            conflict: the clip's id, `<video>__<level>`.

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they are of different length.
        """
        video, _, level = conflict.rpartition("__")
        sides = [np.asarray(side["embedding"], np.float64).reshape(1, -1) for side in (sound, condition)]
        check_vectors(*sides)
        lengths = [float(np.linalg.norm(side)) for side in sides]
        if not all(lengths):
            raise Unmeasurable("an embedding is zero: it has no direction")
        number = int.from_bytes(hashlib.sha256(video.encode()).digest()[:8], "big") >> (64 - _BITS)
        found = {
            "sound": sides[0] / lengths[0], "condition": sides[1] / lengths[1],
            "video": np.array([[float(number)]]), "against": np.array([[float(level != AGREED)]]),
        }  # fmt: skip
        return found if level in {AGREED, self._level} else {name: array[:0] for name, array in found.items()}

    def value(self, rows: Rows) -> float:
        """Return the mean over videos of which both clips are there: 0 to 1 of `follows`, -2 to 2 of `change`.

        Raises:
            Unmeasurable: there is none.
        """
        videos, against = rows["video"][:, 0], rows["against"][:, 0] > 0
        agreed_at = {video: place for place, video in enumerate(videos) if not against[place]}
        places = [
            (agreed_at[video], place) for place, video in enumerate(videos) if against[place] and video in agreed_at
        ]
        if not places:
            raise Unmeasurable(f"there is no video of which both {AGREED} and {self._level} have a sound")
        agreed, conflict = np.asarray(places).T
        sound, condition = rows["sound"], rows["condition"]
        own = (sound[conflict] * condition[conflict]).sum(axis=1)
        if self._measure == "follows":
            seen = (sound[conflict] * condition[agreed]).sum(axis=1)
            return float(np.mean((own > seen) + 0.5 * (own == seen)))
        return float(np.mean(own - (sound[agreed] * condition[agreed]).sum(axis=1)))
