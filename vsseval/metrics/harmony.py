"""How well a sound fits the pictures of a video one by one: cosines in ImageBind's space, over all of it or in windows.

AVHScore (Mao et al., TAVGBench, 2024) is the mean over all pictures of their cosine with the whole sound. JavisScore
(Liu et al., JavisDiT, 2025) looks at windows of 2 s that follow each other by 0.5 s: of the cosines of their pictures
with their sound the lowest two fifths are averaged, and the windows after that. Both as in JavisDiT's
eval/javisbench/src/metrics.py: windows of pictures and of sound are counted off apart, and the longer row is cut.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

WINDOW, OVERLAP = 2.0, 1.5
"""Seconds."""
LOWEST = 0.4
"""Share of the pictures of a window that counts."""


class FrameHarmony:
    """`avh_score@javisbench`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the mean cosine, -1 to 1; detail: `pictures`.

        Args:
            sound: `whole` (d,).
            picture: `frames` (T, d).

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they differ in length.
        """
        found = cosines(picture["frames"], sound["whole"])
        return Score(value=float(found.mean()), detail={"pictures": len(found)})


class WindowHarmony:
    """`javis_score@javisbench`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the mean over windows, -1 to 1; detail: `windows`, and `least`, the lowest of them.

        Args:
            sound: `whole` (d,) and `windows` (M, d), none where the sound is no longer than one.
            picture: `frames` (T, d) and `fps` ().

        Raises:
            Unmeasurable: a window has fewer than three pictures, of which none are two fifths; an embedding is zero,
                NaN or infinite, or they differ in length.
        """
        frames, heard = np.asarray(picture["frames"]), np.asarray(sound["windows"])
        fps = float(picture["fps"])
        size, overlap = int(WINDOW * fps), int(OVERLAP * fps)
        if len(frames) <= size or not len(heard):
            places, heard = [(0, len(frames))], np.asarray(sound["whole"])[None]
        else:
            places = windows(len(frames), size, size - overlap)
        counted = int((places[0][1] - places[0][0]) * LOWEST)
        if not counted:
            raise Unmeasurable(f"{places[0][1] - places[0][0]} pictures to a window are too few: two fifths are none")
        pairs = zip(places, heard, strict=False)  # whichever has more windows, its last ones are not looked at
        found = [np.sort(cosines(frames[start:stop], one))[:counted].mean() for (start, stop), one in pairs]
        return Score(value=float(np.mean(found)), detail={"windows": len(found), "least": float(min(found))})


def windows(length: int, size: int, step: int) -> list[tuple[int, int]]:
    """Return where windows begin and stop; the last one ends with what is cut up, `length` > `size` > 0."""
    begin = [*range(0, length - size, max(step, 1)), length - size]
    return [(start, start + size) for start in begin]


def cosines(many: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Return the cosine of each row of (n, d) with (d,), float64, shape (n,).

    Raises:
        Unmeasurable: they differ in length, or one has no direction.
    """
    if many.ndim != 2 or many.shape[1:] != one.shape or not len(many):
        raise Unmeasurable(f"embeddings of shape {many.shape} and {one.shape} are not of the same network")
    x, y = np.asarray(many, np.float64), np.asarray(one, np.float64)
    norms = np.linalg.norm(x, axis=1) * np.linalg.norm(y)
    if not np.isfinite(norms).all() or not norms.all():
        raise Unmeasurable("an embedding is zero, NaN or infinite, and has no direction")
    return np.asarray(np.clip(x @ y / norms, -1.0, 1.0))
