"""Identity of a file: the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from vsseval.media.opening import reading, require_regular

__all__ = ["FileState", "file_state", "hashed_state", "sha256"]

SETTLED_NS = 20_000_000
"""Nanoseconds after its last change from which on a file's times tell of the next one: clocks of file systems tick in
steps of up to 10 ms."""


class FileState(NamedTuple):
    """What the file system says of a file without opening it: while it is the same, so are the bytes."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def sha256(path: Path | str) -> str:
    """Return the sha256 of a file's bytes, in lower-case hexadecimal; a file is read once while it stays as it is.

    Raises:
        Unmeasurable: the file is missing, cannot be read, or is a pipe, a device or a folder: none is opened.
    """
    path = Path(path)
    state = file_state(path)
    known = _known().get(path)
    if known is not None and known[0] == state:
        return known[1]
    with reading(path):
        require_regular(path, path.stat())
    with reading(path), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if state is not None and state.changed_ns + SETTLED_NS < time.time_ns():
        _known()[path] = (state, digest)
    return digest


def file_state(path: Path) -> FileState | None:
    """Return the state of a file; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def hashed_state(path: Path, digest: str) -> FileState | None:
    """Return the state in which this process found a file to have a sha256; None where it did not, or not that one."""
    known = _known().get(path)
    return known[0] if known is not None and known[1] == digest else None


@cache
def _known() -> dict[Path, tuple[FileState, str]]:
    """Return what this process has hashed so far."""
    return {}
