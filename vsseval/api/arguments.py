"""Reads the arguments of the functions of `vsseval.api`; every error begins with the argument that is at fault."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vsseval.errors import UsageError
from vsseval.store.record import LoadedRun
from vsseval.store.run_names import RunFinder, labelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["AnyRun", "Place", "blamed", "folder", "one_of_each", "some_runs", "words"]

Place: TypeAlias = "str | PathLike[str]"
AnyRun: TypeAlias = "Place | LoadedRun"
"""A run directory, the name of a run (`audio:a`, `audio:a@mini_v2s`), or a run that was loaded."""


@contextmanager
def blamed(argument: str, value: object) -> Iterator[None]:
    """Put `argument=value: ` before the message of a usage error."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{argument}={value!r}: {error}") from error


def words(argument: str, value: str | Sequence[str]) -> tuple[str, ...]:
    """Return one or several words as a tuple.

    Raises:
        UsageError: it is something else.
    """
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, Iterable) or not all(isinstance(word, str) for word in found):
        raise UsageError(f"{argument}={value!r}: give a text or a list of texts")
    return tuple(found)


def folder(argument: str, value: Place) -> Path:
    """Return a folder that exists.

    Raises:
        UsageError: it does not, or it is no path.
    """
    if not isinstance(value, str | PathLike):
        raise UsageError(f"{argument}={value!r}: give the path of a folder")
    path = Path(value).expanduser()
    if not path.is_dir():
        what = "is a file, and a folder is needed" if path.exists() else "does not exist"
        raise UsageError(f"{argument}={str(value)!r}: {path.absolute()} {what}")
    return path


def some_runs(runs: Sequence[AnyRun], root: Place, names: Mapping[str, str] | None = None) -> list[LoadedRun]:
    """Return all that is meant by some runs; without any, all below `root`.

    Raises:
        UsageError: one stands for nothing, or there are none.
    """
    finder, found = RunFinder(Path(root)), []
    for run in runs:
        if isinstance(run, LoadedRun):
            found.append(run)
        else:
            with blamed("run", str(run)):
                found += finder.every([run if isinstance(run, str) else Path(run)])
    found = found if runs else finder.runs
    if not found:
        raise UsageError(f"runs_dir={str(root)!r}: there are no runs in that folder")
    return labelled(found, names)[0] if names else found


def one_of_each(runs: Mapping[str, AnyRun], root: Place, names: Mapping[str, str] | None = None) -> list[LoadedRun]:
    """Return one run for each argument, of one benchmark, seed and limit where names leave a choice.

    Args:
        runs: argument -> its value.
        root: folder in which names are looked up.
        names: what runs are to be called.

    Raises:
        UsageError: one stands for none, or several are left.
    """
    finder = RunFinder(Path(root))
    asked = {key: run.path if isinstance(run, LoadedRun) else run for key, run in runs.items()}
    with blamed(", ".join(runs), ", ".join(str(one) for one in asked.values())):
        found = finder.together([Path(one) if isinstance(one, PathLike) else one for one in asked.values()])
    loaded = [one if isinstance(one, LoadedRun) else run for one, run in zip(runs.values(), found, strict=True)]
    return labelled(loaded, names)[0] if names else loaded
