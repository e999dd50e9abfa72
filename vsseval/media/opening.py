"""The one border through which every file is opened: whatever a reader raises for a file is that file's own reason.

PyAV, libsndfile and NumPy raise what they like for a damaged or unknown file: `AttributeError` for a stream without a
decoder, `ValueError` and `OverflowError` for a number out of range, `MemoryError` for a header that lies,
`RuntimeError` from within. No list of them is complete, so there is none.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.errors import Unmeasurable, VssevalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["check_file", "opened", "reading"]

_TRACELESS = (AttributeError, TypeError, IndexError, KeyError, AssertionError)
"""What these say is of use to a programmer alone."""


def check_file(path: Path) -> None:
    """Raise Unmeasurable where the file is missing, no file, or empty."""
    with reading(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unmeasurable(f"{path.name}: not a file")
    if status.st_size == 0:
        raise Unmeasurable(f"{path.name}: the file is empty (0 bytes)")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever is raised inside the `with` block into Unmeasurable, with the file's name and the reason.

    Faults of the program's surroundings (a full disk where a copy is written) pass through, and so does an interrupt.

    Raises:
        Unmeasurable: the file cannot be read.
    """
    try:
        yield
    except (Unmeasurable, VssevalError):
        raise
    except FileNotFoundError as error:
        raise Unmeasurable(f"{path.name}: no such file") from error
    except Exception as error:
        raise Unmeasurable(f"{path.name}: {_reason(error)}") from error


@contextmanager
def opened(
    path: Path, source: BinaryIO | None = None, form: str | None = None, options: dict[str, str] | None = None
) -> Iterator[Any]:
    """Open a container with PyAV for reading.

    Args:
        path: the file; its name stands in messages.
        source: what to read in its place: a part of the file.
        form: name of the format; None finds it out.
        options: of FFmpeg's reader.

    Raises:
        Unmeasurable: the file is missing, empty, or no readable media file; also for a fault of the
            demuxer or decoder, or any other, inside the `with` block.
    """
    import av

    check_file(path)
    with (
        reading(path),
        av.open(source or str(path), format=form, options=options or {}, metadata_errors="replace") as container,
    ):
        yield container


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and not type(error).__module__.startswith("av."):
        return f"cannot be read: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "not readable as media: what its header states does not fit into memory"
    said = getattr(error, "strerror", None) or str(error)
    kind = f"{type(error).__name__}: " if isinstance(error, _TRACELESS) or not said else ""
    return f"not readable as media (truncated or damaged): {kind}{said}"
