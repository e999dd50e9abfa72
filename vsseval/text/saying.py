"""What is said on a terminal or in the log of a CI service: every line passes `escaping.terminal`, or is made there."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from vsseval.text.escaping import annotation, json_text, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult
    from rich.measure import Measurement

__all__ = ["annotate", "console", "say", "show_json", "show_usage", "written"]


def say(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Write text of any number of lines.

    Args:
        text: what is said; escape codes and commands in it are shown and not obeyed.
        err: to standard error.
        nl: whether a line break follows.
    """
    click.echo(terminal(str(text)), err=err, nl=nl)


def annotate(title: str, message: str) -> None:
    """Write an error for the page of a workflow, to standard error: the runner reads both."""
    click.echo(annotation(title, message), err=True)


def written(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write what a renderer has made, in which every text of a stranger is escaped for its target already."""
    click.echo(text, err=err, nl=nl)


def show_usage(error: click.ClickException) -> None:
    """Write what click says of wrong arguments, to standard error."""
    said = StringIO()
    error.show(file=said)
    say(said.getvalue(), err=True, nl=False)


def show_json(data: bytes | str, *, nl: bool = True) -> None:
    """Write JSON to standard output."""
    click.echo(json_text(data.decode() if isinstance(data, bytes) else data), nl=nl)


def console(**options: Any) -> Console:
    """Return a console of rich whose texts pass `escaping.terminal`; colours and bars are its own."""
    from rich.console import Console

    made = Console(**{"highlight": False, **options})  # which cuts a text into pieces that are looked at one by one
    made.push_render_hook(_Hook())  # type: ignore[arg-type] # what it is typed as is a class that one inherits from
    return made


class _Hook:
    """Puts a filter around all that is printed."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what is printed in their place."""
        from rich.control import Control

        return [one if isinstance(one, Control) else _Filtered(one) for one in renderables]


class _Filtered:
    """Something that rich can show, without what its texts would do to a terminal."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return self._segments(console, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement.get(console, options, self._inner)

    def _segments(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        from rich.segment import Segment

        for segment in console.render(self._inner, options):
            text = segment.text if segment.control or segment.text == "\n" else terminal(segment.text)
            yield Segment(text, segment.style, segment.control)
