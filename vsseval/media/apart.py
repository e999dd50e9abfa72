"""Has media opened in another process, which a file may bring down: its crash, hang or hunger is that clip's reason.

Every opening of a medium passes here. A decoder is started when the first file is opened (0.2 s) and kept; one that
died is replaced. A pass over a video holds one for as long as it lasts, so that there are as many as passes under way.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import wire
from vsseval.media.limits import VARIABLE, BeyondLimit, media_limits
from vsseval.processes.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Decoder", "Died", "Heard", "Talk", "ask", "decoders", "raw", "talk"]

_START_SECONDS = 120.0
_LAST_SECONDS = 0.5
"""Time that a decoder which has closed its end may take to be gone."""
_KEPT = 2
"""Decoders that are kept though nothing is asked of them."""
_MOST = 5000
"""Questions after which one is replaced: what a reader leaks is given back."""
_QUOTED = 400
"""Characters of what a process that cannot be started has said."""
A = TypeVar("A", bound=msgspec.Struct)


class Died(Unmeasurable):
    """The decoder ended while it read a file."""


class Heard(NamedTuple):
    """An answer, and the file beside it, closed by `Talk`; -1 where there is none."""

    answer: wire.Answer
    file: int


class Decoder:
    """One life of a decoder."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._said = os.memfd_create("vsseval-decoder", os.MFD_CLOEXEC)
        self.asked = 0
        try:
            self._process = Kept(
                [sys.executable, "-m", "vsseval.media.decoder", str(theirs.fileno())],
                stderr=self._said,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
            )
        except OSError as error:
            os.close(self._said)
            ours.close()
            raise EnvironmentFault(
                f"the process that decodes media cannot be started: {error.strerror or error}"
            ) from error
        finally:
            theirs.close()
        self._end = ours
        self._decode = msgspec.msgpack.Decoder(wire.Answer)
        self._is_ready = False

    def ask(self, name: str, question: wire.Ask, files: Sequence[int], left: float) -> Heard:
        """Return the answer to a question.

        Args:
            name: of the file that it is about.
            question: what is asked.
            files: that go with it.
            left: seconds within which it has to be there.

        Raises:
            BeyondLimit: it is not.
            Died: the process ended meanwhile.
            EnvironmentFault: it could not even begin.
        """
        self._greet()
        envelope = wire.Envelope(question, os.environ.get(VARIABLE, ""))
        begun = time.perf_counter()
        try:
            wire.send(self._end, envelope, files)
            # an answer that was there when this process came to look may have been late all the same
            if not self._speaks_within(left) or time.perf_counter() - begun > left:
                raise _too_long(name)
            data, beside = wire.receive(self._end)
        except OSError:
            raise self._death(name) from None
        self.asked += 1
        try:
            return Heard(self._decode.decode(data), beside[0] if beside else -1)
        except msgspec.MsgspecError as error:
            for file in beside:
                os.close(file)
            raise (Died(f"{name}: the decoder gave an answer that is none") if data else self._death(name)) from error

    def _greet(self) -> None:
        """Wait until the process is ready.

        Raises:
            EnvironmentFault: it does not come that far, whatever it would have been asked.
        """
        if self._is_ready:
            return
        try:
            self._is_ready = self._speaks_within(_START_SECONDS) and bool(wire.receive(self._end)[0])
        except OSError:
            self._is_ready = False
        if not self._is_ready:
            self._process.end()
            said = os.pread(self._said, _QUOTED, max(0, os.fstat(self._said).st_size - _QUOTED))
            last = " | ".join(line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip())
            command = " ".join(self._process.command)
            raise EnvironmentFault(f"the process that decodes media does not start ({command}): {last}")

    def _speaks_within(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._end.close()
        self._process.end()
        os.close(self._said)

    def _death(self, name: str) -> Exception:
        try:
            status = self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its end and lives on
            status = self._process.end()
        if status == -signal.SIGXCPU:
            return _too_long(name)
        how = f"signal {-status}, {_signal(-status)}" if status < 0 else f"status {status}"
        return Died(f"{name}: the decoder died on it ({how})")


class _Decoders:
    """Those of this process."""

    def __init__(self) -> None:
        self._idle: list[Decoder] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        atexit.register(self.close)

    def take(self) -> Decoder:
        """Return one that nobody else talks to, until it is given back."""
        with self._lock:
            if self._owner != os.getpid():  # of the process that this one was forked from
                self._idle, self._owner = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return Decoder()

    def give(self, decoder: Decoder) -> None:
        """Take one back that is at rest."""
        with self._lock:
            kept = len(self._idle) < _KEPT and decoder.asked < _MOST
            if kept:
                self._idle.append(decoder)
        if not kept:
            decoder.close()

    def close(self) -> None:
        """End all that are at rest."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for decoder in idle:
                decoder.close()


@cache
def decoders() -> _Decoders:
    """Return those of this process."""
    return _Decoders()


class Talk:
    """Questions about one file that follow one another, all within the time that one pass may take."""

    def __init__(self, path: Path, decoder: Decoder) -> None:
        self._name = path.name
        self.decoder = decoder
        self._left = media_limits().work
        self._files: list[int] = []
        self._owner = os.getpid()
        self.is_broken = False
        """Whether the decoder is of no more use."""

    def ask(self, question: wire.Ask, expected: type[A], files: Sequence[int] = ()) -> tuple[A, int]:
        """Return the answer, and the file beside it (-1 where there is none), which is open until the next question.

        Args:
            question: what is asked.
            expected: type of the answer.
            files: that go with it.

        Raises:
            BeyondLimit: a bound of `vsseval.media.limits` is passed; among them, that of time.
            Unmeasurable: whatever else its readers say of the file.
            OSError: a file cannot be written.
        """
        self.shut()
        begun, was = time.perf_counter(), self.is_broken
        self.is_broken = True  # until the answer is there: whoever interrupts leaves one in the pipe
        heard = self.decoder.ask(self._name, question, files, self._left)
        self._left = max(0.0, self._left - (time.perf_counter() - begun))
        self.is_broken = was
        if heard.file >= 0:
            self._files.append(heard.file)
            if os.fstat(heard.file).st_size > media_limits().memory_mb * 2**20:
                self.is_broken = True
                raise Died(f"{self._name}: the decoder gave more than it has memory for")
        if isinstance(heard.answer, wire.Fault):
            raise error_of(heard.answer)
        if not isinstance(heard.answer, expected):
            self.is_broken = True
            raise Died(f"{self._name}: the decoder gave an answer that is none")
        return heard.answer, heard.file

    def shut(self) -> None:
        """Close what came with the last answer."""
        while self._files:
            os.close(self._files.pop())


def error_of(fault: wire.Fault) -> Exception:
    """Return the exception that a fault was made of."""
    if fault.kind == "system":
        return OSError(fault.number, fault.reason)
    return (BeyondLimit if fault.kind == "beyond" else Unmeasurable)(fault.reason)


@contextlib.contextmanager
def talk(path: Path) -> Iterator[Talk]:
    """Hold a decoder for questions about one file."""
    talking = Talk(path, decoders().take())
    try:
        yield talking
    finally:
        talking.shut()
        if talking.is_broken:
            talking.decoder.close()
        else:
            decoders().give(talking.decoder)


def ask(path: Path, question: wire.Ask, expected: type[A], files: Sequence[int] = ()) -> A:
    """Return the answer to one question; one that kills its decoder is asked once more, of another.

    Raises:
        BeyondLimit, Unmeasurable, OSError: as `Talk.ask`.
    """
    try:
        with talk(path) as talking:
            return talking.ask(question, expected, files)[0]
    except Died:
        with talk(path) as talking:
            return talking.ask(question, expected, files)[0]


def raw(path: Path) -> bytes:
    """Return the absolute path of a file as the system has it; links stay.

    Raises:
        Unmeasurable: there is no such path, as the folder that the process stands in is gone.
    """
    try:
        return os.path.abspath(os.fsencode(path))  # noqa: PTH100 - links stay
    except OSError as error:
        raise Unmeasurable(f"{path.name}: cannot be read: {error.strerror or error}") from error


def _too_long(name: str) -> BeyondLimit:
    most = media_limits().work
    return BeyondLimit(f"{name}: decoding it took over {most:g} s (set {VARIABLE}=work=NUMBER for more)")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _environment() -> dict[str, str]:
    """Return this process's variables, and where it finds its packages; nothing else is on the path."""
    places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - an empty one is the folder of now
    one_arena = {"MALLOC_ARENA_MAX": "2"}  # each further one reserves 64 MB of address space, which is what is bounded
    return {**os.environ, **one_arena, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}
