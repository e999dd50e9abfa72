"""What a process and its decoder say to each other: one packet a message, and an array as an unnamed file beside it.

The decoder may have been taken over by the file that it reads, so nothing here is pickled: messages are msgpack of
fixed types, and what is said of an array has to fit the file.
"""

from __future__ import annotations

import math
import os
import socket
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from vsseval.media.facts import Look, Probe

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LONGEST",
    "Answer",
    "Ask",
    "AskLook",
    "AskMore",
    "AskPicture",
    "AskPictures",
    "AskProbe",
    "AskRemux",
    "AskSound",
    "Envelope",
    "Fault",
    "Frames",
    "Looked",
    "Pictures",
    "Probed",
    "Ready",
    "Remuxed",
    "Rule",
    "Sounds",
    "array_of",
    "file_of",
    "receive",
    "send",
]

LONGEST = 128 << 10
"""Bytes of a message."""
_LONGEST_REASON = 2000
"""Characters of what is said of a file."""

Rule = Literal["shown", "nearest"]
Size = tuple[int, int]
"""Height and width of pictures, in pixels."""


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Of either side."""


class AskProbe(_Message, frozen=True):
    """What is in the file? Answered by `Probed`."""

    path: bytes
    whole: bool
    """Whether a video is looked through to its end (`check_video`)."""


class AskLook(_Message, frozen=True):
    """What kind of file is it? Answered by `Looked`."""

    path: bytes


class AskSound(_Message, frozen=True):
    """Answered by `Sounds`, and float32 of the shape (channels, n)."""

    path: bytes
    start: float
    seconds: float | None


class AskPictures(_Message, frozen=True):
    """Begin a pass over a video; answered, as `AskMore` is, by `Pictures` with an array, or by `Frames`."""

    path: bytes
    start: float
    seconds: float
    whole: bool
    """Whether no segment was asked for."""
    own_fps: float
    """Of the file."""
    how: Literal["sampled", "timed", "frames"]
    size: Size | None = None
    gray: bool = False
    fps: float = 0.0
    """Pictures a second, where sampled."""
    rule: Rule = "shown"
    again: bool = False
    """Whether other passes over the file will follow, for which its frames are worth keeping."""


class AskMore(_Message, frozen=True):
    """Go on with the pass over a video."""


class AskPicture(_Message, frozen=True):
    """Make the picture of one of the last frames; answered by `Pictures` and an array."""

    number: int
    size: Size | None
    gray: bool


class AskRemux(_Message, frozen=True):
    """Write the pictures of a file into the file beside this message; answered by `Remuxed`."""

    path: bytes
    suffix: str
    start: float
    seconds: float | None
    rate: int
    """Of the sound that is the second file beside this message; 0 where there is none."""
    channels: int
    codecs: list[str] | None


Ask = AskProbe | AskLook | AskSound | AskPictures | AskMore | AskPicture | AskRemux


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A question, and the bounds under which it is answered."""

    ask: Ask
    limits: str
    """Value of `VSSEVAL_MEDIA_LIMITS`."""


class Probed(_Message, frozen=True):
    """What a file holds."""

    probe: Probe


class Looked(_Message, frozen=True):
    """What a file is; None where its content does not tell."""

    look: Look | None


class Sounds(_Message, frozen=True):
    """A sound, in the file beside this message."""

    channels: int
    rate: int


class Fault(_Message, frozen=True):
    """Why there is nothing, or nothing more."""

    kind: Literal["unmeasurable", "beyond", "system"]
    reason: str
    number: int = 0
    """Of an error of the system, where a file could not be written."""

    def __post_init__(self) -> None:
        if len(self.reason) > _LONGEST_REASON:
            msgspec.structs.force_setattr(self, "reason", self.reason[:_LONGEST_REASON] + " ...")


class Pictures(_Message, frozen=True):
    """Some pictures, one behind the other in the file beside this message."""

    height: int
    width: int
    moments: list[float]
    """Seconds at which each begins to be shown; of sampled ones, for how many places it stands."""
    ended: bool
    fault: Fault | None = None
    """What comes behind them."""


class Frames(_Message, frozen=True):
    """Some frames, whose pictures can be asked for by number until two more of these have been answered."""

    first: int
    """Number of the first, from 0."""
    starts: list[str]
    stops: list[str]
    """Time stamps and ends in seconds, as fractions."""
    seconds: list[float]
    ended: bool
    fault: Fault | None = None


class Remuxed(_Message, frozen=True):
    """It is written."""


class Ready(_Message, frozen=True):
    """Questions may come. It is said once, unasked."""


Answer = Probed | Looked | Sounds | Pictures | Frames | Remuxed | Fault


def send(end: socket.socket, message: msgspec.Struct, files: Sequence[int] = ()) -> None:
    """Send a message, with files beside it.

    Raises:
        OSError: there is nobody at the other end.
    """
    socket.send_fds(end, [msgspec.msgpack.encode(message)], list(files))


def receive(end: socket.socket) -> tuple[bytes, list[int]]:
    """Return the next message and the files beside it, which are the caller's to close; empty where the end is closed.

    Raises:
        OSError: the connection broke.
    """
    data, files, flags, _ = socket.recv_fds(end, LONGEST, 2, socket.MSG_CMSG_CLOEXEC)
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        for file in files:
            os.close(file)
        raise OSError("a message of the decoder is longer than any may be")
    return data, files


def file_of(arrays: Sequence[np.ndarray]) -> int:
    """Return an unnamed file in memory that holds arrays one behind the other; the caller closes it."""
    file = os.memfd_create("vsseval-media", os.MFD_CLOEXEC)
    try:
        for array in arrays:
            left = memoryview(np.ascontiguousarray(array).data).cast("B") if array.size else memoryview(b"")
            while left:
                left = left[os.write(file, left) :]
    except BaseException:
        os.close(file)
        raise
    return file


def array_of(file: int, shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray:
    """Return the array in a file, which is left open.

    Args:
        file: from `file_of`, perhaps of a stranger.
        shape: that it is said to have; one number may be -1.
        kind: of its numbers.

    Raises:
        ValueError: there is not as much in it.
    """
    size, item = os.fstat(file).st_size, np.dtype(kind).itemsize
    known = math.prod(side for side in shape if side >= 0) * item
    if min(shape) < -1 or (size % known if known and -1 in shape else size != known):
        raise ValueError(f"an array of {size} bytes has not the shape {shape}")
    found = np.empty(size // item, kind)
    left, at = found.data.cast("B") if size else memoryview(b""), 0
    while at < size:
        got = os.preadv(file, [left[at:]], at)
        if not got:
            raise ValueError("an array became shorter while it was read")
        at += got
    return found.reshape(shape)
