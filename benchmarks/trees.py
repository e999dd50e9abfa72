"""What commands and everything that they start spend, orphans too: these come here when they lose their mother."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER`, prctl(2)."""
PATIENCE = 30.0
"""Seconds in which what a command leaves behind is to end by itself."""
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
    codes = [program.wait() for program in programs]
    wall = time.monotonic() - begun
    _reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for code, file in zip(codes, said, strict=True):
        with file:
            file.seek(0)
            if code not in FINE:
                raise RuntimeError(f"exit code {code}: {file.read()[-4000:]}")
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


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
