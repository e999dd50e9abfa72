"""Video to the visible events in each part of the picture: how abruptly things change their motion.

What sounds is seldom motion as such but its sudden change: the hammer that stops, the ball that turns round, the lips
that close ("visual impact", Davis and Agrawala, "Visual rhythm and beat", SIGGRAPH 2018). On a picture of 64 x 64
luminances, optical flow is found by least squares on image gradients (Lucas and Kanade, IJCAI 1981) at 16 x 16 points
between frames as the file has them, each at its exact time; the median flow, which is the camera's, is taken off; the
flow is put on a grid of 50 Hz, smoothed over time and differentiated. The strongest acceleration in each of 8 x 8 tiles
is the feature: where in the picture the sound comes from is left open, and found by the metric as the tiles that move
with it.
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
"""Frames a second. A picture that stays for longer than 1/12 s is held, and then changes within that time; frames that
follow by less than 1/60 s are passed over: between them, flow is below what the gradients resolve."""
_BATCH = 256
"""Frames whose flow is computed at once."""

_REGULAR = 1e-4
"""Added to the squared gradients (luminance 0..1): a flat area has no flow instead of a wild one."""
_SMOOTHING = 0.028
"""Standard deviation of the smoothing over time, in seconds; at least 0.7 of the usual time between two frames."""
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
        version="2",
        input_kinds=("video",),
        licence="Apache-2.0",
        description="acceleration of optical flow in 8 x 8 tiles at 50 Hz, from frames at their exact times",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `tiles`, float32 >= 0, shape (floor(seconds * 50), 64), and its `rate`, float64 ().

        Raises:
            Unmeasurable: the video shows no motion events, or is shorter than 0.5 s.
        """
        if not isinstance(source, Video):
            raise TypeError(f"motion takes video, not {type(source).__name__}")
        times, frames = _frames(source)
        count = int(source.seconds * ENVELOPE_RATE + 1e-6)
        if count < ENVELOPE_RATE / 2:
            raise Unmeasurable(f"the video is shorter than 0.5 s ({source.seconds:.2f} s)")
        tiles = accelerations(frames, times, count) if len(frames) > 2 else np.zeros((count, _TILES**2))
        if float(tiles.max()) < _LEAST:
            raise Unmeasurable("the video shows no motion events")
        return {"tiles": tiles.astype(np.float32), "rate": np.asarray(float(ENVELOPE_RATE))}


def accelerations(frames: np.ndarray, times: np.ndarray, count: int) -> np.ndarray:
    """Return the strongest change of flow in each tile on the grid of 50 Hz, float64, shape (count, 64).

    Args:
        frames: luminance 0..255, shape (T, 64, 64), T > 2.
        times: seconds at which each is first shown, ascending, shape (T,).
        count: values wanted.

    In pixels per nominal frame, per nominal frame. Between two frames things are taken to move evenly, so that an
    acceleration lies where a frame is shown, or, seen by two, between them in proportion.
    """
    from scipy.ndimage import gaussian_filter1d

    speed = _on_grid(_paths(frames), times, count) * (ENVELOPE_RATE / _NOMINAL)
    deviation = max(_SMOOTHING, 0.7 * min(float(np.median(np.diff(times))), 1 / _SLOWEST))
    change = gaussian_filter1d(speed, deviation * ENVELOPE_RATE, axis=0, order=1, mode="nearest")
    change = change.reshape(count, _POINTS, _POINTS, 2) * (ENVELOPE_RATE / _NOMINAL)
    strength = np.minimum(np.linalg.norm(change, axis=-1), _GREATEST)
    step = _POINTS // _TILES
    return np.asarray(strength.reshape(count, _TILES, step, _TILES, step).max(axis=(2, 4)).reshape(count, -1))


def _frames(video: Video) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and luminances of the frames that are used: (T,) seconds, (T, 64, 64) uint8."""
    times: list[float] = []
    frames: list[np.ndarray] = []
    for second, picture in video.timed((_SIDE, _SIDE), gray=True):
        if times and second - times[-1] < 1 / _FASTEST - 2e-3:  # time stamps may be rounded to milliseconds
            continue
        times.append(second)
        frames.append(picture)
    return np.array(times), np.stack(frames)


def _paths(frames: np.ndarray) -> np.ndarray:
    """Return how far each point has come, the camera's way taken off: pixels, shape (T, 512), from zero."""
    starts = range(0, len(frames) - 1, _BATCH)
    flow = np.concatenate([_flow(frames[start : start + _BATCH + 1]) for start in starts])
    flow -= np.median(flow, axis=(1, 2), keepdims=True)
    return np.concatenate([np.zeros((1, 2 * _POINTS**2)), np.cumsum(flow.reshape(len(flow), -1), axis=0)])


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


def _on_grid(paths: np.ndarray, times: np.ndarray, count: int) -> np.ndarray:
    """Return the way that each point goes in each of `count` cells of the grid, pixels, shape (count, 512)."""
    held = np.flatnonzero(np.diff(times) > 1 / _SLOWEST)
    knots = np.insert(times, held + 1, times[held + 1] - 1 / _SLOWEST)
    paths = np.insert(paths, held + 1, paths[held], axis=0)
    edges = np.arange(count + 1) / ENVELOPE_RATE
    after = np.clip(np.searchsorted(knots, edges, "right"), 1, len(knots) - 1)
    part = np.clip((edges - knots[after - 1]) / (knots[after] - knots[after - 1]), 0.0, 1.0)[:, None]
    return np.asarray(np.diff((1 - part) * paths[after - 1] + part * paths[after], axis=0))
