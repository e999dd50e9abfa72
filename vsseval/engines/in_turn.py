"""Units one after the other, in this process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsseval.engines.base import Kept, Work


def run_in_turn(work: Work, kept: Kept) -> None:
    """Carry out all units of some work; see `Engine.run`."""
    while (unit := work.next()) is not None:
        work.take(unit, unit.run(kept, partial(work.tell, unit)))
