"""Keeps those columns and rows of a table that are asked for, and calls columns by the names that a paper uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import unknown
from vsseval.tables.cells import Block, Notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["chosen_columns", "metrics_called"]


def metrics_called(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return metric ids for what was asked: an id, or a name alone for every recipe of it, in the order of asking.

    Args:
        names: `fad@logmel`, or `fad`.
        known: ids of which they are.

    Raises:
        UsageError: there is no such metric among those that are known.
    """
    found: dict[str, None] = {}
    for name in names:
        mine = [metric for metric in known if name in {metric, metric.partition("@")[0]}]
        if not mine:
            raise unknown("metric", name, {*known, *(metric.partition("@")[0] for metric in known)})
        found.update(dict.fromkeys(mine))
    return list(found)


def chosen_columns(
    blocks: Sequence[Block], metrics: Sequence[str], heads: Mapping[str, str], *, bounds: bool
) -> list[Block]:
    """Keep what is asked for.

    Args:
        blocks: as they were laid out.
        metrics: ids or names, in the order of the columns; empty keeps all.
        heads: metric id or name -> what stands over its column.
        bounds: whether to keep the rows of bounds.

    Returns:
        Those blocks that have one of the metrics.

    Raises:
        UsageError: no block has one of the metrics, or one that a head is given to.
    """
    known = list(dict.fromkeys(column.metric for block in blocks for column in block.columns))
    wanted = metrics_called(metrics, known) if metrics else known
    over = {metric: head for name, head in heads.items() for metric in metrics_called([name], known)}
    found = [_chosen(block, wanted, over, bounds=bounds) for block in blocks]
    return [block for block in found if block.columns or not known]


def _chosen(block: Block, wanted: Sequence[str], heads: Mapping[str, str], *, bounds: bool) -> Block:
    order = {metric: place for place, metric in enumerate(wanted)}
    places = [place for place, column in enumerate(block.columns) if column.metric in order]
    places.sort(key=lambda place: order[block.columns[place].metric])
    notes, rows = Notes(), []
    for row in block.rows:
        if row.bound and not bounds:
            continue
        marks = notes.renumbered(row.notes, block.notes)
        cells = [row.cells[place] for place in places]
        cells = [msgspec.structs.replace(cell, notes=notes.renumbered(cell.notes, block.notes)) for cell in cells]
        rows.append(msgspec.structs.replace(row, notes=marks, cells=tuple(cells)))
    columns = [
        msgspec.structs.replace(column, head=heads.get(column.metric, column.head))
        for column in (block.columns[place] for place in places)
    ]
    return msgspec.structs.replace(block, columns=tuple(columns), rows=tuple(rows), notes=tuple(notes.texts))
