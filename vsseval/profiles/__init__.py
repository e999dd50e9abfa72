"""Profiles: the metrics of a paper or of a line of papers, and the columns of its tables, as data files.

`<name>.toml` in this folder holds `title`, `citation`, `metrics` (ids that `--profile` selects) and, in the order of
the paper's table, `[[columns]]` with `metric`, `head` and, where the paper has a table for each task, `tasks`.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.text.readers import Unreadable, file_text, toml_tables
from vsseval.types import Record, Task

if TYPE_CHECKING:
    from collections.abc import Sequence


class ProfileColumn(Record, frozen=True, forbid_unknown_fields=True):
    """One column of a paper's table."""

    metric: str
    """Metric id (`fd_passt@avbench`)."""
    head: str
    """What the paper calls it."""
    tasks: tuple[Task, ...] = ()
    """Tasks whose tables have the column; empty for all."""


class Profile(Record, frozen=True, forbid_unknown_fields=True):
    """One data file."""

    title: str
    citation: str
    metrics: tuple[str, ...]
    columns: tuple[ProfileColumn, ...]
    name: str = ""
    """That of the file, without its suffix."""
    note: str = ""
    """What of the original could not be known, and what was chosen."""

    def selects(self, task: Task) -> tuple[str, ...]:
        """Return the metrics that are computed on benchmarks of a task: all but those of other tasks' columns."""
        elsewhere = {column.metric for column in self.columns} - {column.metric for column in self.of(task)}
        return tuple(metric for metric in self.metrics if metric not in elsewhere)

    def of(self, task: Task) -> tuple[ProfileColumn, ...]:
        """Return the columns of the table of one task, in the paper's order."""
        return tuple(column for column in self.columns if not column.tasks or task in column.tasks)


def profile_names() -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_profile(name: str) -> Profile:
    """Read a profile.

    Raises:
        UsageError: there is none of this name, or its file is not one.
    """
    names = profile_names()
    if name not in names:
        raise UsageError(f"there is no profile '{name}'.{_near(name, names)} Choose from: {', '.join(names)}")
    path = _folder() / f"{name}.toml"
    try:
        found = msgspec.convert(toml_tables(file_text(path)), Profile)
    except (Unreadable, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path} is not a profile: {error}") from error
    strangers = sorted({column.metric for column in found.columns} - {*found.metrics})
    if strangers:
        raise UsageError(f"{path}: columns of metrics that it does not select: {', '.join(strangers)}")
    return msgspec.structs.replace(found, name=name)


def _folder() -> Path:
    return Path(__file__).parent


def _near(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
