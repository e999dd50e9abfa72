"""What every foreign process needs: its surroundings, and a log of bounded size of which messages quote the end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vsseval.store import atomic

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

__all__ = ["LARGEST", "Family", "Log", "end_all", "exit_reason", "log_tail", "subprocess_env"]

MARK = "VSSEVAL_PROCESS"
"""Variable that a foreign process and all that it starts carry: one value for each that the harness started."""

LARGEST = 32 << 20
"""Bytes of a log; of what a flood of prints adds, only the end is kept."""
_TAIL = 64 << 10
_ROUNDS = 100
"""Times that left processes are looked for: a child may be started while its mother is ended."""
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

    It carries a new mark, by which `end_all` finds what the process started.
    """
    ours = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONSAFEPATH", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    added = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    return {**kept, **added, **more, MARK: uuid.uuid4().hex}


class Family:
    """The processes that a process has started, and those have started, as far as they are known.

    One that leaves the session is found by its mark; one that throws its variables away, by its mother, as long as she
    lives: so `look` before she is asked to go. Who does both, and whose mother has died before, is not found.
    """

    def __init__(self, pid: int) -> None:
        """Begin with the first of them."""
        self._pid = pid
        self._known: set[tuple[int, str]] = set()

    def look(self) -> None:
        """Take note of those that are there now."""
        children: dict[int, list[tuple[int, str]]] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                # what follows the name, which may hold anything: state, parent, ..., and the time of its start
                facts = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                children.setdefault(int(facts[1]), []).append((int(folder.name), facts[19]))
        found = [self._pid]
        for pid in found:
            self._known.update(children.get(pid, ()))
            found += [child for child, _ in children.pop(pid, ())]

    def left(self) -> list[int]:
        """Return those that are still there, and are the same."""
        alive = []
        for pid, begun in self._known:
            with contextlib.suppress(OSError, IndexError):
                facts = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if facts[19] == begun and facts[0] not in {"Z", "X"}:
                    alive.append(pid)
        return alive


def end_all(process: subprocess.Popen[bytes], env: Mapping[str, str], family: Family | None = None) -> None:
    """End a process, its group, and those of its children that left the group.

    Args:
        process: started in a session of its own.
        env: its variables, from `subprocess_env`.
        family: what is known of its children by an earlier look.
    """
    family = family or Family(process.pid)
    family.look()
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of them are gone
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(_ROUNDS):
        left = [*_marked(env[MARK]), *family.left()]
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return
        time.sleep(0.01)


def _marked(value: str) -> list[int]:
    """Return the processes that carry a mark and can be ended; those of other users, and the dead, show none."""
    sign, found = f"{MARK}={value}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if sign in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
