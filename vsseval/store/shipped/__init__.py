"""Features that come with vsseval: what slow extractors make of the sounds and pictures that every machine has alike.

Those are the videos, references and bounds of the mini benchmarks. `provenance.json` says of what versions and on what
machine they were made (`python -m tools.mini features`), and holds the sha256 of every file here, which are looked at
before the first feature is read. The keys are those of the feature store: a file of other bytes has no feature here.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from vsseval.errors import EnvironmentFault
from vsseval.store import codec
from vsseval.store.packs import Packs
from vsseval.types import Record

__all__ = ["FOLDER", "PROVENANCE", "Made", "ShippedFeatures", "made", "of_bounds", "shipped_features"]

FOLDER = Path(__file__).parent
PROVENANCE = "provenance.json"


class ShippedFeatures(Record, frozen=True):
    """What there is of one extractor."""

    identity: tuple[str, ...]
    """Name, version, weights, …: `ExtractorSpec.identity`."""
    folder: str
    entries: int
    sha256: dict[str, str]
    """Of each file in the folder."""


class Made(Record, frozen=True):
    """How the features were made."""

    packages: dict[str, str]
    processor: str
    benchmarks: tuple[str, ...]
    """`<name>-<version>` of those of which everything is there: what the bounds make of all clips with seed 0."""
    features: tuple[ShippedFeatures, ...]


def made(folder: Path = FOLDER) -> Made:
    """Return what is said of the features in a folder; of one that says nothing, that it has none."""
    path = folder / PROVENANCE
    return codec.decode(path.read_bytes(), Made) if path.exists() else Made({}, "", (), ())


@cache
def shipped_features(identity: tuple[str, ...], folder: Path = FOLDER) -> Packs | None:
    """Return the features of an extractor, to be read only; None where there are none of it.

    Raises:
        EnvironmentFault: a file is missing, or not the one that was pinned.
    """
    known = _by_identity(folder).get(identity)
    if known is None:
        return None
    for name, pinned in known.sha256.items():
        file = folder / known.folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != pinned:
            raise EnvironmentFault(
                f"{file} is missing, damaged or replaced (its sha256 is not {pinned[:8]}…): "
                "pip install --force-reinstall vsseval"
            )
    found = Packs(folder / known.folder)
    found.refresh()
    return found


@cache
def of_bounds(benchmark: str, folder: Path = FOLDER) -> frozenset[tuple[str, ...]]:
    """Return the identities of the extractors whose features of a benchmark's bounds are there.

    Args:
        benchmark: `<name>-<version>`.
        folder: of the features.
    """
    said = made(folder)
    return frozenset(one.identity for one in said.features) if benchmark in said.benchmarks else frozenset()


@cache
def _by_identity(folder: Path) -> dict[tuple[str, ...], ShippedFeatures]:
    return {one.identity: one for one in made(folder).features}
