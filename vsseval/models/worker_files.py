"""Takes files out of the folder in which a worker leaves its sounds; nothing outside that folder is read or deleted.

A file is first moved into a folder of the harness beside it: a link moves as a link, and what is looked at afterwards
is no longer where the worker was told to write.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGEST", "taken"]

LARGEST = 1 << 30
"""Bytes of one sound: an hour and a half of float32 in one channel at 48 kHz."""


@contextlib.contextmanager
def taken(path: object, scratch: Path) -> Iterator[Path]:
    """Give the place of a file that a worker names; it is deleted afterwards.

    Args:
        path: what the worker says: absolute, or below its folder.
        scratch: the folder that the worker was given.

    Raises:
        Unmeasurable: the file lies elsewhere, is missing, is no regular file (a link, a pipe, a device, a folder), or
            has more than `LARGEST` bytes.
    """
    if not isinstance(path, str) or "\0" in path:
        raise Unmeasurable(f"the worker named {path!r:.200} where the path of a file was due")
    named = scratch / path
    # links among its folders are followed here, and must lead nowhere else
    found = Path(os.path.realpath(named.parent)) / named.name
    if named.name == ".." or not found.is_relative_to(scratch.resolve()):
        raise Unmeasurable(f"the worker wrote to {path}, outside the folder that it was given")
    held = scratch.with_name(f"{scratch.name}-taken")
    held.mkdir(exist_ok=True)
    mine = held / f"sound{found.suffix}"
    try:
        state = found.lstat()
        if not stat.S_ISREG(state.st_mode):
            raise Unmeasurable(f"the worker gave {path}, which is no regular file")
        found.rename(mine)
        state = mine.lstat()
    except OSError as fault:
        raise Unmeasurable(f"the worker's file {path} cannot be taken: {fault.strerror or fault}") from fault
    try:
        if not stat.S_ISREG(state.st_mode):
            raise Unmeasurable(f"the worker gave {path}, which is no regular file")
        if state.st_size > LARGEST:
            raise Unmeasurable(
                f"the worker's file {path} has {state.st_size:,} bytes, more than the {LARGEST:,} that are read"
            )
        yield mine
    finally:
        mine.unlink(missing_ok=True)
