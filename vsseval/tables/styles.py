"""Table styles by name: those that come with vsseval, and those of installed packages; each turns blocks into text.

A package adds one by an entry point of the group `vsseval.styles` that names a function of the form `TableStyle`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vsseval.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block
    from vsseval.tables.text import Interval

__all__ = ["STYLES", "StyleOptions", "TableStyle", "load_style", "style_names"]

GROUP = "vsseval.styles"
_OWN = {
    "terminal": "vsseval.tables.terminal:terminal",
    "markdown": "vsseval.tables.markdown:markdown",
    "latex": "vsseval.tables.latex:latex",
    "html": "vsseval.tables.html:html",
    "csv": "vsseval.tables.csv_table:csv_table",
    "typst": "vsseval.tables.typst:typst",
}
STYLES = tuple(_OWN)
"""Names of the styles that come with vsseval."""


class StyleOptions(NamedTuple):
    """How a table is to be shown; a style that has no use for one passes over it."""

    signatures: bool = False
    """Also print what each number was made with."""
    interval: Interval = "half"
    """Half-widths or ends."""
    width: int = 100
    """Columns of the terminal."""
    colour: bool = False
    """ANSI codes."""
    caption: str = ""
    """Of the table in a document, as plain text; empty for one that says what it shows."""
    label: str = ""
    """By which a document refers to the table: letters, digits and `: . _ -`."""


class TableStyle(Protocol):
    """What an entry point names."""

    def __call__(self, blocks: Sequence[Block], options: StyleOptions, /) -> str:
        """Return the tables as one text."""
        ...


def style_names() -> tuple[str, ...]:
    """Return the names of all styles, those that come with vsseval first."""
    return (*STYLES, *sorted({point.name for point in entry_points(group=GROUP)} - set(STYLES)))


def load_style(name: str) -> TableStyle:
    """Import a style; other packages are looked through only for a name that is none of vsseval's own.

    Raises:
        UsageError: there is no such style.
        EnvironmentFault: it cannot be imported, or two packages claim its name.
    """
    if name in _OWN:
        module, _, function = _OWN[name].partition(":")
        found: TableStyle = getattr(import_module(module), function)
        return found
    points = entry_points(group=GROUP, name=name)
    if not points:
        raise UsageError(f"there is no table style '{name}': choose {', '.join(style_names())}")
    if len({point.value for point in points}) > 1:
        claims = " and ".join(sorted(point.value for point in points))
        raise EnvironmentFault(f"the table style '{name}' is claimed by {claims}. Uninstall one: pip uninstall …")
    try:
        found = next(iter(points)).load()
    except Exception as error:
        raise EnvironmentFault(
            f"the table style '{name}' cannot be imported: {type(error).__name__}: {error}. Mend its package, or "
            f"choose {', '.join(STYLES)}"
        ) from error
    return found
