"""What is kept of every distance of a run for comparisons: its value, and its values with groups of clips left out.

With these, two runs are compared without the metric, the features and the sums that the values were made of.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.store import atomic, codec
from vsseval.text.arrays import arrays
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class Replicates(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One distance of one run, over the whole benchmark or a part of it, in the metric's stored unit."""

    metric: str
    subset: str = ""
    n: int
    """Clips that were measured."""
    total: int
    """Clips that ought to have been: all but those to which the metric does not apply."""
    clips: str
    """Which clips were measured, and the group of each (`clips_sha256`): where two runs agree, groups are paired."""
    value: float | None = None
    """Of all clips."""
    reason: str = ""
    """Why there is no value."""
    groups: tuple[int, ...] = ()
    """Numbers of the groups of clips that have rows or sums, ascending; empty where there is no value."""
    without: tuple[float | None, ...] = ()
    """The value without each of the groups; None where that cannot be measured; empty for a single group."""
    without_two: tuple[float | None, ...] = ()
    """Without the pairs of groups that `statistics.jackknife.neighbours` names; empty where clips are many."""


def clips_sha256(members: Iterable[tuple[str, int]]) -> str:
    """Return the sha256 of which clips (by id) are in which group; the order does not matter."""
    return hashlib.sha256(codec.encode(sorted(members))).hexdigest()


def content_sha256(found: Sequence[Replicates]) -> str:
    """Return the sha256 of what is kept of a run, whatever file it stands in: as JSON, keys sorted."""
    return hashlib.sha256(codec.encode([*found], order="sorted")).hexdigest()


def write_replicates(path: Path, found: Sequence[Replicates]) -> None:
    """Store the replicates of a run as .npz; the same ones give the same bytes.

    One entry each of `metric`, `subset`, `n`, `total`, `clips`, `value`, `reason` for every distance; and one row for
    every group, of `group` and `without`, or pair of groups, of `without_two`, whose entries of `group_of` and
    `two_of` name the distance by its place. NaN where there is no number.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    rings = [len(one.without_two) for one in found]
    columns = {
        **{
            name: np.array([getattr(one, name) for one in found], str)
            for name in ("metric", "subset", "clips", "reason")
        },
        **{name: np.array([getattr(one, name) for one in found], np.int64) for name in ("n", "total")},
        "value": _floats(one.value for one in found),
        "group_of": np.repeat(np.arange(len(found)), [len(one.groups) for one in found]),
        "group": np.array([group for one in found for group in one.groups], np.int64),
        "without": _floats(value for one in found for value in one.without or [None] * len(one.groups)),
        "two_of": np.repeat(np.arange(len(found)), rings),
        "without_two": _floats(value for one in found for value in one.without_two),
    }

    def save(target: Path) -> None:
        with target.open("wb") as file:
            np.savez(file, allow_pickle=False, **columns)

    atomic.write_with(path, save)


def read_replicates(path: Path) -> tuple[Replicates, ...]:
    """Read the replicates of a run, in the order in which they were written.

    Raises:
        UsageError: the file is missing or damaged.
    """
    try:
        return tuple(_entries(arrays(path)))
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there. {_again(path)}") from error
    except (OSError, ValueError, TypeError, KeyError, IndexError, msgspec.ValidationError) as error:  # fmt: skip
        raise UsageError(f"{path} is damaged: {error}. {_again(path)}") from error


def _again(path: Path) -> str:
    return f"Make it anew with: vsseval score {path.parent}"


def _entries(columns: dict[str, np.ndarray]) -> Iterable[Replicates]:
    known = ("metric", "subset", "n", "total", "clips", "reason")
    values, without, two, group_of, two_of, group = (
        columns[name].tolist() for name in ("value", "without", "without_two", "group_of", "two_of", "group")
    )
    groups, pairs = _by_place(group_of), _by_place(two_of)
    for place, facts in enumerate(zip(*(columns[name].tolist() for name in known), strict=True)):
        mine = groups.get(place, [])
        one = {
            **dict(zip(known, facts, strict=True)),
            "value": _number(values[place]),
            "groups": [group[i] for i in mine],
            # One group cannot be left out: nothing would be left.
            "without": [_number(without[i]) for i in mine] if len(mine) > 1 else [],
            "without_two": [_number(two[i]) for i in pairs.get(place, [])],
        }
        yield msgspec.convert(one, Replicates)


def _by_place(column: list[int]) -> dict[int, list[int]]:
    """Return the rows of each distance."""
    found: dict[int, list[int]] = {}
    for row, place in enumerate(column):
        found.setdefault(place, []).append(row)
    return found


def _floats(values: Iterable[float | None]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _number(value: Any) -> Any:
    return value if math.isfinite(value) else None
