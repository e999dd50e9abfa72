"""Starts a foreign program under a keeper, so that whatever it starts ends with it, or with this process."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Kept"]

_START_MS = 60_000
_END_SECONDS = 20.0
"""Longer than the keeper takes to give up."""


class Kept:
    """A program and all that comes of it: children that leave its session or clear their variables too.

    Ctrl-C does not reach it. It ends with this process, however that ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Start it; arguments are those of `subprocess.Popen`.

        Raises:
            OSError: it cannot be started.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keeper = Path(__file__).with_name("keeper.py")
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - this interpreter, a file of this package; no shell
                [sys.executable, "-I", "-S", str(keeper), str(theirs.fileno()), *command],
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(theirs.fileno(), *pass_fds),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._end = ours
        self.command = tuple(command)
        self.stdin: IO[bytes] | None = self._popen.stdin
        self.stdout: IO[bytes] | None = self._popen.stdout
        self.stderr: IO[bytes] | None = self._popen.stderr
        try:
            self.pid = self._started()
            """Of the program itself."""
        except BaseException:
            self.end()
            for pipe in (self.stdin, self.stdout, self.stderr):
                if pipe is not None:
                    pipe.close()
            raise

    def _started(self) -> int:
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        said = self._end.recv(64).split() if poll.poll(_START_MS) else []
        if len(said) != 2:
            raise OSError(0, "the process that was to start it is gone or hangs", self.command[0])
        if said[0] == b"failed":
            raise OSError(int(said[1]), os.strerror(int(said[1])), self.command[0])
        return int(said[1])

    def poll(self) -> int | None:
        """Return how the program ended, as `subprocess.Popen.poll`; None while it lives."""
        return self._popen.poll()

    def wait(self, seconds: float | None = None) -> int:
        """Wait until the program has ended, and all that came of it.

        Raises:
            subprocess.TimeoutExpired: it has not, in that time.
        """
        return self._popen.wait(seconds)

    def end(self) -> int:
        """End the program and all that came of it; return how it ended."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)  # a fork of this process may hold the socket open
        self._end.close()
        if self._popen.returncode is None:
            # one that the program has stopped
            self._popen.send_signal(signal.SIGCONT)
        try:
            return self._popen.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()
