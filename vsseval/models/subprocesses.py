"""What every foreign process needs: its surroundings, and a log of bounded size of which messages quote the end."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST", "Log", "exit_reason", "log_tail", "subprocess_env"]

LARGEST = 32 << 20
"""Bytes of a log; of what a flood of prints adds, only the end is kept."""
_TAIL = 64 << 10
_QUOTED = 400
"""Characters of a log that go into a message."""


class Log:
    """A log file, appended to; what exceeds `LARGEST` is dropped but for its end."""

    def __init__(self, path: Path) -> None:
        """Open the log and write the time into it.

        Raises:
            EnvironmentFault: it cannot be written.
        """
        with atomic.as_environment_fault(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        self._file.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
        self._file.flush()
        self._thread: threading.Thread | None = None

    def follow(self, pipe: IO[bytes] | None) -> None:
        """Write what comes through a pipe, in a thread of its own, until it is closed at the other end."""
        if pipe is not None:
            self._thread = threading.Thread(target=self._pump, args=(pipe,), daemon=True)
            self._thread.start()

    def write(self, data: bytes) -> None:
        """Add what a process has said that is over already."""
        self._put(data)

    def close(self) -> None:
        """Wait for the end of the pipe and close the file."""
        if self._thread is not None:
            self._thread.join(5.0)
        if self._thread is None or not self._thread.is_alive():
            self._file.close()

    def _pump(self, pipe: IO[bytes]) -> None:
        end: deque[bytes] = deque()
        kept = dropped = 0
        with pipe:
            while data := pipe.read1(1 << 16):  # type: ignore[attr-defined] # a pipe of Popen is buffered
                if not end and self._file.tell() + len(data) <= LARGEST:
                    self._put(data)
                    continue
                end.append(data)
                kept += len(data)
                while kept - len(end[0]) >= _TAIL:
                    kept -= len(end[0])
                    dropped += len(end.popleft())
        if end:
            self._put(f"\n--- {dropped} bytes left out\n".encode() + b"".join(end))

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except OSError:
            return  # a full disk must not stop the pump: the worker would hang on its next print


def log_tail(path: Path) -> str:
    """Return the place of a log and its last lines, for the end of a message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4 * _QUOTED))
            text = file.read().decode("utf-8", "replace").strip()
    except OSError:
        return f"log: {path}"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("--- ")]
    last = " | ".join(lines)[-_QUOTED:]
    return f"log: {path}, which ends: {last}" if last else f"log: {path}, which is empty"


def exit_reason(status: int | None) -> str:
    """Return how a process ended, in words, from what `Popen.poll` says of it."""
    if status is None:
        return "it closed its end and lives on"
    if status >= 0:
        return f"it ended with status {status}"
    name = next((s.name for s in signal.Signals if s.value == -status), f"signal {-status}")
    hint = " (out of memory?)" if status == -signal.SIGKILL else ""
    return f"it was killed by {name}{hint}"


def subprocess_env(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a foreign process: this one's, less what belongs to this interpreter.

    Args:
        more: what is added; it wins.
    """
    ours = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONSAFEPATH", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    added = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    return {**kept, **added, **more}
