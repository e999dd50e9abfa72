"""Video to the visible events in each part of the picture: how abruptly things change their motion.

What sounds is seldom motion as such but its sudden change: the hammer that stops, the ball that turns round, the lips
that close ("visual impact", Davis and Agrawala, "Visual rhythm and beat", SIGGRAPH 2018). On a picture of 64 x 64
luminances, optical flow is found by least squares on image gradients (Lucas and Kanade, IJCAI 1981) at 16 x 16 points;
the median flow, which is the camera's, is taken off; the flow is smoothed over time and differentiated. The strongest
acceleration in each of 8 x 8 tiles, put on a grid of 50 Hz, is the feature: where in the picture the sound comes from
is left open, and found by the metric as the tiles that move with it.
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, Video

ENVELOPE_RATE = 50
"""Values a second; value k stands for the time (k + 1/2) / 50."""

_SIDE, _POINTS, _TILES = 64, 16, 8
_NOMINAL = 25.0
"""Frames a second to which flow is referred: a displacement is in pixels per 1/25 s."""
_SLOWEST, _FASTEST = 12.0, 60.0
"""Frames a second between which the file's own rate is used; sampling at another would let motion stutter."""

_REGULAR = 1e-4
"""Added to the squared gradients (luminance 0..1): a flat area has no flow instead of a wild one."""
_SMOOTHING = 0.7
"""Standard deviation of the smoothing over time, in nominal frames."""
_GREATEST = 4.0
"""Pixels per nominal frame and frame at which acceleration is cut: beyond, flow is a mismatch or a change of scene."""
_LEAST = 0.15
"""Peak acceleration below which the picture counts as still. What compression and grain add to a still picture reaches
0.02 to 0.14 at usual qualities; a head that speaks in a picture of 360 x 288 reaches 0.3 and more, most scenes 1 to 4.
"""


class Motion:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="motion",
        version="1",
        takes=("video",),
        licence="Apache-2.0",
        description="acceleration of optical flow in 8 x 8 tiles at 50 Hz",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `tiles`, float32 >= 0, shape (floor(seconds * 50), 64), and its `rate`, float64 ().

        Raises:
            Unmeasurable: the video shows no motion events, or is shorter than 0.5 s.
        """
        if not isinstance(source, Video):
            raise TypeError(f"motion takes video, not {type(source).__name__}")
        fps = min(max(source.fps, _SLOWEST), _FASTEST)
        frames = source.frames(fps, (_SIDE, _SIDE), gray=True)
        if len(frames) < fps / 2:
            raise Unmeasurable(f"the video is shorter than 0.5 s ({len(frames) / fps:.2f} s)")
        changes = accelerations(frames, fps)
        if float(changes.max()) < _LEAST:
            raise Unmeasurable("the video shows no motion events")
        return {
            "tiles": _on_grid(changes, fps, int(len(frames) * ENVELOPE_RATE / fps)).astype(np.float32),
            "rate": np.asarray(float(ENVELOPE_RATE)),
        }


def accelerations(frames: np.ndarray, fps: float) -> np.ndarray:
    """Return the strongest change of flow in each tile, float64, shape (T - 2, 64).

    Args:
        frames: luminance 0..255, shape (T, 64, 64).
        fps: frames per second.

    Row i belongs to the moment of frame i + 1, in pixels per nominal frame, per nominal frame.
    """
    from scipy.ndimage import gaussian_filter1d

    per_frame = fps / _NOMINAL
    flow = _flow(frames) * per_frame
    flow -= np.median(flow, axis=(1, 2), keepdims=True)
    flow = gaussian_filter1d(flow, _SMOOTHING * per_frame, axis=0)
    change = np.minimum(np.linalg.norm(np.diff(flow, axis=0), axis=-1) * per_frame, _GREATEST)
    step = _POINTS // _TILES
    tiles = change.reshape(len(change), _TILES, step, _TILES, step).max(axis=(2, 4))
    return np.asarray(tiles.reshape(len(change), -1))


def _flow(frames: np.ndarray) -> np.ndarray:
    """Return the flow between neighbouring frames in pixels, (T - 1, 16, 16, 2)."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    smooth = gaussian_filter(frames.astype(np.float32) / 255, (0, 1, 1))
    in_time = np.diff(smooth, axis=0)
    between = (smooth[1:] + smooth[:-1]) / 2
    down, across = np.gradient(between, axis=1), np.gradient(between, axis=2)

    def around(product: np.ndarray) -> np.ndarray:
        step = _SIDE // _POINTS
        means: np.ndarray = uniform_filter(product, (0, 5, 5))
        return means[:, step // 2 :: step, step // 2 :: step].astype(np.float64)

    a, b, c = around(across**2) + _REGULAR, around(across * down), around(down**2) + _REGULAR
    p, q = around(across * in_time), around(down * in_time)
    return np.asarray(np.stack([b * q - c * p, b * p - a * q], axis=-1) / (a * c - b * b)[..., None])


def _on_grid(changes: np.ndarray, fps: float, count: int) -> np.ndarray:
    """Return (T - 2, 64) accelerations on the grid of 50 Hz, shape (count, 64), by linear interpolation."""
    wanted = (np.arange(count) + 0.5) / ENVELOPE_RATE
    have = (np.arange(len(changes)) + 1) / fps
    return np.stack([np.interp(wanted, have, tile) for tile in changes.T], axis=1)
