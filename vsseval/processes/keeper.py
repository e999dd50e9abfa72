"""Stands between this program and one that it starts, and ends all that comes of that one: `keeper.py FD COMMAND...`.

It takes in orphans (`PR_SET_CHILD_SUBREAPER`, prctl(2)): whatever leaves its session, clears its variables or loses its
mother becomes a child of this process, which goes only when it has none left. There are two of them, one above the
other, so that a program that kills its mother is ended by its grandmother. Standard library alone, run with `-I -S`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_MS = 1000
"""How often it is looked whether whoever started this is still there: a fork of theirs may hold the other end open."""
_GRACE_SECONDS = 3.0
"""Time that the lower one has to end everything before the upper one does it."""
_END_SECONDS = 10.0
"""Time after which what cannot be ended is left: another user's, or one that hangs in a driver."""
_ROUND_SECONDS = 0.002


def main() -> None:
    """Carry a command out; end as it ended, with nothing left of it."""
    end, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(end, False)
    _take_in_orphans()
    life, held = os.pipe()
    lower = os.fork()
    if lower:
        os.close(life)
        _only(end, held)
        _finish(_watch(lower, [end], _GRACE_SECONDS))
    os.close(held)
    _take_in_orphans()
    defaults = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores them, and so would the program
    try:
        program = os.posix_spawnp(command[0], command, os.environ, setsid=True, setsigdef=defaults)
    except OSError as fault:
        os.write(end, b"failed %d" % (fault.errno or 0))
        os._exit(127)
    os.write(end, b"started %d" % program)
    _only(end, life)
    _finish(_watch(program, [end, life], 0.0))


def _take_in_orphans() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _only(*kept: int) -> None:
    """Let go of the program's own input, output and other files: their ends are seen by who holds the other end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - no pathlib: this starts in front of every program
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _watch(first: int, ends: list[int], grace: float) -> int:
    """Wait until a child ends or nobody is left who asked for it; end all; return the status of the child.

    Args:
        first: the child.
        ends: descriptors of which one is hung up when nobody is left.
        grace: seconds that the child has to end by itself then.
    """
    mother = os.getppid()
    ready, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    told = []
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: told.append(number) if number != signal.SIGCHLD else None)
    poll = select.poll()
    poll.register(ready, select.POLLIN)
    for end in ends:
        poll.register(end, 0)  # hung up alone
    status: dict[int, int] = {}
    deadline = None
    while _reap(status) and first not in status:
        left = _LOOK_MS if deadline is None else max(0, 1000 * (deadline - time.monotonic()))
        found = dict(poll.poll(left))
        if ready in found:
            os.read(ready, 1 << 12)
        if deadline is None and (told or os.getppid() != mother or any(end in found for end in ends)):
            deadline = time.monotonic() + grace
            for end in ends:
                poll.unregister(end)
        if deadline is not None and time.monotonic() >= deadline:
            break
    _end_all(status)
    return status.get(first, signal.SIGKILL)


def _end_all(status: dict[int, int]) -> None:
    """Kill children until there are none: those of the killed come here, and are killed in turn."""
    deadline = time.monotonic() + _END_SECONDS
    while _reap(status) and time.monotonic() < deadline:
        for pid, group in _descendants():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            if group != os.getpgrp():  # at once: of a group nobody gets away by forking
                with contextlib.suppress(OSError):
                    os.killpg(group, signal.SIGKILL)
        time.sleep(_ROUND_SECONDS)


def _reap(status: dict[int, int]) -> bool:
    """Take note of the children that have ended; return whether there are others."""
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if not pid:
            return True
        status[pid] = ended


def _descendants() -> list[tuple[int, int]]:
    """Return the living processes that come of this one, each with its group; children first."""
    children: dict[int, list[tuple[int, int]]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # what follows the name, which may hold anything: state, mother, group
                state, mother, group = file.read().rpartition(b")")[2].split()[:3]
                if state not in {b"Z", b"X"}:
                    children.setdefault(int(mother), []).append((int(name), int(group)))
    found = children.get(os.getpid(), [])
    for pid, _ in found:
        found += children.pop(pid, [])
    return found


def _finish(status: int) -> None:
    """End as a child did: by its signal, or with its status."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
