"""Weights that are fetched, not shipped: what is pinned, where it lies on this machine, and whether it is still whole.

`pins.toml` beside the shipped weights names every file with its address, sha256 and licence. A set of weights lies in
`<root>/<name>/`, with `weights.json` saying what was found when it was put there. Files are hashed once; afterwards
their size and time of change vouch for them.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

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


class Pin(Record, frozen=True):
    """One set of weights, as its makers hand it around."""

    files: tuple[PinnedFile, ...]
    licence: str
    source: str
    """Page on which the makers offer it."""
    note: str = ""


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
    text = files("vsseval").joinpath("extractors/weights/pins.toml").read_text(encoding="utf-8")
    return {name: msgspec.convert(pin, Pin) for name, pin in sorted(tomllib.loads(text).items())}


def find(name: str) -> Weights:
    """Return a set of weights that lies on this machine.

    Raises:
        MissingWeights: it was not fetched yet.
        EnvironmentFault: a file is gone, cut short or replaced.
    """
    pin = pins()[name]
    folder = root() / name
    found = read_found(folder)
    if found is None:
        raise MissingWeights(
            f"the weights {name} ({pin.licence}) are not on this machine. Get them with: vsseval weights pull {name}"
        )
    for file, known in found.files.items():
        _verify(folder / file, known, name)
    hashes = {file: known.sha256 for file, known in found.files.items()}
    return Weights(name, folder, tuple(found.files), joint_sha256(hashes), found.pinned)


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
    state = path.stat()
    return FoundFile(digest, state.st_size, state.st_mtime_ns)


def _verify(path: Path, known: FoundFile, name: str) -> None:
    mend = f"Get it anew with: vsseval weights pull --again {name}"
    try:
        state: Any = path.stat()
        if (state.st_size, state.st_mtime_ns) == (known.bytes, known.changed_ns):
            return
        found = measure(path).sha256
    except OSError as error:
        raise EnvironmentFault(f"{path.name} of the weights {name} cannot be read: {error.strerror}. {mend}") from error
    if found != known.sha256:
        raise EnvironmentFault(
            f"{path.name} of the weights {name} is damaged or replaced (sha256 {found[:8]} instead of "
            f"{known.sha256[:8]}). {mend}"
        )
