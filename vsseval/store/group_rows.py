"""What a metric keeps of every clip, by groups of clips: the same groups as those of sums, in the same file format.

Beside each array stands, for every row, the place of its clip among the sorted ids: rows of any groups are joined in
the order of the clips, for some metrics depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.store.group_sums import write_sums

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

INDEX_MARK = "#"
"""Mark before the name of an array that holds places."""

GroupRows = dict[int, dict[str, list[np.ndarray]]]
"""Group -> name -> arrays of its clips."""


def append_rows(kept: dict[str, list[np.ndarray]], rows: Mapping[str, np.ndarray], place: int) -> None:
    """Append the rows of one clip to those of its group, in place.

    Args:
        kept: of the group.
        rows: name -> (k, ...).
        place: of the clip among the sorted ids.
    """
    for name, value in rows.items():
        array = np.asarray(value)
        kept.setdefault(name, []).append(array)
        kept.setdefault(INDEX_MARK + name, []).append(np.full(len(array), place, np.int64))


def write_rows(path: Path, rows: GroupRows) -> None:
    """Store rows as .npz with keys `<group>/<name>` and `<group>/#<name>`; read by `store.group_sums.read_sums`."""
    write_sums(path, {g: {name: np.concatenate(parts) for name, parts in kept.items()} for g, kept in rows.items()})


def join_rows(groups: Mapping[int, Mapping[str, np.ndarray]], without: Collection[int] = ()) -> dict[str, np.ndarray]:
    """Return the rows of all groups but some, in the order of the clips' ids."""
    chosen = [groups[group] for group in sorted(groups) if group not in without]
    names = [name for name in chosen[0] if not name.startswith(INDEX_MARK)] if chosen else []
    found = {}
    for name in names:
        places = np.concatenate([part[INDEX_MARK + name] for part in chosen])
        found[name] = np.concatenate([part[name] for part in chosen])[np.argsort(places, kind="stable")]
    return found


def row_groups(groups: Mapping[int, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the number of the group of every row, in the order of `join_rows`."""
    labelled: dict[int, dict[str, np.ndarray]] = {
        number: {
            name: value if name.startswith(INDEX_MARK) else np.full(len(value), number, np.int64)
            for name, value in stored.items()
        }
        for number, stored in groups.items()
    }
    return join_rows(labelled)


def rows_of_group(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the rows of one group, without their places."""
    return {name: value for name, value in stored.items() if not name.startswith(INDEX_MARK)}
