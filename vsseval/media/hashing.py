"""Identity of a file: the sha256 of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vsseval.errors import Unmeasurable

__all__ = ["sha256"]


def sha256(path: Path | str) -> str:
    """Return the sha256 of a file's bytes, in lower-case hexadecimal.

    Raises:
        Unmeasurable: the file is missing or cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unmeasurable(f"{Path(path).name}: cannot be read: {error.strerror or error}") from error
