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
from uuid import uuid4

from vsseval.errors import Unmeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LARGEST", "Scratch"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LARGEST = 1 << 30
"""Bytes of one sound: an hour and a half of float32 in one channel at 48 kHz."""


class Scratch:
    """The folder that a worker was given, held open: what the worker puts in its place is not followed."""

    def __init__(self, folder: Path) -> None:
        """Hold a folder that is there, and make the one of the harness beside it.

        Raises:
            OSError: one of them cannot be.
        """
        self.folder = folder
        self._held = folder.with_name(f"{folder.name}-taken-{uuid4().hex[:12]}")
        self._from = os.open(folder, _FOLDER)
        try:
            self._held.mkdir(mode=0o700)
            self._to = os.open(self._held, _FOLDER)
        except OSError:
            os.close(self._from)
            raise

    def close(self) -> None:
        """Let go of both; the folder of the harness is gone then."""
        os.close(self._from)
        os.close(self._to)
        with contextlib.suppress(OSError):
            self._held.rmdir()

    @contextlib.contextmanager
    def taken(self, path: object) -> Iterator[Path]:
        """Give the place of a file that a worker names; it is deleted afterwards.

        Args:
            path: what the worker says: absolute, or below its folder.

        Raises:
            Unmeasurable: the file lies elsewhere, is missing, is no regular file (a link, a pipe, a device, a folder),
                or has more than `LARGEST` bytes.
        """
        if not isinstance(path, str) or "\0" in path:
            raise Unmeasurable(f"the worker named {path!r:.200} where the path of a file was due")
        named = self.folder / path
        # links among its folders are followed here, and must lead nowhere else
        found = Path(os.path.realpath(named.parent)) / named.name
        root = Path(os.path.realpath(f"/proc/self/fd/{self._from}"))
        if named.name == ".." or not found.is_relative_to(root):
            raise Unmeasurable(f"the worker wrote to {path}, outside the folder that it was given")
        name = f"sound{found.suffix}"
        try:
            with _opened(self._from, found.relative_to(root).parts[:-1]) as parent:
                _require_regular(os.lstat(found.name, dir_fd=parent), path)
                os.rename(found.name, name, src_dir_fd=parent, dst_dir_fd=self._to)
            state = os.lstat(name, dir_fd=self._to)
        except OSError as fault:
            raise Unmeasurable(f"the worker's file {path} cannot be taken: {fault.strerror or fault}") from fault
        try:
            _require_regular(state, path)
            if state.st_size > LARGEST:
                raise Unmeasurable(
                    f"the worker's file {path} has {state.st_size:,} bytes, more than the {LARGEST:,} that are read"
                )
            yield self._held / name
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._to)


def _require_regular(state: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise Unmeasurable(f"the worker gave {path}, which is no regular file")


@contextlib.contextmanager
def _opened(folder: int, parts: Sequence[str]) -> Iterator[int]:
    """Open a folder below another one; a link that was put there meanwhile is not followed."""
    found = os.dup(folder)
    try:
        for part in parts:
            below = os.open(part, _FOLDER, dir_fd=found)
            os.close(found)
            found = below
        yield found
    finally:
        os.close(found)
