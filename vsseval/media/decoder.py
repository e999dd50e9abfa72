"""The process that opens media of strangers: `python -m vsseval.media.decoder FD`, started by `vsseval.media.apart`.

It answers one question at a time. A file that makes it crash, hang or grow takes it away, and nothing else: its memory
is bounded by the system, its time by whoever asked, and it ends when that one does.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import sys
import threading
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import wire
from vsseval.media.encode import failed_write
from vsseval.media.films import Films
from vsseval.media.limits import VARIABLE, BeyondLimit, media_limits
from vsseval.media.looking import content
from vsseval.media.opening import check_file, reading
from vsseval.media.pictures import Pass
from vsseval.media.placing import Stretch
from vsseval.media.probing import read_checked, read_probe
from vsseval.media.remuxing import remux
from vsseval.media.sound import read_sound

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from vsseval.media.pictures import Frame

__all__ = ["Served", "Server", "fault_of", "main"]

_BATCH_BYTES, _BATCH = 8 << 20, 64
"""Bytes and number of pictures that are handed over at once, whichever is reached first."""
_FRAMES = 4
"""Frames that are told of at once."""


class Served(NamedTuple):
    """An answer, and the files beside it, which whoever sends it closes."""

    answer: wire.Answer
    files: tuple[int, ...] = ()


class _Running:
    """A pass over a video that is asked for piece by piece."""

    def __init__(self, asked: wire.AskPictures, films: Films) -> None:
        self._asked = asked
        self._path = Path(os.fsdecode(asked.path))
        kept = films if asked.again else None
        source = Pass(self._path, asked.start, asked.seconds, whole=asked.whole, own_fps=asked.own_fps, films=kept)
        self._frames: Generator[Frame, None, None] | None = None
        self._held: deque[tuple[int, Frame]] = deque(maxlen=2 * _FRAMES)
        self._count = 0
        if asked.how == "frames":
            self._frames = source.each()
        elif asked.how == "timed":
            self._pictures = source.timed(asked.size, gray=asked.gray)
        else:
            assert asked.size is not None
            self._pictures = source.sampled(asked.fps, asked.size, gray=asked.gray, rule=asked.rule)

    def more(self) -> Served:
        """Return the next pictures or frames."""
        return self._more_pictures() if self._frames is None else self._more_frames(self._frames)

    def picture(self, asked: wire.AskPicture) -> Served:
        """Return the picture of a frame that was told of."""
        for number, frame in self._held:
            if number == asked.number:
                return _handed_over([0.0], [frame.picture(asked.size, gray=asked.gray)], ended=False)
        raise Unmeasurable(f"{self._path.name}: frame {asked.number} is no longer there")

    def close(self) -> None:
        """Close the file."""
        if self._frames is not None:
            self._frames.close()
        else:
            self._pictures.close()

    def _more_pictures(self) -> Served:
        moments: list[float] = []
        pictures: list[np.ndarray] = []
        size, ended, fault = 0, False, None
        try:
            while size < _BATCH_BYTES and len(pictures) < _BATCH:
                found = next(self._pictures, None)
                if found is None:
                    ended = True
                    break
                moments.append(float(found[0]))
                pictures.append(found[1])
                size += found[1].nbytes
        except Exception as error:  # noqa: BLE001 - whatever a reader raises is the file's own reason
            ended, fault = True, fault_of(error, self._path)
        return _handed_over(moments, pictures, ended=ended, fault=fault)

    def _more_frames(self, source: Generator[Frame, None, None]) -> Served:
        first, found = self._count, list[Any]()
        ended, fault = False, None
        try:
            while len(found) < _FRAMES and not ended:
                frame = next(source, None)
                if frame is None:
                    ended = True
                else:
                    found.append(frame)
        except Exception as error:  # noqa: BLE001 - as above
            ended, fault = True, fault_of(error, self._path)
        self._held.extend(enumerate(found, first))
        self._count += len(found)
        starts, stops = ([str(getattr(frame, name)) for frame in found] for name in ("start", "stop"))
        seconds = [frame.seconds for frame in found]
        return Served(wire.Frames(first=first, starts=starts, stops=stops, seconds=seconds, ended=ended, fault=fault))


class Server:
    """Answers questions; holds the pass over a video that is under way, and frames for those that follow."""

    def __init__(self) -> None:
        self._running: _Running | None = None
        self.films = Films()

    def serve(self, ask: wire.Ask, files: list[int]) -> Served:
        """Return what is found in a file, or raise what its readers raise."""
        if isinstance(ask, wire.AskMore | wire.AskPicture):
            if self._running is None:
                raise Unmeasurable("no video is being read")
            return self._running.more() if isinstance(ask, wire.AskMore) else self._running.picture(ask)
        if self._running is not None:
            self._running.close()
            self._running = None
        self.films.forget_others(Path(os.fsdecode(ask.path)))
        if isinstance(ask, wire.AskPictures):
            self._running = _Running(ask, self.films)
            return self._running.more()
        return _once(ask, files)


def _once(ask: wire.AskProbe | wire.AskLook | wire.AskSound | wire.AskRemux, files: list[int]) -> Served:
    path = Path(os.fsdecode(ask.path))
    if isinstance(ask, wire.AskProbe):
        return Served(wire.Probed(probe=read_checked(path) if ask.whole else read_probe(path)))
    if isinstance(ask, wire.AskLook):
        return Served(wire.Looked(look=content(path)))
    if isinstance(ask, wire.AskSound):
        check_file(path)
        with reading(path):
            found = read_sound(path, Stretch(ask.start, ask.seconds))
            return Served(
                wire.Sounds(channels=len(found.samples), rate=found.rate),
                (wire.file_of([found.samples.astype(np.float32, copy=False)]),),
            )
    sound = wire.array_of(files[1], (ask.channels, -1), np.float32) if ask.rate else None
    with os.fdopen(os.dup(files[0]), "r+b") as target:
        target.truncate(0)  # of an attempt that a crash ended
        target.seek(0)
        remux(path, target, ask.suffix, (ask.start, ask.seconds), sound, ask.rate, ask.codecs)
    return Served(wire.Remuxed())


def _handed_over(
    moments: list[float], pictures: list[np.ndarray], *, ended: bool, fault: wire.Fault | None = None
) -> Served:
    height, width = pictures[0].shape[:2] if pictures else (0, 0)
    answer = wire.Pictures(height=height, width=width, moments=moments, ended=ended, fault=fault)
    return Served(answer, (wire.file_of(pictures),) if pictures else ())


def fault_of(error: Exception, path: Path) -> wire.Fault:
    """Return what is said of an exception; one that is not of this package is named as a reader's."""
    cause = failed_write(error) if isinstance(error, OSError | RuntimeError | EnvironmentFault) else None
    if cause is not None:
        return wire.Fault(kind="system", reason=cause.strerror or str(cause), number=cause.errno or 0)
    if isinstance(error, BeyondLimit):
        return wire.Fault(kind="beyond", reason=str(error))
    if isinstance(error, Unmeasurable):
        return wire.Fault(kind="unmeasurable", reason=str(error))
    try:
        with reading(path):
            raise error
    except Unmeasurable as reason:
        return fault_of(reason, path)


def main() -> None:
    """Answer questions until nobody asks any more."""
    end = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks
    threading.Thread(target=_end_with, args=(end,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    own, server = _address_space(), Server()
    decoder = msgspec.msgpack.Decoder(wire.Envelope)
    wire.send(end, wire.Ready())
    while True:
        data, files = wire.receive(end)
        if not data:
            return
        envelope = decoder.decode(data)
        os.environ[VARIABLE] = envelope.limits
        served = _answered(server, envelope.ask, files, own)
        with _closing(served.files):
            wire.send(end, served.answer, served.files)


def _answered(server: Server, ask: wire.Ask, files: list[int], own: int) -> Served:
    path = Path(os.fsdecode(getattr(ask, "path", b"medium")))
    limits = media_limits()
    most = own + server.films.size + round(limits.memory_mb * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    # Whoever asks ends a question that takes too long; where nobody is left to do so, the system does.
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    seconds = round(spent + (os.cpu_count() or 1) * limits.work) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with _closing(files):
        try:
            return server.serve(ask, list(files))
        except Exception as error:  # noqa: BLE001 - whatever a reader raises is the file's own reason
            return Served(fault_of(error, path))


@contextmanager
def _closing(files: list[int] | tuple[int, ...]) -> Iterator[None]:
    try:
        yield
    finally:
        for file in files:
            with suppress(OSError):
                os.close(file)


def _address_space() -> int:
    """Return the bytes of address space that this process has before it opens anything."""
    import av  # noqa: F401 - loaded now: what is counted is what the file adds
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


def _end_with(end: socket.socket) -> None:
    """End this process when the other end is gone, whatever a reader is doing."""
    poll = select.poll()
    poll.register(end, select.POLLHUP)
    poll.poll()
    os._exit(0)


if __name__ == "__main__":
    with suppress(OSError):
        main()
