"""Reads archives of NumPy that strangers may have written: numbers and texts alone, of bounded size, with one error."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vsseval.text.readers import Unreadable, opened_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import TypeVar

    import numpy as np

    Found = TypeVar("Found")

__all__ = ["LARGEST", "array_sizes", "arrays"]

LARGEST = 4 << 30
"""Bytes that the arrays which are asked for may unfold to."""
_KINDS = "biufcU"
"""Truths, numbers and texts, by NumPy's letters: all that is ever stored here."""
_LAST_MARK = 0x10FFFF
"""Of Unicode; Python has no name for the error that a greater one is."""
_SUFFIX = ".npy"


def arrays(source: Path | bytes, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Return arrays of an archive; no object in it is unpickled, and none of its files is written anywhere.

    Args:
        source: the archive, or the file that holds it.
        names: of those that are wanted; None for all.

    Raises:
        OSError: the file cannot be read, or is no regular file.
        Unreadable: it is none, lacks one, unfolds to more than `LARGEST` bytes, or holds what is neither numbers nor
            texts.
    """

    def chosen(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
        members = _members(archive)
        wanted = {name: members[name] for name in (members if names is None else names)}
        size = sum(member.file_size for member in wanted.values())
        if size > LARGEST:
            raise Unreadable(f"it unfolds to {size:,} bytes, more than the {LARGEST:,} that are read")
        return {name: _array(archive, member) for name, member in wanted.items()}

    return _read(source, chosen)


def array_sizes(source: Path) -> dict[str, int]:
    """Return the names of the arrays of an archive, none of which is read, and the bytes that each unfolds to.

    Raises:
        OSError: as `arrays`.
        Unreadable: it is none.
    """
    return _read(source, lambda archive: {name: one.file_size for name, one in _members(archive).items()})


def _read(source: Path | bytes, read: Callable[[zipfile.ZipFile], Found]) -> Found:
    if isinstance(source, Path):
        with opened_file(source) as file:
            return _read_archive(file, read)
    return _read_archive(BytesIO(source), read)


def _read_archive(file: BinaryIO, read: Callable[[zipfile.ZipFile], Found]) -> Found:
    try:
        with zipfile.ZipFile(file) as archive:
            return read(archive)
    except KeyError as error:
        raise Unreadable(f"it holds no {error}") from None
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - an archive of a stranger can fail in any way
        raise Unreadable(str(error) or type(error).__name__) from None


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found = {member.filename.removesuffix(_SUFFIX): member for member in archive.infolist()}
    if len(found) < len(archive.infolist()):
        raise Unreadable("two of its arrays have one name")
    return found


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    import numpy as np

    with archive.open(member) as file:
        found: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    if found.dtype.kind not in _KINDS or not found.dtype.itemsize:
        raise Unreadable(f"{member.filename[:60]} holds {found.dtype}, and neither numbers nor texts")
    if found.dtype.kind == "U":
        marks = np.ascontiguousarray(found).view(np.uint32) if found.size else np.empty(0, np.uint32)
        if found.dtype.byteorder == ">":
            marks = marks.byteswap()
        if (marks > _LAST_MARK).any():
            raise Unreadable(f"{member.filename[:60]} holds texts that are no Unicode")
    return found
