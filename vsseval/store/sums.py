"""Per-group sums of a distribution metric; the groups are the same for every model, so runs can be paired."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import UsageError
from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

GROUPS = 20
"""Delete-a-group jackknife: 20 groups give the right standard error of a Fréchet distance at a fair price."""

GroupSums = dict[int, dict[str, np.ndarray]]
"""Group -> name -> float64 array, added over the clips of the group in the order of their ids."""


def groups(clusters: Iterable[str]) -> dict[str, int]:
    """Return the group of every cluster: sorted, index modulo 20; with fewer clusters, one group each."""
    return {cluster: index % GROUPS for index, cluster in enumerate(sorted(set(clusters)))}


def add(total: dict[str, np.ndarray], more: Mapping[str, np.ndarray]) -> None:
    """Add one set of sums onto another, in place."""
    for name, value in more.items():
        array = np.asarray(value, dtype=np.float64)
        total[name] = total[name] + array if name in total else array.copy()


def added(sums: GroupSums, without: int | None = None) -> dict[str, np.ndarray]:
    """Return the sums over all groups in sorted order, or over all but one."""
    total: dict[str, np.ndarray] = {}
    for group in sorted(sums):
        if group != without:
            add(total, sums[group])
    return total


def write_sums(path: Path, sums: GroupSums) -> None:
    """Store sums as .npz with keys `<group>/<name>`."""
    arrays = {f"{group}/{name}": sums[group][name] for group in sorted(sums) for name in sorted(sums[group])}

    def save(target: Path) -> None:
        with target.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    atomic.write_with(path, save)


def read_sums(path: Path) -> GroupSums:
    """Read stored sums.

    Raises:
        UsageError: the file is missing or damaged.
    """
    sums: GroupSums = {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            for key in stored.files:
                group, _, name = key.partition("/")
                sums.setdefault(int(group), {})[name] = stored[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path} cannot be read: {error}. Make it anew with: vsseval score {path.parent.parent}"
        ) from error
    return sums
