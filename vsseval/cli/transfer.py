"""Shows how much of a file has arrived: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vsseval.text.saying import console as safe_console
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.weights.download import TransferProgress

STEP = 0.1
"""Share of a file between two lines."""


@contextmanager
def shown() -> Iterator[TransferProgress]:
    """Yield what is told how it goes."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("  {task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=safe_console(stderr=True), transient=True) as bars:
        yield Bar(bars)


class Lines:
    """One line when a file begins, and one for every tenth of it."""

    def __init__(self) -> None:
        self._label, self._total, self._done, self._next = "", 0, 0, STEP

    def begin(self, label: str, total: int | None, done: int) -> None:
        """Name the file, its size, and what is there already."""
        self._label, self._total, self._done = label, total or 0, done
        self._next = done / self._total + STEP if self._total else 1.0
        size = f" ({self._total / 1e6:.1f} MB)" if total else ""
        say(f"  {label}{size}" + (f", going on at {done / 1e6:.1f} MB" if done else ""), err=True)

    def advance(self, count: int) -> None:
        """Tell of every tenth."""
        self._done += count
        share = self._done / self._total if self._total else 0.0
        if self._next <= share < 1.0:
            self._next = share + STEP
            say(f"  {self._label}: {self._done / 1e6:.1f} MB ({share:.0%})", err=True)

    def note(self, text: str) -> None:
        """Print it."""
        say(f"  {text}", err=True)


class Bar:
    """One bar for the file at hand."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None, visible=False)

    def begin(self, label: str, total: int | None, done: int) -> None:
        """Begin anew."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(label, total=total, completed=done)

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._bars.advance(self._task, count)

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self._bars.console.print(f"  {text}", highlight=False, markup=False)
