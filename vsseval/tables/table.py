"""Turns runs into the comparison table, in the style that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from vsseval.errors import UsageError
from vsseval.tables.layout import blocks as lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.profiles import Profile
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.tables.reported import Reported
    from vsseval.tables.text import Interval

Style = Literal["terminal", "markdown", "latex", "html", "csv", "typst"]
STYLES: tuple[Style, ...] = get_args(Style)


def render(
    runs: Iterable[LoadedRun],
    style: Style = "terminal",
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
        style: one of `STYLES`.
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
) -> list[Block]:
    """Lay out the tables of some runs.

    Args:
        runs: any runs.
        subsets: one more table for each part of a benchmark.
        profile: whose columns to show, in its order and with its heads; None shows every metric of the runs.
        reported: numbers from papers; those of the same benchmarks and metrics stand below the bounds.
        wide: all benchmarks side by side in one table.

    Raises:
        UsageError: there are no runs, or the profile has no columns for any of them.
    """
    found = lay_out(runs, subsets=subsets)
    if not found:
        raise UsageError("there are no runs yet. Make some with: vsseval run --model vssflow --suite all")
    if profile is not None:
        from vsseval.tables.columns import of_profile

        found = of_profile(found, profile)
    if reported:
        from vsseval.tables.reported import with_reported

        found = [with_reported(block, reported) for block in found]
    if wide:
        from vsseval.tables.wide import side_by_side

        found = [side_by_side(found)]
    return found


def render_blocks(
    blocks: Sequence[Block],
    style: Style,
    *,
    signatures: bool = False,
    interval: Interval = "half",
    width: int = 100,
    colour: bool = False,
) -> str:
    """Render blocks that were laid out already; arguments and errors as `render`."""
    if style == "terminal":
        from vsseval.tables.terminal import terminal

        return terminal(blocks, signatures=signatures, width=width, colour=colour, interval=interval)
    if style == "csv":
        from vsseval.tables.csv_table import spreadsheet

        return spreadsheet(blocks, signatures=signatures)
    if style == "markdown":
        from vsseval.tables.markdown import markdown as write
    elif style == "latex":
        from vsseval.tables.latex import latex as write
    elif style == "html":
        from vsseval.tables.html import html as write
    elif style == "typst":
        from vsseval.tables.typst import typst as write
    else:
        raise UsageError(f"there is no table style '{style}': choose {', '.join(STYLES)}")
    return write(blocks, signatures=signatures, interval=interval)
