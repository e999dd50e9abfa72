"""Whether a set of weights is still what was put there.

`weights.json` in its folder says what was found then. Files are hashed once; afterwards they are
trusted while their size and time of change stay the same. Those of an installed package, which has no such record, are
hashed once in every process.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from vsseval.store import atomic, codec
from vsseval.text.readers import file_bytes
from vsseval.types import Record
from vsseval.weights.pins import Pin, PinnedFile, Wheel, weights_root
from vsseval.weights.wheel import installed_folder

RECORD = "weights.json"


class FileRecord(Record, frozen=True):
    """One file as it was found when it was put in its place."""

    sha256: str
    bytes: int
    changed_ns: int
    """Time of change, in nanoseconds of the file system's clock."""


class WeightsRecord(Record, frozen=True):
    """Content of `weights.json`."""

    files: dict[str, FileRecord]
    pinned: bool
    """The files are those of the pin; False for others that the user put in their place."""


class WeightsState(Record, frozen=True):
    """What there is of a set of weights."""

    status: Literal["present", "unpinned", "absent", "damaged", "outdated"]
    detail: str = ""
    """What is wrong, where it is damaged or outdated; which package holds it, where one does."""
    found: WeightsRecord | None = None
    package: Path | None = None
    """The folder of an installed package in which it lies; None where it lies in its own."""


def weights_state(name: str, pin: Pin, *, whole: bool = False) -> WeightsState:
    """Return what there is of a set of weights.

    Args:
        name: of the set.
        pin: of the set.
        whole: hash every file, though its size and time of change are those that were recorded.
    """
    folder = weights_root() / name
    found = read_weights_record(folder)
    if found is None:
        return _installed_state(name, pin, pin.wheel, whole=whole) if pin.wheel else WeightsState("absent")
    for file, known in found.files.items():
        fault = _fault(folder / file, known, whole=whole)
        if fault:
            return WeightsState("damaged", f"{file} of the weights {name} {fault}", found)
    lacking = [file.name for file in pin.files if file.name not in found.files]
    if lacking:
        return WeightsState("outdated", f"{', '.join(lacking)} of the weights {name} is not there", found)
    if not found.pinned:
        return WeightsState("unpinned", "", found)
    others = [file.name for file in pin.files if file.sha256 not in {None, found.files[file.name].sha256}]
    if others:
        return WeightsState("outdated", f"{', '.join(others)} of the weights {name} is that of an earlier pin", found)
    return WeightsState("present", "", found)


def _installed_state(name: str, pin: Pin, wheel: Wheel, *, whole: bool) -> WeightsState:
    """Return what there is of a set in the installed package that brings it."""
    folder = installed_folder(wheel)
    if folder is None:
        return WeightsState("absent")
    source = f"the installed package {wheel.package} {wheel.version}"
    files: dict[str, FileRecord] = {}
    for file in pin.files:
        path = folder / file.name
        try:
            files[file.name] = hash_file(path) if whole else _hash_once(path, path.stat().st_mtime_ns)
        except OSError as error:
            detail = f"{file.name} of the weights {name}, in {source}, cannot be read: {error.strerror or error}"
            return WeightsState("damaged", detail, WeightsRecord(files, pinned=True), folder)
    found = WeightsRecord(files, pinned=True)
    for file in pin.files:
        reason = pin_mismatch(file, files[file.name])
        if reason:
            detail = f"{file.name} of the weights {name}, in {source}, is not what is pinned: {reason}"
            return WeightsState("damaged", detail, found, folder)
    return WeightsState("present", f"in {source}", found, folder)


def read_weights_record(folder: Path) -> WeightsRecord | None:
    """Return what a folder of weights holds, or None where there is none."""
    try:
        return msgspec.json.decode(file_bytes(folder / RECORD), type=WeightsRecord)
    except (OSError, msgspec.MsgspecError):
        return None


def write_weights_record(folder: Path, found: WeightsRecord) -> None:
    """Say what a folder of weights holds; its files must be in their places.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    atomic.write_bytes(folder / RECORD, codec.encode(found, order="sorted"))


def joint_sha256(hashes: dict[str, str]) -> str:
    """Return one sha256 for files given by name and sha256; that of a single file is its own."""
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{content}  {file}\n" for file, content in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def pin_mismatch(file: PinnedFile, found: FileRecord) -> str | None:
    """Return how a file differs from its pin, or None."""
    if file.bytes is not None and found.bytes != file.bytes:
        return f"{found.bytes} bytes instead of {file.bytes}"
    if file.sha256 is not None and found.sha256 != file.sha256:
        return f"sha256 {found.sha256} instead of {file.sha256}"
    return None


def hash_file(path: Path) -> FileRecord:
    """Hash a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    now = path.stat()
    return FileRecord(digest, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_once(path: Path, changed_ns: int) -> FileRecord:
    """Hash a file in this process once, and again where it has changed."""
    del changed_ns
    return hash_file(path)


def _fault(path: Path, known: FileRecord, *, whole: bool) -> str | None:
    """Return what is wrong with a file since it was put in its place, or None."""
    try:
        now = path.stat()
        if not whole and (now.st_size, now.st_mtime_ns) == (known.bytes, known.changed_ns):
            return None
        found = hash_file(path).sha256
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if found == known.sha256:
        return None
    return f"is damaged or replaced (sha256 {found[:8]} instead of {known.sha256[:8]})"
