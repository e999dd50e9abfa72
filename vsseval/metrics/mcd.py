"""Mel-cepstral distortion: how far the spectral envelope of speech is from that of its recording, in decibels.

Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", PacRim 1993. Papers on dubbing quote
pymcd (Chen et al., V2C, CVPR 2022), whose variants differ in how frames are paired: `mcd` as they come, after filling
up the shorter sound with zeros; `mcd_dtw` along a warping path; `mcd_dtw_sl` that times the ratio of the lengths.
Unlike most definitions it includes c0, the energy; the path is found without it. It is not symmetric.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.metrics.warping import warping_path

DECIBELS = 10 / np.log(10) * np.sqrt(2)
"""Of a distance of one between mel-cepstra."""

_APART = 0.1
"""Share by which lengths may differ under VERSA's rule."""


class McdPlain:
    """`mcd@pymcd`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, cepstra: Arrays) -> Score:
        """Return the distortion in decibels.

        Args:
            cepstra: `first` and `second`, mel-cepstra (n, 14) of the two sounds.
        """
        return Score(value=distortion(cepstra["second"], cepstra["first"]))


class McdWarped:
    """`mcd_dtw@pymcd` and `mcd_dtw_sl@pymcd`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, *, times_ratio: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            times_ratio: multiply by the longer over the shorter number of frames.
        """
        self.spec = spec
        self._by_length = times_ratio

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the distortion in decibels; detail: `frames` of the path.

        Args:
            generated: `mcep` (n, 14) of the generated speech.
            reference: `mcep` (m, 14) of the recording.
        """
        there, heard = reference["mcep"], generated["mcep"]
        path = warping_path(there[:, 1:], heard[:, 1:])
        value = distortion(there[path[:, 0]], heard[path[:, 1]])
        if self._by_length:
            value *= max(len(there), len(heard)) / min(len(there), len(heard))
        return Score(value=value, detail={"frames": len(path)})


class McdVersa:
    """`mcd@versa`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the distortion in decibels.

        Args:
            generated: `mcep` (n, 40) of the generated speech.
            reference: `mcep` (m, 40) of the recording.

        Raises:
            Unmeasurable: the lengths differ by a tenth or more of their sum.
        """
        frames = common_frames(len(generated["mcep"]), len(reference["mcep"]))
        return Score(value=distortion(generated["mcep"][:frames], reference["mcep"][:frames]))


def distortion(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean over frames of the distance of mel-cepstra, in decibels.

    Args:
        a: shape (n, k), n >= 1.
        b: shape (n, k).
    """
    return float(DECIBELS * np.sqrt(np.square(a - b).sum(axis=1)).mean())


def common_frames(first: int, second: int) -> int:
    """Return the number of frames that are compared where nothing is warped: those of the shorter sound.

    Raises:
        Unmeasurable: the numbers differ by a tenth or more of their sum.
    """
    if abs(first - second) >= _APART * (first + second):
        raise Unmeasurable(
            f"the sounds last {first * 0.005:.2f} and {second * 0.005:.2f} s: too far apart to be compared frame by "
            f"frame; mcd_dtw@pymcd warps time"
        )
    return min(first, second)
