"""Decoded frames of sound, put one after the other on the container's clock."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.limits import require_rate, require_within

__all__ = ["Piece", "Placed", "Stretch", "join", "require_size"]

_GAP = 0.1
"""Seconds. Time stamps that jump ahead by more are a hole, filled with zeros; less is rounding."""
_AFTER_LOSS = 0.002
"""Seconds. The same after a packet that could not be decoded: its place is known to the rounding of time stamps."""


class Piece(NamedTuple):
    """Sound at one rate."""

    samples: np.ndarray
    """float32, shape (channels, n)."""
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.rate)


class Stretch(NamedTuple):
    """What of a sound is wanted."""

    start: float = 0.0
    """Seconds from t = 0."""
    seconds: float | None = None
    """How many from there on; None for all that follow."""

    @property
    def until(self) -> float | None:
        """Seconds behind which nothing is needed."""
        return None if self.seconds is None else self.start + self.seconds

    def within(self, seconds: float) -> float:
        """Return how many seconds of a sound of some length are wanted."""
        return (seconds if self.until is None else min(seconds, self.until)) - self.start

    def cut(self, piece: Piece, dropped: int = 0) -> Piece:
        """Return what is wanted of a sound.

        Args:
            piece: the sound, from t = 0 on.
            dropped: samples that it lacks there.
        """
        if not self.start and self.seconds is None:
            return piece
        first = round(self.start * piece.rate) - dropped
        last = None if self.seconds is None else first + round(self.seconds * piece.rate)
        return Piece(piece.samples[:, first:last], piece.rate)


_WHOLE = Stretch()


class Placed:
    """Takes the frames of one stream; where its rate or channels change, another piece begins."""

    def __init__(
        self, name: str, zero: float, stretch: Stretch = _WHOLE, *, has_holes: bool = True, drops: bool = False
    ) -> None:
        """Begin.

        Args:
            name: of the file, for messages.
            zero: time stamp, in seconds, of t = 0.
            stretch: what is wanted; more of it than is allowed is refused.
            has_holes: whether its format can leave sound out. AVI cannot: its time stamps are counted by PyAV from
                what the header states, which many writers get wrong by factors.
            drops: whether what lies before the stretch is not kept.
        """
        self._has_holes = has_holes
        self._stretch = stretch
        self._drops = drops
        self.dropped = 0
        """Samples at the start that are not kept."""
        self._name = name
        self._zero = zero
        self._blocks: list[list[np.ndarray]] = []
        self._rates: list[int] = []
        self._form: tuple[Any, ...] | None = None
        self._resampler: Any = None
        self._begin = 0.0
        """Seconds at which the present piece begins."""
        self._count = 0
        """Samples of the present piece."""
        self._samples = 0
        """Samples of all channels and pieces."""
        self._lost = False

    @property
    def seconds(self) -> float:
        """Seconds from t = 0 to the end of what is there."""
        return self._begin + (self._count / self._rates[-1] if self._rates else 0.0)

    @property
    def pieces(self) -> list[Piece]:
        """What is there, piece by piece; the first begins at t = 0."""
        filled = [(blocks, rate) for blocks, rate in zip(self._blocks, self._rates, strict=True) if blocks]
        return [Piece(np.concatenate(blocks, axis=1), rate) for blocks, rate in filled]

    def lose(self) -> None:
        """Take note that a packet is missing before the next frame."""
        self._lost = True

    def add(self, frame: Any) -> None:
        """Append a frame, behind zeros where it comes later than the last one ended.

        Raises:
            BeyondLimit: the hole, the stretch or the sound is longer or larger than is allowed.
            Unmeasurable: it states an impossible rate.
        """
        rate = int(frame.sample_rate)
        self._begin_piece(frame, rate)
        parts = [part.to_ndarray() for part in self._resampler.resample(frame)]
        if not parts:
            return
        block = np.concatenate(parts, axis=1)
        if frame.pts is not None:
            at = float(frame.pts * frame.time_base) - self._zero
            started = len(self._rates) > 1 or self._count > 0
            jump = at - self.seconds
            if not started and jump < 0:
                block = block[:, min(round(-jump * rate), block.shape[1]) :]
            elif started and not self._has_holes:
                pass
            elif jump > ((_AFTER_LOSS if self._lost else _GAP) if started else 0):
                self._fill(len(block), jump, rate)
        self._lost = False
        self._append(block)

    def _begin_piece(self, frame: Any, rate: int) -> None:
        form = (frame.format.name, frame.layout.name, frame.layout.nb_channels, rate)
        if form == self._form:
            return
        import av

        require_rate(self._name, rate)
        require_within(self._name, "channels", form[2], f"{form[2]} channels of sound")
        if self._form is None or self._form[2:] != form[2:]:
            self._begin, self._count = self.seconds, 0
            self._blocks.append([])
            self._rates.append(rate)
        self._form, self._resampler = form, av.AudioResampler(format="fltp")

    def _fill(self, channels: int, seconds: float, rate: int) -> None:
        hole = f"a hole of {seconds:.0f} s in its sound, after {self.seconds:.2f} s"
        require_within(self._name, "gap", seconds, hole)
        self._append(np.zeros((channels, round(seconds * rate)), np.float32))

    def _append(self, block: np.ndarray) -> None:
        if not block.shape[1]:
            return
        rate = self._rates[-1]
        self._count += block.shape[1]
        if self._drops and len(self._rates) == 1 and self._count <= round(self._stretch.start * rate):
            self.dropped += block.shape[1]
            block = block[:, :0]
            if self._blocks[-1]:
                return
        self._samples += block.size
        require_size(self._name, self._samples, self._stretch.within(self.seconds))
        self._blocks[-1].append(block)


def require_size(name: str, samples: int, seconds: float) -> None:
    """Raise where a sound is larger than is allowed.

    Args:
        name: of the file.
        samples: that are kept, of all channels.
        seconds: that are wanted of it.

    Raises:
        BeyondLimit: either is.
    """
    require_within(name, "seconds", seconds, f"{seconds:.0f} s of sound or more")
    size = 4 * samples / 2**20
    require_within(name, "sound_mb", size, f"its sound needs {size:.0f} MB")


def join(pieces: list[Piece], name: str) -> Piece:
    """Return pieces one after the other, at the rate and with the channels of the first.

    Args:
        pieces: at least one; resampled where their rates differ. One channel among several is given to each of them,
            and several are mixed to one.
        name: of the file, for messages.

    Raises:
        Unmeasurable: there is none, or several channels become others.
    """
    if not pieces:
        raise Unmeasurable(f"{name}: the audio holds no samples")
    first = pieces[0]
    if len(pieces) == 1:
        return Piece(np.ascontiguousarray(first.samples), first.rate)
    alike = [_like(piece, len(first.samples), first.rate, name) for piece in pieces]
    return Piece(np.concatenate(alike, axis=1), first.rate)


def _like(piece: Piece, channels: int, rate: int, name: str) -> np.ndarray:
    samples = piece.samples
    if len(samples) != channels:
        if 1 not in {len(samples), channels}:
            raise Unmeasurable(f"{name}: its sound changes from {channels} to {len(samples)} channels on the way")
        mono = samples.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
        samples = np.repeat(mono, channels, axis=0)
    if piece.rate != rate:
        import soxr

        samples = np.atleast_2d(soxr.resample(samples.T, piece.rate, rate).T).astype(np.float32, copy=False)
    return samples
