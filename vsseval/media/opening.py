"""The one border through which every file is opened: whatever a reader raises for a file is that file's own reason.

PyAV, libsndfile and NumPy raise what they like for a damaged or unknown file: `AttributeError` for a stream without a
decoder, `ValueError` and `OverflowError` for a number out of range, `MemoryError` for a header that lies,
`RuntimeError` from within. No list of them is complete, so there is none.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.errors import Unmeasurable, VssevalError
from vsseval.media.edit_lists import require_few_edits
from vsseval.media.limits import VARIABLE, BeyondLimit, media_limits

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["check_file", "opened", "reading", "require_regular"]

_LISTS = frozenset({"concat", "concatf", "dash", "hls", "imf", "rtp", "rtsp", "sdp", "webm_dash_manifest"})
_TRACELESS = (AttributeError, TypeError, IndexError, KeyError, AssertionError)
"""What these say is of use to a programmer alone."""


def check_file(path: Path) -> None:
    """Raise Unmeasurable where the file is missing, no file, or empty."""
    with reading(path):
        status = path.stat()
    require_regular(path, status)
    if status.st_size == 0:
        raise Unmeasurable(f"{path.name}: the file is empty (0 bytes)")


def require_regular(path: Path, status: os.stat_result) -> None:
    """Raise Unmeasurable where a path leads to a pipe, a socket, a device or a folder, which may never end."""
    if not stat.S_ISREG(status.st_mode):
        raise Unmeasurable(f"{path.name}: not a file")


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
    except MemoryError as error:
        raise BeyondLimit(
            f"{path.name}: decoding it takes more than the {media_limits().memory_mb:g} MB allowed, or its header is "
            f"damaged (set {VARIABLE}=memory_mb=NUMBER for more)"
        ) from error
    except Exception as error:
        raise Unmeasurable(f"{path.name}: {_reason(error)}") from error


@contextmanager
def opened(
    path: Path, source: BinaryIO | None = None, form: str | None = None, options: dict[str, str] | None = None
) -> Iterator[Any]:
    """Open a container with PyAV for reading; no picture is decoded that is larger than is allowed.

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
    if source is None:
        with reading(path):
            require_few_edits(path)
    pixels = {"max_pixels": f"{media_limits().pixels:.0f}"}
    chosen = {"format_whitelist": _formats()} | pixels | (options or {})
    with (
        reading(path),
        _large_pictures(path),
        av.open(source or str(path), format=form, options=chosen, metadata_errors="replace") as container,
    ):
        for stream in container.streams.video:
            if stream.codec_context is not None:
                stream.codec_context.options = pixels
        yield container


@contextmanager
def _large_pictures(path: Path) -> Iterator[None]:
    """Name what FFmpeg calls an invalid argument where pictures are larger than is allowed."""
    import av

    try:
        yield
    except av.error.ArgumentError as error:
        raise BeyondLimit(
            f"{path.name}: cannot be decoded: its pictures have more than {media_limits().pixels:g} pixels "
            f"(set {VARIABLE}=pixels=NUMBER for more), its header is damaged, or it is a list of other files"
        ) from error


@cache
def _formats() -> str:
    """Return the names of all formats but those of lists, which have other files opened, or addresses."""
    import av

    return ",".join(sorted(av.formats_available - _LISTS))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and not type(error).__module__.startswith("av."):
        return f"cannot be read: {error.strerror or error}"
    said = getattr(error, "strerror", None) or str(error)
    kind = f"{type(error).__name__}: " if isinstance(error, _TRACELESS) or not said else ""
    return f"not readable as media (truncated or damaged): {kind}{said}"
