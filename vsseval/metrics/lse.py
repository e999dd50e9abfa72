"""How well lips and speech go together, as SyncNet judges: LSE-D, a distance, and LSE-C, a confidence.

Prajwal et al., 'A lip sync expert is all you need for speech to lip generation in the wild', ACM MM 2020, on the
vectors of SyncNet (Chung and Zisserman, 2016). For each shift of up to 15 pictures (0.6 s) to either side, the
distances between lips and speech are averaged; LSE-D is the least of the 31 means, LSE-C their median minus the least.

Where a shift reaches beyond the ends of the speech, the distance is that to a vector of zeros, as in the original: the
shorter the clip, the more of the means are made of such distances. Numbers of clips of different length do not
compare.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable

SHIFT = 15
"""Pictures."""

_NUDGE = 1e-6
"""Added to every difference, as `torch.nn.functional.pairwise_distance` does."""
_CITATION = (
    "Prajwal et al., 'A lip sync expert is all you need for speech to lip generation in the wild', ACM MM 2020; "
    "Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016"
)


class Agreement(NamedTuple):
    """What SyncNet says of one stretch of lips and speech."""

    distance: float
    """LSE-D."""
    confidence: float
    """LSE-C."""
    offset: int
    """Pictures by which the sound comes early."""


class LSE:
    """Satisfies `SampleMetric`."""

    def __init__(self, kind: Literal["c", "d"]) -> None:
        """Choose the confidence (c) or the distance (d)."""
        self.kind = kind
        self.spec = MetricSpec(
            name=f"lse_{kind}",
            recipe="wav2lip-lrs",
            version="1",
            inputs={
                "lips": Feature(extractor="syncnet", of=Need.VIDEO),
                "sound": Feature(extractor="syncnet", of=Need.AUDIO),
            },
            direction="higher" if kind == "c" else "lower",
            unit="",
            description=f"SyncNet's {'confidence' if kind == 'c' else 'distance'} over shifts of 15 pictures, "
            "the whole picture taken as the mouth, mean over clips",
            citation=_CITATION,
            least=0.0,
        )

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
        value = found.confidence if self.kind == "c" else found.distance
        return Score(value=value, detail={"offset_pictures": found.offset})


def lse_c_lrs() -> LSE:
    """Return LSE-C of whole pictures."""
    return LSE("c")


def lse_d_lrs() -> LSE:
    """Return LSE-D of whole pictures."""
    return LSE("d")


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
