"""Turns what runs can show into a table: the least difference now, and the clips that a difference needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.statistics.planning import MOST
from vsseval.tables.comparison import label, signed
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.text import DASH, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.planning import PowerSettings
    from vsseval.statistics.power import MetricPower


def sheet(needs: Sequence[MetricPower], names: Sequence[str], settings: PowerSettings) -> Sheet:
    """Lay out what one run, or a pair, can show.

    Args:
        needs: from `needs_of_run` or `needs_of_pair`.
        names: of the one or two runs.
        settings: what was asked.
    """
    paired = len(names) > 1
    said = (
        f"least: the smallest difference that n clips show with a chance of {settings.power:g} (two-sided t test at "
        f"{settings.alpha:g}); power: the chance that n clips show it; clips: how many show it with a chance "
        f"of {settings.power:g}, as many a cluster as now."
    )
    alone = (
        f"From one run: another is assumed to vary as much, and to correlate with it by {settings.correlation:g}. A "
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


def _cells(need: MetricPower) -> tuple[str, ...]:
    least = DASH if need.detectable is None else number(need.detectable * need.scale, need.decimals + 1)
    return (
        label(need.metric, need.direction, need.unit), str(need.n), str(need.clusters), least,
        signed(need.difference, need.scale, need.decimals + 1),
        DASH if need.power is None else f"{need.power:.2f}", DASH if need.clips is None else str(need.clips),
    )  # fmt: skip
