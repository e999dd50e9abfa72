"""Turns the name of a benchmark, model, extractor or metric into its factory, through entry points.

Names are listed without importing anything. The built-ins are found in the same way as a stranger's plugin. Models may
also be folders of data: each folder of a package that an entry point of the group `vsseval.baselines` names.
"""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vsseval.errors import EnvironmentFault, UsageError, VssevalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal["benchmarks", "models", "extractors", "metrics"]

FOLDERS = "vsseval.baselines"
"""The group whose entry points name packages of folders; a folder with a `baseline.toml` is the model of its name."""
RUNNER = "baseline"
"""The model that runs such a folder: `mmaudio` is short for `baseline:mmaudio`."""


def names(kind: Kind) -> list[str]:
    """Return the sorted names of all installed plugins of a kind, metrics as ids (`fad@logmel`)."""
    return sorted(_found(kind))


def load(kind: Kind, name: str) -> Callable[..., Any]:
    """Import a plugin and return its factory.

    Args:
        kind: which group of entry points.
        name: without the argument after a colon; metrics as `fad@logmel`.

    Raises:
        UsageError: no such plugin; the message proposes the nearest names.
        EnvironmentFault: the plugin cannot be imported, or two distributions claim the name.
    """
    point = _entry_point(kind, name)
    try:
        factory = point.load()
    except VssevalError:
        raise
    except Exception as error:
        raise EnvironmentFault(
            f"{kind[:-1]} '{name}' of the distribution '{_owner(point)}' cannot be imported: "
            f"{type(error).__name__}: {error}. Mend it with: pip install --force-reinstall {_owner(point)}"
        ) from error
    if not callable(factory):
        raise EnvironmentFault(f"{kind[:-1]} '{name}' of '{_owner(point)}': {point.value} is not a factory")
    return factory


def folders() -> dict[str, Path]:
    """Return the folders that are models, by name; nothing is imported but the parents of their packages."""
    return {name: point.path for name, points in _folders().items() for point in points}


def distribution(kind: Kind, name: str) -> str:
    """Return which installed distribution brings a plugin, as `name version`.

    Raises:
        UsageError: no such plugin.
        EnvironmentFault: two distributions claim the name.
    """
    dist = _entry_point(kind, name).dist
    return f"{dist.name} {dist.version}" if dist else "unknown"


def split(reference: str) -> tuple[str, str | None]:
    """Return the name and the argument of `name:argument`; the argument may hold colons."""
    name, colon, argument = reference.partition(":")
    return name, argument if colon else None


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that does not exist, with the nearest ones that do."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}."
    return UsageError(f"there is no {what} '{name}': {hint} See: vsseval list")


@dataclass(frozen=True)
class _Folder:
    """A folder of data in the place of an entry point."""

    name: str
    path: Path
    dist: Distribution | None

    @property
    def value(self) -> str:
        return str(self.path)

    def load(self) -> Callable[..., Any]:
        return partial(_run_folder, _entry_point("models", RUNNER).load(), self.name)


def _run_folder(runner: Callable[..., Any], name: str, options: Any) -> Any:
    """Call the runner with the folder's name before whatever argument there is."""
    argument = name if options.argument is None else f"{name}:{options.argument}"
    return runner(options._replace(argument=argument))


@cache
def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group; `path` is the import path, on which alone they depend.

    Each look reads the metadata of everything that is installed, and a list of models takes hundreds.
    """
    del path
    return tuple(entry_points(group=group))


def _folders() -> dict[str, list[_Folder]]:
    found: dict[str, list[_Folder]] = {}
    for point in _points(FOLDERS, tuple(sys.path)):
        try:
            package = find_spec(point.value)
        except (ImportError, ValueError):
            package = None  # a stranger's package that is broken has no folders; `pip check` is the judge of it
        places = [Path(place) for place in (package.submodule_search_locations if package else None) or ()]
        for path in sorted(path for place in places for path in (_checkout(place) or place).glob("*/baseline.toml")):
            folder = _Folder(path.parent.name, path.parent, point.dist)
            found.setdefault(folder.name, []).append(folder)
    return found


def _checkout(package: Path) -> Path | None:
    """Return where a checkout of vsseval keeps the folders of its own package: at its top. Elsewhere, none."""
    top = Path(__file__).parents[1]
    ours = package == Path(__file__).parent / "baselines"
    return top / "baselines" if ours and (top / "pyproject.toml").is_file() else None


def _found(kind: Kind) -> dict[str, list[EntryPoint | _Folder]]:
    found: dict[str, list[EntryPoint | _Folder]] = {}
    if kind == "models":
        found |= {name: [*points] for name, points in _folders().items()}
    for point in _points(f"vsseval.{kind}", tuple(sys.path)):
        # Entry-point names cannot hold "@".
        name = point.name.replace(".", "@", 1) if kind == "metrics" else point.name
        found.setdefault(name, []).append(point)
    return found


def _entry_point(kind: Kind, name: str) -> EntryPoint | _Folder:
    found = _found(kind)
    points = found.get(name)
    if not points:
        raise unknown(kind[:-1], name, found)
    if len({point.value for point in points}) > 1:
        owners = " and ".join(sorted(_owner(point) for point in points))
        raise EnvironmentFault(f"{kind[:-1]} '{name}' is claimed by {owners}. Uninstall one: pip uninstall …")
    return points[0]


def _owner(point: EntryPoint | _Folder) -> str:
    return point.dist.name if point.dist else "unknown"
