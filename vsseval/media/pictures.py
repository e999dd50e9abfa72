"""Pictures: one sequential pass over a video, at its own times or sampled at a fixed rate. Runs in the decoder."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.edits import moved_ahead
from vsseval.media.films import Film
from vsseval.media.limits import media_limits, require_within
from vsseval.media.opening import opened, reading
from vsseval.media.streams import clock_zero, decoded, require_length, require_video

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from vsseval.media.films import Films
    from vsseval.media.wire import Rule

__all__ = ["Frame", "Pass"]

_EPSILON = 1e-6
"""Seconds. i / fps in floating point falls just short of some time stamps (4.6, 8.2, 9.2 s) without it."""

_COARSE_TICK = 1e-3
"""Seconds. Matroska rounds time stamps to this; there, half a tick is within rounding."""


class Frame(NamedTuple):
    """One frame of a file, its picture made only where it is asked for."""

    start: Fraction
    """Time stamp in seconds, as the file counts them: t = 0 may be elsewhere."""
    stop: Fraction
    """Where the frame's own duration ends, on the same count."""
    frame: Any
    seconds: float
    """When it begins to be shown, in seconds from t = 0 of the video: of the container, or of the segment."""
    path: Path
    scaler: Any
    """PyAV's, one for all frames of a pass: to prepare it for each would take longer than to decode the frame."""

    def picture(self, size: tuple[int, int] | None = None, *, gray: bool = False) -> np.ndarray:
        """Return the picture, upright, as `vsseval.media.video.Shown.picture` says."""
        with reading(self.path):
            return _picture(self.frame, size, self.scaler, gray=gray)


class Pass:
    """What is read of a video, from the container's start or from that of a segment."""

    def __init__(
        self, path: Path, start: float, seconds: float, *, whole: bool, own_fps: float, films: Films | None = None
    ) -> None:
        """Prepare.

        Args:
            path: the file.
            start: seconds from the container's start at which the video begins: t = 0 of all that is returned.
            seconds: how long it is.
            whole: whether no segment was asked for.
            own_fps: average frame rate of the file.
            films: where its frames are kept for another pass; None keeps none, and each method decodes it anew.
        """
        self.path = path
        self.start = start
        self.seconds = seconds
        self._whole = whole
        self._fps = own_fps
        self._films = films

    def sampled(
        self, fps: float, size: tuple[int, int], *, gray: bool, rule: Rule
    ) -> Generator[tuple[int, np.ndarray], None, None]:
        """Yield each picture that is shown at `fps`, and for how many places, as `vsseval.media.video.Video.frames`."""
        count, done = max(1, round(self.seconds * fps)), 0
        pending: Frame | None = None
        for shown in self._all():
            before, first = self._last_moment(shown, fps, rule), done
            while pending is not None and done < count and done / fps < before:
                done += 1
            if pending is not None and done > first:
                yield done - first, pending.picture(size, gray=gray)
            if done == count and not self._whole:
                return
            pending = shown
        assert pending is not None  # _all raises where there is no frame
        if done < count:
            yield count - done, pending.picture(size, gray=gray)

    @staticmethod
    def _last_moment(shown: Frame, fps: float, rule: Rule) -> float:
        """Return the seconds before which a place still has the frame before this one."""
        if rule == "nearest":
            return shown.seconds - 0.5 / fps + _EPSILON
        tick = float(shown.frame.time_base)
        return shown.seconds - (tick / 2 + _EPSILON if tick >= _COARSE_TICK else _EPSILON)

    def timed(self, size: tuple[int, int] | None, *, gray: bool) -> Generator[tuple[float, np.ndarray], None, None]:
        """Yield every picture once, and when it begins to be shown, as `vsseval.media.video.Video.timed`."""
        for shown in self.each():
            yield shown.seconds, shown.picture(size, gray=gray)

    def each(self) -> Generator[Frame, None, None]:
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
        held: Frame | None = None
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

    def _all(self) -> Generator[Frame, None, None]:
        """Yield every frame of the file.

        Raises:
            BeyondLimit: a hole between frames, or their number a second, is greater than is allowed.
            Unmeasurable: as `each`.
        """
        from av.video.reformatter import VideoReformatter

        end: float | None = None
        most, scaler = media_limits().fps, VideoReformatter()
        with self._film() as film:
            stop, own = Fraction(film.zero), 1 / Fraction(self._fps or 25.0)
            for number, frame in enumerate(film.frames):
                # A frame without a stamp starts where the last one ended.
                start = stop if frame.pts is None else Fraction(frame.pts * frame.time_base) + film.moved
                self._require_sane(number, float(start - stop), float(start) - film.zero, most)
                stop = start + ((frame.duration or 0) * film.time_base or own)
                end = float(stop) - film.zero - self.start
                yield Frame(start, stop, frame, float(start) - film.zero - self.start, self.path, scaler)
            if end is None:
                raise Unmeasurable(f"{self.path.name}: the video has no readable frame")
            require_length(self.path, end, self.seconds)

    @contextmanager
    def _film(self) -> Iterator[Film]:
        """Decode the file, unless its frames are kept."""
        kept = self._films and self._films.find(self.path)
        if kept:
            with reading(self.path):
                yield kept
            return
        with opened(self.path) as container:
            stream = require_video(container, self.path)
            stream.thread_type = "AUTO"
            zero, moved = clock_zero(container), moved_ahead(self.path, container, stream)
            film = Film(zero, moved, stream.time_base, decoded(container, stream))
            yield film if self._films is None else self._films.keep(self.path, film)

    def _require_sane(self, number: int, hole: float, at: float, most: float) -> None:
        """Raise where frame `number`, at `at` seconds from t = 0, comes `hole` seconds after the last, or too soon."""
        if hole > 1:
            require_within(self.path.name, "gap", hole, f"a hole of {hole:.0f} s in its pictures, before {at:.2f} s")
        if number > most * (max(at, 0.0) + 1):
            require_within(self.path.name, "fps", number / (max(at, 0.0) + 1), f"{number} pictures in {at:.2f} s")


def _picture(frame: Any, size: tuple[int, int] | None, scaler: Any, *, gray: bool) -> np.ndarray:
    """Return a decoded frame as uint8 of the size wanted (None: its own), upright."""
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as numpy's rot90
    if size is None:
        height, width = frame.height, frame.width
    else:
        height, width = size if turns % 2 == 0 else (size[1], size[0])
    shrinks = height * width < frame.height * frame.width
    scaled = scaler.reformat(
        frame,
        width=width,
        height=height,
        format="gray" if gray else "rgb24",
        interpolation="AREA" if shrinks else "BICUBIC",
        threads=1,  # by themselves, they are as many as processors, started for each frame
    )
    return np.rot90(scaled.to_ndarray(), turns)
