"""Turns what runs can show into a table: the least difference now, and the clips that a difference needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.statistics.power import MOST
from vsseval.tables.comparison import label, signed
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.power import Aim, Need


def sheet(needs: Sequence[Need], names: Sequence[str], aim: Aim) -> Sheet:
    """Lay out what one run, or a pair, can show.

    Args:
        needs: from `needs_of_run` or `needs_of_pair`.
        names: of the one or two runs.
        aim: what was asked.
    """
    paired = len(names) > 1
    said = (
        f"least: the smallest difference that n clips show with a chance of {aim.power:g} (two-sided t test at "
        f"{aim.alpha:g}); power: the chance that n clips show the difference; clips: how many show it with a chance "
        f"of {aim.power:g}, as many a cluster as now."
    )
    alone = (
        f"From one run: another one is taken to spread as much, and to correlate with it by {aim.correlation:g}. A "
        "pair of runs knows better: vsseval power RUN OTHER."
    )
    below = [f"{need.metric}: {need.reason}." for need in needs if need.reason]
    below += [
        f"{need.metric}: not even {MOST:.0e} clips show this difference." for need in needs
        if need.power is not None and need.clips is None
    ]  # fmt: skip
    below += [
        f"{need.metric}: a distance is itself another number with more clips; take the last column as a guide."
        for need in needs if need.grouped and need.clips is not None
    ]  # fmt: skip
    return Sheet(
        above=tuple(f"{letter}  {name}" for letter, name in zip("AB", names, strict=False)) if paired else (*names,),
        heads=("metric", "n", "clusters", "least", "difference", "power", "clips"),
        lines=tuple(Line(_cells(need), clear=need.se is not None) for need in needs),
        below=(*below, said) if paired else (*below, said, alone),
    )


def _cells(need: Need) -> tuple[str, ...]:
    least = DASH if need.detectable is None else number(need.detectable * need.scale, need.decimals + 1)
    return (
        label(need.metric, need.direction, need.unit), str(need.n), str(need.clusters), least,
        signed(need.difference, need.scale, need.decimals + 1),
        DASH if need.power is None else f"{need.power:.2f}", DASH if need.clips is None else str(need.clips),
    )  # fmt: skip
