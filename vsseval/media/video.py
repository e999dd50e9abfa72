"""Pictures: one sequential pass over a video, sampled at a fixed rate on the container clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.probe import (
    Probe,
    clock_zero,
    decoded,
    opened,
    probe,
    require_length,
    require_video,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["MAX_BYTES", "Shown", "Video"]

MAX_BYTES = 2 * 1024**3
"""Greatest array that `Video.frames` returns; longer or larger videos are for `Video.stream`."""

_EPSILON = 1e-6
"""Seconds. i / fps in floating point falls just short of some time stamps (4.6, 8.2, 9.2 s) without it."""

_COARSE_TICK = 1e-3
"""Seconds. Matroska rounds time stamps to this; there, half a tick is within rounding."""


class Shown(NamedTuple):
    """One frame of a file, its picture made only where it is asked for."""

    start: Fraction
    """Time stamp in seconds, exactly as the file counts them: the container clock may start elsewhere."""
    stop: Fraction
    """Where the frame's own duration ends, on the same count."""
    frame: Any

    def picture(self) -> np.ndarray:
        """Return the picture in its own size, upright: uint8, shape (height, width, 3), red first."""
        return _picture(self.frame, None, gray=False)


class Video:
    """A video file: opened for its header, decoded anew by each call of `frames`, `stream` or `each`."""

    def __init__(self, path: Path | str, start: float = 0.0, seconds: float | None = None) -> None:
        """Read the header.

        Args:
            path: the file.
            start: second of the container clock at which the video begins: time zero of all that is returned.
            seconds: how long it is at most; None reaches to the end.

        Raises:
            Unmeasurable: the file is missing, empty, unreadable, has no video stream, or ends before `start`.
        """
        self.path = Path(path)
        self.probe: Probe = probe(self.path)
        if not self.probe.has_video:
            raise Unmeasurable(f"{self.path.name}: holds no video stream")
        self.start = start
        self._whole = not start and seconds is None
        left = self.probe.seconds - start
        if left <= 0:
            raise Unmeasurable(f"{self.path.name}: ends at {self.probe.seconds:.2f} s, before {start:.2f} s")
        self._seconds = left if seconds is None else min(left, seconds)

    @property
    def seconds(self) -> float:
        """Length: the end of the video stream on the container clock, or of the stretch that was asked for."""
        return self._seconds

    @property
    def fps(self) -> float:
        """Average frame rate of the file."""
        return self.probe.fps

    def frames(self, fps: float = 25.0, size: tuple[int, int] | None = None, *, gray: bool = False) -> np.ndarray:
        """Return the frames at `fps`, whatever the rate of the file.

        Frame i is the one shown at i / fps: the last whose time stamp is at or before it (before the first
        frame, the first). Pictures are turned upright, and scaled by area averaging downwards, bicubic
        upwards.

        Args:
            fps: frames per second wanted.
            size: (height, width) wanted; None keeps the file's.
            gray: luminance only.

        Returns:
            uint8, shape (round(seconds * fps), height, width, 3), red first; or (..., height, width) if gray.

        Raises:
            Unmeasurable: no frame is readable; less than nine tenths of the declared seconds are; or the
                array would exceed `MAX_BYTES`.
        """
        height, width = size or (self.probe.height, self.probe.width)
        count = self._count(fps)
        shape = (count, height, width) if gray else (count, height, width, 3)
        needed = int(np.prod(shape, dtype=np.int64))
        if needed > MAX_BYTES:
            raise Unmeasurable(
                f"{self.path.name}: {self.seconds:.0f} s at {width}x{height} and {fps:g} frames/s need "
                f"{needed / 1024**3:.1f} GiB, more than the {MAX_BYTES / 1024**3:.0f} GiB allowed: "
                f"use a shorter clip"
            )
        out = np.empty(shape, np.uint8)
        for index, picture in enumerate(self.stream(fps, (height, width), gray=gray)):
            out[index] = picture
        return out

    def stream(
        self, fps: float = 25.0, size: tuple[int, int] | None = None, *, gray: bool = False
    ) -> Iterator[np.ndarray]:
        """Yield what `frames` returns, one picture at a time, in constant memory.

        The same array may be yielded more than once; it is to be read only.
        """
        count, done = self._count(fps), 0
        shown: np.ndarray | None = None
        end = 0.0
        with opened(self.path) as container:
            stream = require_video(container, self.path)
            stream.thread_type = "AUTO"
            zero = clock_zero(container) + self.start
            tick = float(stream.time_base)
            slack = tick / 2 + _EPSILON if tick >= _COARSE_TICK else _EPSILON
            shape = size or (self.probe.height, self.probe.width)
            pending: Any = None
            for start, stop, frame in _timed(container, stream, self.fps or fps):
                at, end = float(start) - zero, float(stop) - zero
                while pending is not None and done < count and done / fps + slack < at:
                    shown = _picture(pending, shape, gray=gray) if shown is None else shown
                    yield shown
                    done += 1
                if done == count and not self._whole:
                    return
                pending, shown = frame, None
            if pending is None:
                raise Unmeasurable(f"{self.path.name}: the video has no readable frame")
            require_length(self.path, end, self.seconds)
            shown = _picture(pending, shape, gray=gray)
        for _ in range(done, count):
            yield shown

    def each(self) -> Generator[Shown, None, None]:
        """Yield every frame once, in order of presentation, in constant memory; of a stretch, those shown within it.

        Raises:
            Unmeasurable: no frame is readable, or less than nine tenths of the declared seconds are. Who stops
                before the end learns nothing about what follows.
        """
        shown: Shown | None = None
        with opened(self.path) as container:
            stream = require_video(container, self.path)
            stream.thread_type = "AUTO"
            zero = clock_zero(container) + self.start
            for shown in _timed(container, stream, self.fps or 25.0):
                if not self._whole and float(shown.stop) - zero <= _EPSILON:
                    continue
                if not self._whole and float(shown.start) - zero >= self.seconds - _EPSILON:
                    return
                yield shown
            if shown is None:
                raise Unmeasurable(f"{self.path.name}: the video has no readable frame")
            require_length(self.path, float(shown.stop) - zero, self.seconds)

    def timed(
        self, size: tuple[int, int] | None = None, *, gray: bool = False
    ) -> Generator[tuple[float, np.ndarray], None, None]:
        """Yield every frame of `each` as the second of the video at which it is first shown, exactly, and its picture.

        Args:
            size: (height, width) wanted; None keeps the file's.
            gray: luminance only.

        Yields:
            Seconds from the video's time zero (the first frame of a stretch may lie before it), and uint8, shape
            (height, width, 3), red first; or (height, width) if gray.

        Raises:
            Unmeasurable: as `each`.
        """
        with opened(self.path) as container:
            zero = clock_zero(container) + self.start
        for shown in self.each():
            yield float(shown.start) - zero, _picture(shown.frame, size, gray=gray)

    def _count(self, fps: float) -> int:
        if fps <= 0:
            raise ValueError(f"fps must be positive, not {fps}")
        return max(1, round(self.seconds * fps))


def _timed(container: Any, stream: Any, fps: float) -> Iterator[Shown]:
    """Yield the decoded frames with their times; one without a stamp starts where the last one ended."""
    stop = Fraction(clock_zero(container))
    for frame in decoded(container, stream):
        start = stop if frame.pts is None else Fraction(frame.pts * frame.time_base)
        stop = start + ((frame.duration or 0) * stream.time_base or 1 / Fraction(fps))
        yield Shown(start, stop, frame)


def _picture(frame: Any, size: tuple[int, int] | None, *, gray: bool) -> np.ndarray:
    """Return a decoded frame as uint8 of the size wanted (None: its own), upright."""
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as numpy's rot90
    if size is None:
        height, width = frame.height, frame.width
    else:
        height, width = size if turns % 2 == 0 else (size[1], size[0])
    shrinks = height * width < frame.height * frame.width
    scaled = frame.reformat(
        width=width,
        height=height,
        format="gray" if gray else "rgb24",
        interpolation="AREA" if shrinks else "BICUBIC",
    )
    return np.rot90(scaled.to_ndarray(), turns)
