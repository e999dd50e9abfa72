"""Turns a block into one with the columns of a paper, in its order; what no run has stands empty, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval.border.build import build
from vsseval.errors import UsageError, VssevalError
from vsseval.present.cells import Block, Cell, Column, Notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.profiles import Profile, ProfileColumn

ARROWS = {"higher": "↑", "lower": "↓"}


def of_profile(blocks: Sequence[Block], profile: Profile) -> list[Block]:
    """Select the columns of a profile.

    Args:
        blocks: as they were laid out.
        profile: whose tables are asked for.

    Returns:
        Those blocks for whose task the profile has columns. A column is filled by the recipe that the profile
        names, and by no other.

    Raises:
        UsageError: the profile has no columns for any of the blocks.
    """
    found = [_selected(block, profile) for block in blocks if profile.of(block.task)]
    if blocks and not found:
        tasks = ", ".join(sorted({block.task for block in blocks}))
        raise UsageError(
            f"the profile '{profile.name}' has no columns for {tasks}, which is what these runs are of. "
            "See: vsseval list profiles"
        )
    return found


def _selected(block: Block, profile: Profile) -> Block:
    places = {column.metric: place for place, column in enumerate(block.columns)}
    wanted = profile.of(block.task)
    notes = Notes()
    why = f"in no run here. Measure it with: vsseval score RUN --profile {profile.name}"
    rows = []
    for row in block.rows:
        marks = notes.renumbered(row.notes, block.notes)
        cells = []
        for column in wanted:
            place = places.get(column.metric)
            if place is None:
                cells.append(Cell(status="missing", notes=notes.add(why)))
            else:
                cell = row.cells[place]
                cells.append(msgspec.structs.replace(cell, notes=notes.renumbered(cell.notes, block.notes)))
        rows.append(msgspec.structs.replace(row, cells=tuple(cells), notes=marks))
    columns = [
        msgspec.structs.replace(block.columns[places[column.metric]], head=column.head)
        if column.metric in places
        else _empty(column)
        for column in wanted
    ]
    return msgspec.structs.replace(
        block, columns=tuple(columns), rows=tuple(rows), notes=tuple(notes.texts),
        of=f"{profile.title} ({profile.citation})",
    )  # fmt: skip


def _empty(column: ProfileColumn) -> Column:
    """Return the head of a column that no run has; direction and unit are those of the metric, if it is installed."""
    name, _, recipe = column.metric.partition("@")
    bare = Column(
        metric=column.metric, name=name, recipe=recipe, arrow="", unit="", decimals=2, total=0, head=column.head
    )
    try:
        spec = build("metrics", column.metric).spec
    except VssevalError:
        return bare
    return msgspec.structs.replace(
        bare,
        arrow=ARROWS[spec.direction] if spec.ranked else "",
        unit=spec.unit,
        decimals=spec.decimals,
        description=spec.description,
    )
