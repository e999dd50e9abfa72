"""Turns runs into the comparison table, in the style that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import UsageError
from vsseval.tables.layout import blocks as lay_out
from vsseval.tables.styles import StyleOptions, load_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vsseval.profiles import Profile
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.tables.reported import Reported
    from vsseval.tables.text import Interval


def render(
    runs: Iterable[LoadedRun],
    style: str = "terminal",
    *,
    signatures: bool = False,
    subsets: bool = False,
    interval: Interval = "half",
    width: int = 100,
    colour: bool = False,
) -> str:
    """Render the table of some runs.

    Args:
        runs: any runs; of each model on each benchmark the newest finished one is shown.
        style: one of `styles.style_names()`.
        signatures: also print what each number was made with.
        subsets: one more table for each part of a benchmark.
        interval: how intervals are shown.
        width: columns of the terminal, for the style "terminal".
        colour: ANSI codes, likewise.

    Raises:
        UsageError: there are no runs, or no such style.
    """
    found = arranged(runs, subsets=subsets)
    return render_blocks(found, style, signatures=signatures, interval=interval, width=width, colour=colour)


def arranged(
    runs: Iterable[LoadedRun],
    *,
    subsets: bool = False,
    profile: Profile | None = None,
    reported: Sequence[Reported] = (),
    wide: bool = False,
    metrics: Sequence[str] = (),
    heads: Mapping[str, str] | None = None,
    bounds: bool = True,
) -> list[Block]:
    """Lay out the tables of some runs.

    Args:
        runs: any runs.
        subsets: one more table for each part of a benchmark.
        profile: whose columns to show, in its order and with its heads; None shows every metric of the runs.
        reported: numbers from papers; those of the same benchmarks and metrics stand below the bounds.
        wide: all benchmarks side by side in one table.
        metrics: ids, or names for every recipe of them, in the order of the columns; empty shows all.
        heads: metric id or name -> what stands over its column.
        bounds: whether to show bounds.

    Raises:
        UsageError: there are no runs, the profile has no columns for any of them, or no run has such a metric.
    """
    found = lay_out(runs, subsets=subsets)
    if not found:
        raise UsageError("there are no runs yet. Make some with: vsseval run --model vssflow --suite all")
    if profile is not None:
        from vsseval.tables.columns import of_profile

        found = of_profile(found, profile)
    if metrics or heads or not bounds:
        from vsseval.tables.chosen import chosen_columns

        found = chosen_columns(found, metrics, heads or {}, bounds=bounds)
    if reported:
        from vsseval.tables.reported import with_reported

        found = [with_reported(block, reported) for block in found]
    if wide:
        from vsseval.tables.wide import side_by_side

        found = [side_by_side(found)]
    return found


def render_blocks(
    blocks: Sequence[Block],
    style: str,
    *,
    signatures: bool = False,
    interval: Interval = "half",
    width: int = 100,
    colour: bool = False,
    caption: str = "",
    label: str = "",
) -> str:
    """Render blocks that were laid out already; arguments and errors as `render`, of `StyleOptions` the others."""
    return load_style(style)(blocks, StyleOptions(signatures, interval, width, colour, caption, label))
