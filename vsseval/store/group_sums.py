"""Per-group sums of a distribution metric; the groups are the same for every model, so runs can be paired."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import UsageError
from vsseval.store import atomic
from vsseval.text.arrays import array_sizes, arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

GROUPS = 20
"""Delete-a-group jackknife: 20 groups give the right standard error of a Fréchet distance at a fair price."""

KEPT_BYTES = 32 << 20
"""Sums that unfold to no more than this are read once: each group is asked for four times, and opening costs more than
reading."""

GroupSums = dict[int, dict[str, np.ndarray]]
"""Group -> name -> float64 array, added over the clips of the group in the order of their ids."""


def assign_groups(clusters: Iterable[str]) -> dict[str, int]:
    """Return the group of every cluster: sorted, index modulo 20; with fewer clusters, one group each."""
    return {cluster: index % GROUPS for index, cluster in enumerate(sorted(set(clusters)))}


def add_sums(total: dict[str, np.ndarray], more: Mapping[str, np.ndarray]) -> None:
    """Add one set of sums onto another, in place."""
    for name, value in more.items():
        array = np.asarray(value, dtype=np.float64)
        total[name] = total[name] + array if name in total else array.copy()


def total_sums(sums: Mapping[int, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the sums over all groups, added in sorted order."""
    total: dict[str, np.ndarray] = {}
    for group in sorted(sums):
        add_sums(total, sums[group])
    return total


def subtract_group(total: Mapping[str, np.ndarray], group: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return sums without those of a group."""
    return {name: value - group[name] for name, value in total.items()}


def write_sums(path: Path, sums: GroupSums) -> None:
    """Store sums as .npz with keys `<group>/<name>`."""
    arrays = {f"{group}/{name}": sums[group][name] for group in sorted(sums) for name in sorted(sums[group])}

    def save(target: Path) -> None:
        with target.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    atomic.write_with(path, save)


def read_sums(path: Path) -> Mapping[int, dict[str, np.ndarray]]:
    """Open stored sums; groups of a large file are read when they are asked for: all together may be gigabytes.

    Raises:
        UsageError: the file is missing or damaged; the latter may come out with the first group only.
    """
    return _StoredSums(path)


class _StoredSums(Mapping[int, dict[str, np.ndarray]]):
    """The groups of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[int, list[str]] = {}
        self._kept: GroupSums = {}
        with self._reading():
            sizes = array_sizes(path)
            for key in sizes:
                group, _, name = key.partition("/")
                self._names.setdefault(int(group), []).append(name)
            if sum(sizes.values()) <= KEPT_BYTES:
                self._kept = self._read(self._names)

    def __getitem__(self, group: int) -> dict[str, np.ndarray]:
        if group in self._kept:
            return dict(self._kept[group])
        with self._reading():
            return self._read([group])[group]

    def _read(self, groups: Iterable[int]) -> GroupSums:
        wanted = {group: {name: f"{group}/{name}" for name in self._names[group]} for group in groups}
        found = arrays(self._path, [key for keys in wanted.values() for key in keys.values()])
        return {group: {name: found[key] for name, key in keys.items()} for group, keys in wanted.items()}

    def __iter__(self) -> Iterator[int]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{self._path} cannot be read: {error}. Make it anew with: vsseval score {self._path.parent.parent}"
            ) from error
