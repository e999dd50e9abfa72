"""Identity of a file: the sha256 of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vsseval.media.memory import recalled
from vsseval.media.opening import reading, require_regular

__all__ = ["sha256"]


def sha256(path: Path | str) -> str:
    """Return the sha256 of a file's bytes, in lower-case hexadecimal; a file is read once while it stays as it is.

    Raises:
        Unmeasurable: the file is missing, cannot be read, or is a pipe, a device or a folder: none is opened.
    """
    path = Path(path)
    return recalled("sha256", path, lambda: _digest(path))


def _digest(path: Path) -> str:
    with reading(path):
        require_regular(path, path.stat())
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
