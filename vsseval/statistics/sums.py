"""Turns the per-group sums of a distribution metric into whole sums and leave-one-group-out sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Sums: TypeAlias = "dict[str, np.ndarray]"


def group_sums(path: Path) -> dict[int, Sums]:
    """Read the additive statistics of one distribution metric, by group of clips, in order of groups.

    The file holds arrays under `<group>/<name>`.
    """
    groups: dict[int, Sums] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in sorted(stored.files):
            group, _, name = key.partition("/")
            groups.setdefault(int(group), {})[name] = stored[key]
    return dict(sorted(groups.items()))


def add(parts: Iterable[Mapping[str, np.ndarray]]) -> Sums:
    """Add statistics in the order given, so that the same parts give the same bits."""
    total: Sums = {}
    for part in parts:
        for name, array in part.items():
            total[name] = total[name] + array if name in total else array
    return total


def leave_one_out(groups: Mapping[int, Sums]) -> Iterator[Sums]:
    """Yield the sums without each group in turn, in sorted order of groups; nothing for a single group."""
    if len(groups) > 1:
        for left_out in sorted(groups):
            yield add(groups[g] for g in sorted(groups) if g != left_out)
