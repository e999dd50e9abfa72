"""Golden numbers, found by pattern: a file beside others is read by the same tests; one that none reads is a failure.

Patterns are asked for while test modules are imported, so that every process that collects the tests knows them all.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

GOLDEN = Path(__file__).parents[1] / "golden"
asked: set[Path] = set()
"""Files and folders that some test module asked for."""


class Golden(NamedTuple):
    """One file of arrays, and what it says of itself."""

    file: Path
    arrays: dict[str, np.ndarray]
    meta: dict

    @property
    def part(self) -> str:
        """What its name ends with: the "a" of `vggish_a.npz`, which is heard on `waves_a.npz`."""
        return self.file.stem.rpartition("_")[2]


def files(pattern: str) -> list[Path]:
    """Return the golden files (or folders) of a pattern, sorted; there is at least one."""
    found = sorted(GOLDEN.glob(pattern))
    if not found:
        raise FileNotFoundError(f"no golden file matches {pattern}")
    asked.update(found)
    return found


def file(name: str) -> Path:
    """Return the one golden file of a name."""
    return files(name)[0]


def parts(*stems: str) -> list[str]:
    """Return the letters for which there is a file of every stem: "a" for `metrics/vggish` and `metrics/waves`."""
    found = [{path.stem.rpartition("_")[2] for path in files(f"{stem}_?.*")} for stem in stems]
    return sorted(set.intersection(*found))


@cache
def read(path: Path) -> Golden:
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files if key != "meta"}
        return Golden(path, arrays, json.loads(str(stored["meta"])) if "meta" in stored.files else {})


def name(path: Path) -> str:
    """Of a parameter."""
    return path.stem


def unasked() -> list[Path]:
    """Return the golden files that no test module asked for."""
    every = (path for path in GOLDEN.rglob("*") if path.is_file() and path.name != "README.md")
    return sorted(path for path in every if not asked & {path, *path.parents})
