"""Profiles: which recipes a line of papers computes, and how its tables name and order them; one TOML file each.

A profile selects recipes and never alters one: `--profile avbench` measures by the ids that the file lists for the
benchmark's task, and `--style avbench` prints them under the paper's heads, in the paper's order.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec

from vsseval import plugins
from vsseval.errors import EnvironmentFault
from vsseval.types import Record, Task

FOLDER = "profiles"


class ProfileColumn(Record, frozen=True):
    """One column of the paper's table."""

    metric: str
    head: str
    """As the paper prints it."""


class Profile(Record, frozen=True):
    """One file of `vsseval/profiles`."""

    title: str
    citation: str
    tasks: dict[Task, tuple[str, ...]]
    """Task of a benchmark -> ids of the metrics that are computed on it."""
    columns: tuple[ProfileColumn, ...] = ()
    note: str = ""
    """What of the original could not be known, and what was chosen."""

    def metrics(self, task: Task) -> tuple[str, ...]:
        """Return the ids for a benchmark's task; empty where the papers have none."""
        return self.tasks.get(task, ())


def names() -> list[str]:
    """Return the names of all profiles, sorted."""
    folder = files("vsseval").joinpath(FOLDER)
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def profile(name: str) -> Profile:
    """Read a profile.

    Raises:
        UsageError: there is none of this name.
        EnvironmentFault: its file is damaged.
    """
    known = names()
    if name not in known:
        raise plugins.unknown("profile", name, known)
    text = files("vsseval").joinpath(FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise EnvironmentFault(
            f"the profile '{name}' of this installation is damaged: {error}. "
            "Mend it with: pip install --force-reinstall vsseval"
        ) from error
