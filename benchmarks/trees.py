"""What commands and everything that they start spend, orphans too: these come here when they lose their mother."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER`, prctl(2)."""
PATIENCE = 30.0
"""Seconds in which what a command leaves behind is to end by itself."""
LOOK = 0.5
"""Seconds between two looks at processes whose times nobody is told."""
CHILD_IGNORED = 1 << (signal.SIGCHLD - 1)
FINE = (0, 3)
"""Exit codes of a command of vsseval that did what it could."""


class Spent(NamedTuple):
    """Of one command, or of several side by side."""

    wall: float
    """Seconds until the last of them had ended; not until what it left behind had."""
    processor: float
    """Seconds of all its processes together."""


def spend(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command in a folder; see `spend_side_by_side`."""
    return spend_side_by_side([command], [folder], environment)


def spend_side_by_side(
    commands: Sequence[Sequence[str]], folders: Sequence[Path], environment: Mapping[str, str] | None = None
) -> Spent:
    """Run commands at the same time, wait for all that comes of them, and return what they spent together.

    Raises:
        RuntimeError: one of them failed; what it said is in the message.
    """
    ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    said = [(folder / "said.txt").open("w+") for folder in folders]
    variables = {**os.environ, **(environment or {})}
    programs = [
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=variables)
        for command, folder, file in zip(commands, folders, said, strict=True)
    ]
    with _Unreaped() as unreaped:
        codes = [program.wait() for program in programs]
        wall = time.monotonic() - begun
        _reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for code, file in zip(codes, said, strict=True):
        with file:
            file.seek(0)
            if code not in FINE:
                raise RuntimeError(f"exit code {code}: {file.read()[-4000:]}")
    reaped = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall, reaped + unreaped.seconds)


class _Unreaped:
    """Looks at processes whose parent ignores their end, as Ray's does: the system adds up their times nowhere."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], float] = {}
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    @property
    def seconds(self) -> float:
        """Processor seconds of all of them, when they were last seen."""
        return sum(self._seen.values())

    def _watch(self) -> None:
        while not self._over.wait(LOOK):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    self._look(process)

    def _look(self, process: psutil.Process) -> None:
        key, mother = (process.pid, process.create_time()), process.ppid()
        if mother == os.getpid():  # an orphan now, that is reaped here
            self._seen.pop(key, None)
        elif _ignored(mother) & CHILD_IGNORED:
            self._seen[key] = sum(process.cpu_times()[:4])

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watcher.join()


def _ignored(pid: int) -> int:
    """Return the set of signals that a process ignores."""
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123
        return next(int(line.split()[1], 16) for line in file if line.startswith("SigIgn"))


def _reap() -> None:
    """Wait for the orphans, of whom there are none where none came here; end those that do not end."""
    deadline = time.monotonic() + PATIENCE
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid:
                continue
            if time.monotonic() > deadline:
                for child in _children():
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.05)


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]
