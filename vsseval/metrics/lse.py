"""How well lips and speech go together, as SyncNet judges: LSE-D, a distance, and LSE-C, a confidence.

Prajwal et al., 'A lip sync expert is all you need for speech to lip generation in the wild', ACM MM 2020, on the
vectors of SyncNet (Chung and Zisserman, 2016). For each shift of up to 15 pictures (0.6 s) to either side, the
distances between lips and speech are averaged; LSE-D is the least of the 31 means, LSE-C their median minus the least.

Two kinds of recipe that do not compare: of `@wav2lip-lrs` the whole picture is the mouth, for clips that are cut to a
face; of `@wav2lip-real` and `@syncnet-track50` it is each face that is followed through a shot. In more than 100
pictures (4 s) the published pipeline asks to find a face, so that of GRID's clips of 75 it scores none; the second
asks for more than 50, and so does `@vssflow`, whose authors score GRID and do not say what they ask for.

Where a shift reaches beyond the ends of the speech, the distance is that to a vector of zeros, as in the original: the
shorter the clip, the more of the means are made of such distances. Numbers of clips of different length do not
compare.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

Measure = Literal["confidence", "distance"]

SHIFT = 15
"""Pictures."""

_NUDGE = 1e-6
"""Added to every difference, as `torch.nn.functional.pairwise_distance` does."""


class Agreement(NamedTuple):
    """What SyncNet says of one segment of lips and speech."""

    distance: float
    """LSE-D."""
    confidence: float
    """LSE-C."""
    offset: int
    """Pictures by which the sound comes early."""


class LSE:
    """The whole picture is the mouth; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `lips` and `sound`.
            measure: LSE-C, the confidence, or LSE-D, the distance.
        """
        self.spec = spec
        self._measure = measure

    def score(self, lips: Arrays, sound: Arrays) -> Score:
        """Score one clip; what is longer of the two is cut at its end.

        Args:
            lips: `embeddings`, shape (n, 1024).
            sound: `embeddings`, shape (m, 1024).

        Returns:
            The value; as detail by how many pictures of 1/25 s the sound comes early.

        Raises:
            Unmeasurable: one holds nothing, or NaN.
        """
        count = min(len(lips["embeddings"]), len(sound["embeddings"]))
        found = agreement(lips["embeddings"][:count], sound["embeddings"][:count])
        value = found.confidence if self._measure == "confidence" else found.distance
        return Score(value=value, detail={"offset_pictures": found.offset})


class TrackedLSE:
    """Each face that is followed through a shot; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure, pictures: int) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `lips` and `sound`.
            measure: LSE-C, the confidence, or LSE-D, the distance.
            pictures: in more than how many of a shot a face has to be found.
        """
        self.spec = spec
        self._measure, self._pictures = measure, pictures

    def score(self, lips: Arrays, sound: Arrays) -> Score:
        """Score one clip.

        Args:
            lips: `embeddings`, shape (n, 1024), and `tracks`, shape (k, 3), as `syncnet_faces` gives them.
            sound: `embeddings`, shape (m, 1024).

        Returns:
            The mean over the clip's tracks, weighted by their number: the whole is the mean over all tracks, as of the
            original's list. As detail their number, and the offset of the longest.

        Raises:
            Unmeasurable: no face is found in enough pictures while there is sound, or a vector is NaN.
        """
        found: list[tuple[int, Agreement]] = []
        begin = 0
        for first, windows, seen in np.asarray(lips["tracks"]).tolist():
            own, heard = lips["embeddings"][begin : begin + windows], sound["embeddings"][first : first + windows]
            begin += windows
            if seen > self._pictures and len(heard):
                found.append((seen, agreement(own[: len(heard)], heard)))
        if not found:
            raise Unmeasurable(
                f"no face is found in more than {self._pictures} pictures ({self._pictures / 25:g} s) of one shot"
            )
        values = [one.confidence if self._measure == "confidence" else one.distance for _, one in found]
        longest = max(found, key=lambda pair: pair[0])[1]
        detail: dict[str, float | int | str] = {"tracks": len(found), "offset_pictures": longest.offset}
        return Score(value=float(np.mean(values)), weight=float(len(found)), detail=detail)


def agreement(lips: np.ndarray, sound: np.ndarray, shift: int = SHIFT) -> Agreement:
    """Compare lips with speech at every shift.

    Args:
        lips: shape (n >= 1, d).
        sound: shape (n, d).
        shift: greatest, to either side.

    Raises:
        Unmeasurable: there is no row, or a number is not finite.
    """
    means = distances(lips, sound, shift).mean(axis=0)
    if not np.isfinite(means).all():
        raise Unmeasurable("SyncNet's vectors are not finite: its weights are damaged, or not its own")
    best = int(means.argmin())
    # of an even number of means the lower middle one, as torch.median; 2 * shift + 1 is odd
    return Agreement(float(means[best]), float(np.median(means) - means[best]), shift - best)


def distances(lips: np.ndarray, sound: np.ndarray, shift: int = SHIFT) -> np.ndarray:
    """Return the Euclidean distances of each row of lips to the rows of sound around it, shape (n, 2 * shift + 1).

    Column j compares row i with row i + j - shift, or with zeros where there is no such row.

    Raises:
        Unmeasurable: there is no row.
    """
    if not len(lips) or not len(sound):
        raise Unmeasurable("there is not one window of SyncNet")
    padded = np.pad(sound.astype(np.float64), ((shift, shift), (0, 0)))
    rows = np.arange(len(lips))
    columns = [
        np.linalg.norm(lips - padded[rows + place] + _NUDGE, axis=1)
        for place in range(2 * shift + 1)
    ]  # fmt: skip
    return np.stack(columns, axis=1)
