"""Removes what a killed process left half written: files under the temporary names of `atomic` and of the encoders."""

from __future__ import annotations

import re
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DAY", "is_leftover", "sweep"]

DAY = 24 * 3600.0
_TEMPORARY = re.compile(r"\.tmp-\d+-[0-9a-f]{8}|\.[0-9a-f]{12}(\.[A-Za-z0-9]+)*")


def is_leftover(name: str) -> bool:
    """Return whether a file is called as one that is being written."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep(root: Path, idle: float = 0.0) -> int:
    """Remove temporary files from a folder and the folders in it; return how many.

    Args:
        root: a run directory whose lock is held; or a folder that others write into as well.
        idle: seconds for which nobody has written into a file that is removed.
    """
    removed = 0
    for path in _below(root):
        with suppress(OSError):
            state = path.lstat()
            if stat.S_ISREG(state.st_mode) and time.time() - state.st_mtime >= idle:
                path.unlink()
                removed += 1
    return removed


def _below(root: Path) -> Iterator[Path]:
    """Yield the temporary files in a folder and in the folders right below it; links to folders are not followed."""
    with suppress(OSError):
        folders = [root, *(one for one in root.iterdir() if one.is_dir() and not one.is_symlink())]
        for folder in folders:
            with suppress(OSError):
                yield from [path for path in folder.iterdir() if is_leftover(path.name)]
