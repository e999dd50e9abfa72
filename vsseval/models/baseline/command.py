"""Runs the command lines of a system, one after the other, with a time-out and a log."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault
from vsseval.models.subprocesses import Log, exit_reason, subprocess_env
from vsseval.processes.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.models.baseline.spec import Command

__all__ = ["build", "run"]


def build(command: Command, values: Mapping[str, object]) -> list[list[str]]:
    """Return the command lines, with every placeholder filled.

    Raises:
        EnvironmentFault: the file names a placeholder that this run has no value for.
    """
    try:
        return [[word.format_map(values) for word in step] for step in command.steps]
    except KeyError as lost:
        raise EnvironmentFault(
            f"a command of baseline.toml holds the placeholder {{{lost.args[0]}}}, which this run has no value for"
        ) from lost


def run(steps: Sequence[Sequence[str]], cwd: Path, env: Mapping[str, str], log: Path, seconds: float) -> str | None:
    """Run command lines until one fails.

    Args:
        steps: programs with their arguments; no shell sees them.
        cwd: where they run.
        env: variables beside this process's own.
        log: file to which all they print is added.
        seconds: time for all of them together.

    Returns:
        What went wrong, or None if all ended with status 0.

    Raises:
        EnvironmentFault: a program is not there, or the log cannot be written.
    """
    deadline = time.monotonic() + seconds
    for step in steps:
        fault = _step(step, cwd, env, log, deadline, seconds)
        if fault is not None:
            return f"{_name(step)}: {fault}"
    return None


def _step(
    step: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, deadline: float, seconds: float
) -> str | None:
    book = Log(log)
    try:
        process = Kept(step, cwd=cwd, env=subprocess_env(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as fault:
        book.close()
        raise EnvironmentFault(f"{step[0]} cannot be started in {cwd}: {fault.strerror or fault}") from fault
    book.follow(process.stdout)
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return f"it was not done in {seconds:.0f} s"
    finally:
        process.end()
        book.close()
    return None if status == 0 else exit_reason(status)


def _name(step: Sequence[str]) -> str:
    """Return how people know a command: its program and, of an interpreter, its script."""
    words = [Path(word).name for word in step[:4] if not word.startswith("-")]
    return " ".join(words[:2])
