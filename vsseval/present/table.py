"""Turns runs into the comparison table, in the style that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from vsseval.errors import UsageError
from vsseval.present.grid import blocks as lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.present.grid import Block
    from vsseval.store.record import LoadedRun

Style = Literal["terminal", "markdown", "latex", "csv"]
STYLES: tuple[Style, ...] = get_args(Style)


def render(
    runs: Iterable[LoadedRun],
    style: Style = "terminal",
    *,
    signatures: bool = False,
    subsets: bool = False,
    width: int = 100,
    colour: bool = False,
) -> str:
    """Render the table of some runs.

    Args:
        runs: any runs; of each model on each benchmark the newest finished one is shown.
        style: one of `STYLES`.
        signatures: also print what each number was made with.
        subsets: one more table for each part of a benchmark.
        width: columns of the terminal, for the style "terminal".
        colour: ANSI codes, likewise.

    Raises:
        UsageError: there are no runs, or no such style.
    """
    found = lay_out(runs, subsets=subsets)
    if not found:
        raise UsageError("there are no runs yet. Make some with: vsseval run --model vssflow --suite all")
    return render_blocks(found, style, signatures=signatures, width=width, colour=colour)


def render_blocks(
    blocks: Sequence[Block], style: Style, *, signatures: bool = False, width: int = 100, colour: bool = False
) -> str:
    """Render blocks that were laid out already; arguments and errors as `render`."""
    if style == "terminal":
        from vsseval.present.terminal import terminal

        return terminal(blocks, signatures=signatures, width=width, colour=colour)
    if style == "csv":
        from vsseval.present.spreadsheet import spreadsheet

        return spreadsheet(blocks, signatures=signatures)
    if style in {"markdown", "latex"}:
        from vsseval.present.markup import latex, markdown

        return (markdown if style == "markdown" else latex)(blocks, signatures=signatures)
    raise UsageError(f"there is no table style '{style}': choose {', '.join(STYLES)}")
