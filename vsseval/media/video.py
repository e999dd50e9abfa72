"""Pictures: one sequential pass over a video, at its own times or sampled at a fixed rate, from the container's start.

What is measured in time takes the pictures at their own times (`Video.timed`, `Shown.seconds`): sampling moves every
event to the next place of the grid, by as much as 1 / fps. What a network sees at a rate of its own is sampled by one
rule (`Video.stream`): each place shows what a player would show at that moment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media import wire
from vsseval.media.apart import Died, Talk, error_of, raw, talk
from vsseval.media.facts import Probe
from vsseval.media.limits import require_within
from vsseval.media.probe import probe
from vsseval.media.streams import UNKNOWN_VIDEO

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Literal

    from vsseval.media.wire import Rule

__all__ = ["Shown", "Video"]


class Shown(NamedTuple):
    """One frame of a file, its picture made only where it is asked for."""

    start: Fraction
    """Time stamp in seconds, as the file counts them: t = 0 may be elsewhere."""
    stop: Fraction
    """Where the frame's own duration ends, on the same count."""
    seconds: float
    """When it begins to be shown, in seconds from t = 0 of the video: of the container, or of the segment."""
    make: Callable[[tuple[int, int] | None, bool], np.ndarray]
    """Has the picture made."""

    def picture(self, size: tuple[int, int] | None = None, *, gray: bool = False) -> np.ndarray:
        """Return the picture, upright: uint8, shape (height, width, 3), red first, or (height, width) if gray.

        It can be had until the frame after the next one was taken, and as long as the pass over the video is open.

        Args:
            size: (height, width) wanted; None keeps its own.
            gray: luminance only.

        Raises:
            Unmeasurable: it cannot be converted.
        """
        return self.make(size, gray)


class Frames(Iterator[Shown]):
    """The frames of one pass. The last one may be asked for after the end: the decoder is held until `close`.

    It is let go as well where nobody holds this any more, as after `for shown in video.each()`.
    """

    def __init__(self, path: Path, shown: Callable[[Talk], Iterator[Shown]]) -> None:
        self._held = contextlib.ExitStack()
        self._shown = shown(self._held.enter_context(talk(path)))

    def __next__(self) -> Shown:
        """Return the next frame; a fault ends the pass."""
        try:
            return next(self._shown)
        except StopIteration:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the decoder go: no frame can be asked for any more."""
        self._held.close()

    def __del__(self) -> None:
        """Let the decoder go."""
        self.close()


class Video:
    """A video file: opened for its header, decoded by each call of `frames`, `stream`, `timed` or `each`."""

    def __init__(
        self, path: Path | str, start: float = 0.0, seconds: float | None = None, *, again: bool = False
    ) -> None:
        """Read the header.

        Args:
            path: the file.
            start: seconds from the container's start at which the video begins: t = 0 of all that is returned.
            seconds: how long it is at most; None reaches to the end.
            again: its frames are kept after the first call that takes all of them, and the next ones start from there;
                at most 256 MB (`vsseval.media.films`), by the process that decodes, until it opens another file.

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
        self._again = again
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
        left = self._count(fps)
        asked = self._asked("sampled", size or (self.probe.height, self.probe.width), gray=gray, fps=fps, rule=rule)
        for places, picture in self._pictures(asked):
            left -= round(places)
            if left < 0:
                break
            for _ in range(round(places)):
                yield picture
        if left:
            raise Died(f"{self.path.name}: the decoder gave another number of pictures than was asked for")

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
        yield from self._pictures(self._asked("timed", size, gray=gray))

    def each(self) -> Frames:
        """Return every frame once, in order of presentation, in constant memory; of a segment, those shown within it.

        Whoever goes through them meets with:

        Raises:
            Unmeasurable: no frame is readable, or less than nine tenths of the declared seconds are. Who stops
                before the end learns nothing about what follows.
        """
        return Frames(self.path, self._shown)

    def _shown(self, talking: Talk) -> Iterator[Shown]:
        question: wire.Ask = self._asked("frames")
        while True:
            batch, _ = talking.ask(question, wire.Frames)
            for number, (start, stop, seconds) in enumerate(
                zip(batch.starts, batch.stops, batch.seconds, strict=True), batch.first
            ):
                yield Shown(Fraction(start), Fraction(stop), seconds, self._maker(talking, number))
            if batch.fault is not None:
                raise error_of(batch.fault)
            if batch.ended:
                return
            question = wire.AskMore()

    def _maker(self, talking: Talk, number: int) -> Callable[[tuple[int, int] | None, bool], np.ndarray]:
        def made(size: tuple[int, int] | None, gray: bool) -> np.ndarray:
            answer, file = talking.ask(wire.AskPicture(number=number, size=size, gray=gray), wire.Pictures)
            picture: np.ndarray = self._arrays(answer, file, gray=gray)[0]
            return picture

        return made

    def _asked(
        self,
        how: Literal["sampled", "timed", "frames"],
        size: tuple[int, int] | None = None,
        *,
        gray: bool = False,
        fps: float = 0.0,
        rule: Rule = "shown",
    ) -> wire.AskPictures:
        return wire.AskPictures(
            path=raw(self.path), start=self.start, seconds=self.seconds, whole=self._whole, own_fps=self.fps,
            how=how, size=size, gray=gray, fps=fps, rule=rule, again=self._again,
        )  # fmt: skip

    def _pictures(self, asked: wire.AskPictures) -> Generator[tuple[float, np.ndarray], None, None]:
        """Yield pictures, each with what goes with it; a decoder that dies before the first is replaced once."""
        begun = False
        try:
            for found in self._one_pass(asked):
                begun = True
                yield found
        except Died:
            if begun:
                raise
            yield from self._one_pass(asked)

    def _one_pass(self, asked: wire.AskPictures) -> Generator[tuple[float, np.ndarray], None, None]:
        with talk(self.path) as talking:
            question: wire.Ask = asked
            while True:
                batch, file = talking.ask(question, wire.Pictures)
                if batch.moments:
                    yield from zip(batch.moments, self._arrays(batch, file, gray=asked.gray), strict=True)
                if batch.fault is not None:
                    raise error_of(batch.fault)
                if batch.ended:
                    return
                question = wire.AskMore()

    def _arrays(self, answer: wire.Pictures, file: int, *, gray: bool) -> np.ndarray:
        shape = (len(answer.moments), answer.height, answer.width, *(() if gray else (3,)))
        try:
            return wire.array_of(file, shape, np.uint8)
        except (OSError, ValueError) as error:
            raise Died(f"{self.path.name}: the decoder gave pictures that are none: {error}") from error

    def _count(self, fps: float) -> int:
        if fps <= 0:
            raise ValueError(f"fps must be positive, not {fps}")
        return max(1, round(self.seconds * fps))
