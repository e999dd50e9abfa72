"""Pictures: one sequential pass over a video, at its own times or sampled at a fixed rate, from the container's start.

What is measured in time takes the pictures at their own times (`Video.timed`, `Shown.seconds`): sampling moves every
event to the next place of the grid, by as much as 1 / fps. What a network sees at a rate of its own is sampled by one
rule (`Video.stream`): each place shows what a player would show at that moment.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.edits import moved_ahead
from vsseval.media.facts import Probe
from vsseval.media.limits import media_limits, require_within
from vsseval.media.opening import opened, reading
from vsseval.media.probe import probe
from vsseval.media.streams import UNKNOWN_VIDEO, clock_zero, decoded, require_length, require_video

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["Shown", "Video"]

_EPSILON = 1e-6
"""Seconds. i / fps in floating point falls just short of some time stamps (4.6, 8.2, 9.2 s) without it."""

_COARSE_TICK = 1e-3
"""Seconds. Matroska rounds time stamps to this; there, half a tick is within rounding."""


Rule = Literal["shown", "nearest"]


class Shown(NamedTuple):
    """One frame of a file, its picture made only where it is asked for."""

    start: Fraction
    """Time stamp in seconds, as the file counts them: t = 0 may be elsewhere."""
    stop: Fraction
    """Where the frame's own duration ends, on the same count."""
    frame: Any
    seconds: float
    """When it begins to be shown, in seconds from t = 0 of the video: of the container, or of the segment."""
    path: Path

    def picture(self, size: tuple[int, int] | None = None, *, gray: bool = False) -> np.ndarray:
        """Return the picture, upright: uint8, shape (height, width, 3), red first, or (height, width) if gray.

        Args:
            size: (height, width) wanted; None keeps its own.
            gray: luminance only.

        Raises:
            Unmeasurable: it cannot be converted.
        """
        with reading(self.path):
            return _picture(self.frame, size, gray=gray)


class Video:
    """A video file: opened for its header, decoded anew by each call of `frames`, `stream` or `each`."""

    def __init__(self, path: Path | str, start: float = 0.0, seconds: float | None = None) -> None:
        """Read the header.

        Args:
            path: the file.
            start: seconds from the container's start at which the video begins: t = 0 of all that is returned.
            seconds: how long it is at most; None reaches to the end.

        Raises:
            BeyondLimit: it is longer, or its pictures are larger, than is allowed (see `vsseval.media.limits`).
            Unmeasurable: the file is missing, empty, unreadable, has no video stream, or ends before `start`.
        """
        self.path = Path(path)
        self.probe: Probe = probe(self.path)
        if not self.probe.has_video:
            raise Unmeasurable(f"{self.path.name}: holds no video stream")
        if not self.probe.width:
            raise Unmeasurable(f"{self.path.name}: {UNKNOWN_VIDEO}")
        self.start = start
        self._whole = not start and seconds is None
        left = self.probe.seconds - start
        if left <= 0:
            raise Unmeasurable(f"{self.path.name}: ends at {self.probe.seconds:.2f} s, before {start:.2f} s")
        self._seconds = left if seconds is None else min(left, seconds)
        require_within(self.path.name, "seconds", self._seconds, f"{self._seconds:.0f} s of pictures")

    @property
    def seconds(self) -> float:
        """Length: the end of the video stream, from t = 0, or of the segment that was asked for."""
        return self._seconds

    @property
    def fps(self) -> float:
        """Average frame rate of the file."""
        return self.probe.fps

    def frames(
        self, fps: float = 25.0, size: tuple[int, int] | None = None, *, gray: bool = False, rule: Rule = "shown"
    ) -> np.ndarray:
        """Return the frames at `fps`, whatever the rate of the file.

        Frame i is the one shown at i / fps: the last whose time stamp is at or before it (before the first
        frame, the first). Pictures are turned upright, and scaled by area averaging downwards, bicubic
        upwards.

        By the rule "nearest" every time stamp is rounded to the nearest place, halves up, and place i has the last
        frame rounded to it or before it: FFmpeg's `fps=R:round=near:start_time=0`, by which av-benchmark decodes
        since February 2026. Every picture comes up to half a place earlier.

        Args:
            fps: frames per second wanted.
            size: (height, width) wanted; None keeps the file's.
            gray: luminance only.
            rule: which frame is taken.

        Returns:
            uint8, shape (round(seconds * fps), height, width, 3), red first; or (..., height, width) if gray.

        Raises:
            BeyondLimit: the array would be larger than is allowed; longer or larger videos are for `stream`.
            Unmeasurable: no frame is readable, or less than nine tenths of the declared seconds are.
        """
        height, width = size or (self.probe.height, self.probe.width)
        count = self._count(fps)
        shape = (count, height, width) if gray else (count, height, width, 3)
        needed = float(np.prod(shape, dtype=np.float64)) / 2**20
        what = f"{self.seconds:.0f} s at {width}x{height} and {fps:g} frames/s need {needed:.0f} MB"
        require_within(self.path.name, "pictures_mb", needed, what)
        out = np.empty(shape, np.uint8)
        for index, picture in enumerate(self.stream(fps, (height, width), gray=gray, rule=rule)):
            out[index] = picture
        return out

    def stream(
        self, fps: float = 25.0, size: tuple[int, int] | None = None, *, gray: bool = False, rule: Rule = "shown"
    ) -> Iterator[np.ndarray]:
        """Yield what `frames` returns, one picture at a time, in constant memory.

        The same array may be yielded more than once; it is to be read only.
        """
        count, done = self._count(fps), 0
        shape = size or (self.probe.height, self.probe.width)
        picture: np.ndarray | None = None
        pending: Shown | None = None
        for shown in self._all():
            before = self._last_moment(shown, fps, rule)
            while pending is not None and done < count and done / fps < before:
                picture = pending.picture(shape, gray=gray) if picture is None else picture
                yield picture
                done += 1
            if done == count and not self._whole:
                return
            pending, picture = shown, None
        assert pending is not None  # _all raises where there is no frame
        picture = pending.picture(shape, gray=gray)
        for _ in range(done, count):
            yield picture

    @staticmethod
    def _last_moment(shown: Shown, fps: float, rule: Rule) -> float:
        """Return the seconds before which a place still has the frame before this one."""
        if rule == "nearest":
            return shown.seconds - 0.5 / fps + _EPSILON
        tick = float(shown.frame.time_base)
        return shown.seconds - (tick / 2 + _EPSILON if tick >= _COARSE_TICK else _EPSILON)

    def timed(self, size: tuple[int, int] | None = None, *, gray: bool = False) -> Iterator[tuple[float, np.ndarray]]:
        """Yield every picture of the file once, and the seconds from t = 0 at which it begins to be shown.

        The times are those of the file, to the rounding of its time stamps (1 ms in Matroska, less elsewhere),
        whatever its rate and whenever it starts. Of a segment, the first may have begun before it: at less than 0.

        Args:
            size: (height, width) wanted; None keeps the file's.
            gray: luminance only.

        Raises:
            Unmeasurable: as `each`.
        """
        for shown in self.each():
            yield shown.seconds, shown.picture(size, gray=gray)

    def each(self) -> Generator[Shown, None, None]:
        """Yield every frame once, in order of presentation, in constant memory; of a segment, those shown within it.

        Raises:
            Unmeasurable: no frame is readable, or less than nine tenths of the declared seconds are. Who stops
                before the end learns nothing about what follows.
        """
        if self._whole:
            yield from self._all()
            return
        # The first is the one on the screen when the segment begins. How long it is shown, the next one's time says:
        # the duration that a file states is that between two packets, which come in another order.
        held: Shown | None = None
        for shown in self._all():
            if shown.seconds <= _EPSILON:
                held = shown
                continue
            if held is not None:
                yield held
                held = None
            if shown.seconds >= self.seconds - _EPSILON:
                return
            yield shown
        if held is not None:
            yield held

    def _all(self) -> Generator[Shown, None, None]:
        """Yield every frame of the file.

        Raises:
            BeyondLimit: a hole between frames, or their number a second, is greater than is allowed.
            Unmeasurable: as `each`.
        """
        end: float | None = None
        most = media_limits().fps
        with opened(self.path) as container:
            stream = require_video(container, self.path)
            stream.thread_type = "AUTO"
            zero, moved = clock_zero(container), moved_ahead(self.path, container, stream)
            stop, own = Fraction(zero), 1 / Fraction(self.fps or 25.0)
            for number, frame in enumerate(decoded(container, stream, self.path)):
                # A frame without a stamp starts where the last one ended.
                start = stop if frame.pts is None else Fraction(frame.pts * frame.time_base) + moved
                self._require_sane(number, float(start - stop), float(start) - zero, most)
                stop = start + ((frame.duration or 0) * stream.time_base or own)
                end = float(stop) - zero - self.start
                yield Shown(start, stop, frame, float(start) - zero - self.start, self.path)
            if end is None:
                raise Unmeasurable(f"{self.path.name}: the video has no readable frame")
            require_length(self.path, end, self.seconds)

    def _require_sane(self, number: int, hole: float, at: float, most: float) -> None:
        """Raise where frame `number`, at `at` seconds from t = 0, comes `hole` seconds after the last, or too soon."""
        if hole > 1:
            require_within(self.path.name, "gap", hole, f"a hole of {hole:.0f} s in its pictures, before {at:.2f} s")
        if number > most * (max(at, 0.0) + 1):
            require_within(self.path.name, "fps", number / (max(at, 0.0) + 1), f"{number} pictures in {at:.2f} s")

    def _count(self, fps: float) -> int:
        if fps <= 0:
            raise ValueError(f"fps must be positive, not {fps}")
        return max(1, round(self.seconds * fps))


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
