"""Weights that are fetched, not shipped: what is pinned, where it lies on this machine, and whether it is still whole.

`pins.toml` beside the shipped weights names every file with its address, sha256 and licence. A set of weights lies in
`<root>/<name>/`, with `weights.json` saying what was found when it was put there. Files are hashed once; afterwards
their size and time of change vouch for them.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from vsseval.errors import EnvironmentFault, MissingWeights
from vsseval.store import atomic, codec
from vsseval.types import Record

RECORD = "weights.json"


class PinnedFile(Record, frozen=True):
    """One file of a set of weights."""

    name: str
    url: str
    sha256: str | None = None
    """None where its makers publish none and it could not be fetched here: the hash that is found is recorded."""
    bytes: int | None = None


class Pin(Record, frozen=True, forbid_unknown_fields=True):
    """One set of weights, as its makers hand it around."""

    files: tuple[PinnedFile, ...]
    licence: str
    source: str
    """Page on which the makers offer it."""
    note: str = ""
    extractors: tuple[str, ...] = ()
    """Names of the extractors that need it; empty for the one that is called like the set."""

    @property
    def bytes(self) -> int | None:
        """Size of all files, or None where that of one is not known."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


class FoundFile(Record, frozen=True):
    """One file as it was found when it was put in its place."""

    sha256: str
    bytes: int
    changed_ns: int
    """Time of change, in nanoseconds of the file system's clock."""


class Found(Record, frozen=True):
    """Content of `weights.json`."""

    files: dict[str, FoundFile]
    pinned: bool
    """The files are those of the pin; False for others that the user put in their place."""


class State(Record, frozen=True):
    """What there is of a set of weights."""

    status: Literal["present", "unpinned", "absent", "damaged", "outdated"]
    detail: str = ""
    """What is wrong, where it is damaged or outdated."""
    found: Found | None = None


class Weights(Record, frozen=True):
    """A set of weights on this machine, verified."""

    name: str
    folder: Path
    files: tuple[str, ...]
    sha256: str
    """Of the single file, or of the list of names and hashes where there are several."""
    pinned: bool = True

    def file(self, name: str | None = None) -> Path:
        """Return the path of a file of the set; without a name, of its only or first one.

        Raises:
            KeyError: the set has no such file.
        """
        if name is not None and name not in self.files:
            raise KeyError(f"the weights {self.name} hold no file {name}")
        return self.folder / (name or self.files[0])


def root() -> Path:
    """Return where weights lie: `$VSSEVAL_WEIGHTS`, or `weights` in the user's cache folder."""
    named = os.environ.get("VSSEVAL_WEIGHTS")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("vsseval")) / "weights"


def pins() -> dict[str, Pin]:
    """Return every set of weights that can be fetched, by name."""
    return dict(_decoded(files("vsseval").joinpath("extractors/weights/pins.toml").read_text(encoding="utf-8")))


def find(name: str) -> Weights:
    """Return a set of weights that lies on this machine.

    Raises:
        MissingWeights: it was not fetched yet.
        EnvironmentFault: a file is gone, cut short or replaced, or the set is that of an earlier pin.
    """
    pin = pins()[name]
    seen = state(name, pin)
    if seen.found is None:
        raise MissingWeights(
            f"the weights {name} ({pin.licence}) are not on this machine. Get them with: vsseval weights pull {name}"
        )
    if seen.status in {"damaged", "outdated"}:
        raise EnvironmentFault(f"{seen.detail}. Get it anew with: vsseval weights pull --again {name}")
    hashes = {file: known.sha256 for file, known in seen.found.files.items()}
    return Weights(name, root() / name, tuple(hashes), joint_sha256(hashes), seen.found.pinned)


def state(name: str, pin: Pin, *, whole: bool = False) -> State:
    """Return what there is of a set of weights.

    Args:
        name: of the set.
        pin: of the set.
        whole: hash every file, though its size and time of change are those that were recorded.
    """
    folder = root() / name
    found = read_found(folder)
    if found is None:
        return State("absent")
    for file, known in found.files.items():
        fault = _fault(folder / file, known, whole=whole)
        if fault:
            return State("damaged", f"{file} of the weights {name} {fault}", found)
    lacking = [file.name for file in pin.files if file.name not in found.files]
    if lacking:
        return State("outdated", f"{', '.join(lacking)} of the weights {name} is not there", found)
    if not found.pinned:
        return State("unpinned", "", found)
    others = [file.name for file in pin.files if file.sha256 not in {None, found.files[file.name].sha256}]
    if others:
        return State("outdated", f"{', '.join(others)} of the weights {name} is that of an earlier pin", found)
    return State("present", "", found)


def read_found(folder: Path) -> Found | None:
    """Return what a folder of weights holds, or None where there is none."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=Found)
    except (OSError, msgspec.MsgspecError):
        return None


def write_found(folder: Path, found: Found) -> None:
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


def measure(path: Path) -> FoundFile:
    """Hash a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    now = path.stat()
    return FoundFile(digest, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=1)
def _decoded(text: str) -> dict[str, Pin]:
    """Return the pins of a text; a list of metrics asks for them a hundred times."""
    return {name: msgspec.convert(pin, Pin) for name, pin in sorted(tomllib.loads(text).items())}


def _fault(path: Path, known: FoundFile, *, whole: bool) -> str | None:
    """Return what is wrong with a file since it was put in its place, or None."""
    try:
        now = path.stat()
        if not whole and (now.st_size, now.st_mtime_ns) == (known.bytes, known.changed_ns):
            return None
        found = measure(path).sha256
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if found == known.sha256:
        return None
    return f"is damaged or replaced (sha256 {found[:8]} instead of {known.sha256[:8]})"
