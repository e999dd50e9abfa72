"""What earlier commands found in the files of a folder: a hash or probe counts while size and times stay the same.

`<store>/files/<hash of the folder's path>.jsonl`, one line a file. Deleting it costs the time to open the files again.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vsseval import media
from vsseval.errors import EnvironmentFault
from vsseval.media import Findings
from vsseval.store import atomic, codec
from vsseval.store.features import default_store_root
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["known_files"]

RULES = "1"
"""Raised when the same file would be said to be something else."""


class _Folder(Record, frozen=True):
    """The first line: whose files these are, and by what they were opened."""

    folder: str
    opened_by: str


class _File(Record, frozen=True, omit_defaults=True):
    path: str
    """Below the folder."""
    found: Findings


@contextmanager
def known_files(folder: Path, store: Path | None = None) -> Iterator[None]:
    """Take what is recorded of a folder's files for granted inside the `with` block, and record what is found there.

    Args:
        folder: the files of all folders below it count.
        store: root of the feature store that holds the record; None means that of the user.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links are how many people name their data
    title = _Folder(folder=str(folder), opened_by=_opened_by())
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    path = (store or default_store_root()) / "files" / f"{digest}.jsonl"
    before = _read(path, folder, title)
    media.recall(before)
    try:
        yield
    finally:
        after = media.recollection(folder)
        if after != before:
            # A record that cannot be kept costs time and no result.
            with suppress(EnvironmentFault):
                atomic.write_bytes(path, _encoded(title, folder, after), durable=False)


def _encoded(title: _Folder, folder: Path, found: Mapping[Path, Findings]) -> bytes:
    lines = [codec.encode(title)]
    for path, one in found.items():
        if _is_named(path) and path.exists():
            lines.append(codec.encode(_File(path=path.relative_to(folder).as_posix(), found=one)))
    return b"\n".join([*lines, b""])


def _read(path: Path, folder: Path, title: _Folder) -> dict[Path, Findings]:
    try:
        first, *lines = file_bytes(path).splitlines()
        if codec.decode(first, _Folder) != title:
            return {}
        decoder = msgspec.json.Decoder(_File)
        files = [decoder.decode(line) for line in lines]
    except (OSError, ValueError, msgspec.MsgspecError):
        return {}
    return {folder / file.path: file.found for file in files}


def _opened_by() -> str:
    return " ".join((RULES, version("vsseval"), version("av")))


def _is_named(path: Path) -> bool:
    """Return whether a path is Unicode, which JSON needs."""
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False
