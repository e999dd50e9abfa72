"""Shows the stages: bars on a terminal, plain lines elsewhere (CI, a file); always on standard error."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vsseval.text.saying import console as safe_console
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.stages.progress import Progress

STEP = 0.1
"""Share of a stage between two lines."""
SECONDS = 2.0
"""Between two lines, at least: a short stage has one."""


def time_left(seconds: float | None) -> str:
    """Return how time left is said; nothing while it is not known."""
    return "" if seconds is None else f"about {duration(seconds)} left in all"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def shown() -> Iterator[Progress]:
    """Yield what shows the stages; warnings of the library's log are shown in between."""
    log = logging.getLogger("vsseval")
    with _bars() if sys.stderr.isatty() else _plain() as watcher:
        handler = _Notes(watcher)
        log.addHandler(handler)
        try:
            yield watcher
        finally:
            log.removeHandler(handler)


class Lines:
    """One line per run and stage, and at most one every tenth of a stage."""

    def __init__(self) -> None:
        self._name, self._total, self._done = "", 0, 0
        self._next, self._time = STEP, 0.0
        self._left = ""

    def run(self, title: str) -> None:
        """Name the run."""
        say(title, err=True)

    def stage(self, name: str, total: int) -> None:
        """Name the stage."""
        self._name, self._total, self._done = name, total, 0
        self._next, self._time = STEP, time.monotonic()
        if total:
            say(f"  {name}: {total}", err=True)

    def advance(self, steps: int = 1) -> None:
        """Tell of every tenth."""
        self._done += steps
        share = self._done / max(self._total, 1)
        if share < self._next or share >= 1.0 or time.monotonic() - self._time < SECONDS:
            return
        self._next, self._time = share + STEP, time.monotonic()
        say(f"  {self._name}: {self._done} of {self._total} ({share:.0%}){self._left}", err=True)

    def note(self, text: str) -> None:
        """Print it."""
        say(text, err=True)

    def left(self, seconds: float | None) -> None:
        """Keep it for the next line."""
        said = time_left(seconds)
        self._left = f", {said}" if said else ""


class Bars:
    """One bar for the stage at hand."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._title = ""
        self._task = bars.add_task("", total=None, visible=False, left="")

    def run(self, title: str) -> None:
        """Put the run's name before the bar."""
        self._title = title

    def stage(self, name: str, total: int) -> None:
        """Begin a new bar."""
        text = f"{self._title}  {name}"
        self._bars.reset(self._task, total=total, description=text, visible=total > 0)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        self._bars.advance(self._task, steps)

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self._bars.console.print(text, highlight=False, markup=False)

    def left(self, seconds: float | None) -> None:
        """Show it behind the bar."""
        self._bars.update(self._task, left=time_left(seconds))


class _Notes(logging.Handler):
    def __init__(self, watcher: Progress) -> None:
        super().__init__(logging.WARNING)
        self._watcher = watcher

    def emit(self, record: logging.LogRecord) -> None:
        self._watcher.note(record.getMessage())


@contextmanager
def _plain() -> Iterator[Progress]:
    yield Lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    left = TextColumn("{task.fields[left]}", markup=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        left,
    )
    with RichProgress(*columns, console=safe_console(stderr=True), transient=True) as bars:
        yield Bars(bars)
