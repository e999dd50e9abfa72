"""Video to the mean magnitude of optical flow between its frames, as AV-Align measures motion.

Farnebäck's dense flow (SCIA 2003) in OpenCV, at the video's own size and rate, averaged over the picture (Yariv et al.,
AAAI 2024, evaluation script of TempoTokens). OpenCV is in the extra `papers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, Video
from vsseval.networks.optional_packages import import_offline

PYRAMID, LEVELS, WINDOW, ITERATIONS, NEIGHBOURHOOD, DEVIATION = 0.5, 3, 15, 3, 5, 1.2
"""Of Farnebäck's method, as in the script: scale, levels, window, iterations, size and width of the polynomials."""


class Flow:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="flow",
        version="1",
        input_kinds=("video",),
        licence="Apache-2.0 (OpenCV: Apache-2.0)",
        description="mean magnitude of Farnebäck's optical flow, frame by frame",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `magnitude`, float32 (n,), pixels per frame, the first repeated; and `fps`, float64 ().

        Value i is of the flow that leads to frame i.

        Raises:
            Unmeasurable: the video has fewer than three frames: no frame lies between two others.
            MissingExtra: OpenCV is not installed.
        """
        if not isinstance(source, Video):
            raise TypeError(f"flow takes video, not {type(source).__name__}")
        cv2 = import_offline("cv2", "flow")
        magnitudes: list[float] = []
        before: np.ndarray | None = None
        for shown in source.each():
            gray = np.asarray(cv2.cvtColor(np.ascontiguousarray(shown.picture()), cv2.COLOR_RGB2GRAY))
            if before is not None:
                magnitudes.append(_magnitude(cv2, before, gray))
            before = gray
        if len(magnitudes) < 2:
            raise Unmeasurable(f"the video has {len(magnitudes) + (before is not None)} frames, too few for a peak")
        return {
            "magnitude": np.array([magnitudes[0], *magnitudes], np.float32),
            "fps": np.asarray(float(source.fps)),
        }


def _magnitude(cv2: Any, before: np.ndarray, after: np.ndarray) -> float:
    """Return the mean length of the flow from one gray picture to the next, in pixels."""
    flow = cv2.calcOpticalFlowFarneback(
        before, after, None, PYRAMID, LEVELS, WINDOW, ITERATIONS, NEIGHBOURHOOD, DEVIATION, 0
    )
    return float(cv2.mean(cv2.magnitude(flow[..., 0], flow[..., 1]))[0])
