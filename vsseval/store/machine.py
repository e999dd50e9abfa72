"""Says where this process is, so that others can tell whether its locks and its number mean anything to them."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

from vsseval.types import Record

__all__ = ["Here", "here"]


class Here(Record, frozen=True, kw_only=True):
    """Of one process; nothing that is kept secret can be read out of it."""

    machine: str
    """Installation and host name: the same after a restart."""
    boot: str
    """The kernel since it was started; empty where it does not say."""
    pids: str
    """Within which a process number means this process."""
    host: str
    """Name for people."""


def here() -> Here:
    """Return where this process is."""
    host = socket.gethostname()
    boot, machine = _read("/proc/sys/kernel/random/boot_id"), _read("/etc/machine-id")
    try:
        pids = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path: the name of a namespace
    except OSError:
        pids = ""
    return Here(
        machine=_hash(machine + host), boot=_hash(boot) if boot else "", pids=_hash(boot + pids), host=host[:64]
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
