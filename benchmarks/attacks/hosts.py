"""Two hosts work on one run in one folder, with one store: one waits or is refused, and takes over what the other left.

Each has its own host name, its own process numbers and, where `bindfs` is there, its own mount of the folder: locks of
one are not seen by the other, as over some networks.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from attacks.common import Outcome, Place, done, environment, results, run_command

HOSTS = 2
SECONDS = 300


def two_hosts(place: Place, size: int) -> Outcome:
    """Start a run on both at once; and on one, kill that, and start it on the other."""
    whole, shared = place.under("whole"), place.under("shared")
    first = done(run_command(whole), whole)
    if first.returncode:
        return Outcome(1, 0, first.stderr[-300:])
    with ExitStack() as mounts:
        folders = [_mounted(mounts, shared, place.under(f"host{number}")) for number in range(HOSTS)]
        apart = shared not in folders
        tried, good, faults, waited = 0, 0, [], [0.0]
        for _ in range(size):
            for attempt in (_at_once, _killed):
                for part in ("runs", "store"):
                    shutil.rmtree(shared / part, ignore_errors=True)
                begun = time.monotonic()
                fault = attempt(place, folders)
                waited.append(time.monotonic() - begun)
                if fault is None and any(results(folder) != results(whole) for folder in folders):
                    fault = f"{attempt.__name__}: other results"
                tried, good = tried + 1, good + (fault is None)
                faults += [] if fault is None else [fault]
    how = "a bindfs mount and pid namespace each" if apart else "one folder: bindfs is not there"
    return Outcome(tried, good, faults[0] if faults else f"{how}; a killed host is taken over in {max(waited):.0f} s")


def _at_once(_place: Place, folders: list[Path]) -> str | None:
    """Return what was wrong with two that were started at once: both end, or one is told of the other."""
    both = [_started(number, folder) for number, folder in enumerate(folders)]
    ends = [(process.communicate(timeout=SECONDS)[1], process.returncode) for process in both]
    busy = [text for text, code in ends if code == 4 and "is working on the same run" in text]
    codes = sorted(code for _, code in ends)
    return None if codes == [0, 0] or (codes == [0, 4] and busy) else f"at once: exit {codes}: {ends[0][0][-200:]}"


def _killed(place: Place, folders: list[Path]) -> str | None:
    """Return what was wrong with one that goes on where a killed host has stopped."""
    first = _started(0, folders[0])
    begun = time.monotonic()
    while not list((folders[0] / "runs").glob("*/audio/*.flac")) and time.monotonic() - begun < SECONDS:
        time.sleep(0.02)
    time.sleep(place.chance.uniform(0, 1.0))
    with suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second = _started(1, folders[1])
    text = second.communicate(timeout=SECONDS)[1]
    return None if second.returncode == 0 else f"after a kill: exit {second.returncode}: {text[-200:]}"


def _started(number: int, folder: Path) -> subprocess.Popen[str]:
    """Start the run as a host does it: with a name of its own, and process numbers that mean nothing elsewhere."""
    command = run_command(folder)
    if os.geteuid() == 0:
        named = f'hostname host{number} && exec "$@"'
        command = [
            "unshare",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            named,
            "sh",
            *command,
        ]
    return subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def _mounted(mounts: ExitStack, folder: Path, at: Path) -> Path:
    """Return a mount of a folder, of this host alone; or the folder, where that cannot be made."""
    if shutil.which("bindfs") is None or subprocess.run(["bindfs", str(folder), str(at)], check=False).returncode:
        return folder
    leave = ["umount", "-l", str(at)] if os.geteuid() == 0 else ["fusermount", "-u", "-z", str(at)]
    mounts.callback(subprocess.run, leave, check=False)
    return at
