"""Turns the name of a benchmark, model, extractor or metric into its factory, through entry points.

Names are listed without importing anything. The built-ins are found in the same way as a stranger's plugin.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal

from vsseval.errors import EnvironmentFault, UsageError, VssevalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal["benchmarks", "models", "extractors", "metrics"]


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
    return factory  # type: ignore[no-any-return]


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


def _found(kind: Kind) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=f"vsseval.{kind}"):
        # Entry-point names cannot hold "@".
        name = point.name.replace(".", "@", 1) if kind == "metrics" else point.name
        found.setdefault(name, []).append(point)
    return found


def _entry_point(kind: Kind, name: str) -> EntryPoint:
    found = _found(kind)
    points = found.get(name)
    if not points:
        raise unknown(kind[:-1], name, found)
    if len({point.value for point in points}) > 1:
        owners = " and ".join(sorted(_owner(point) for point in points))
        raise EnvironmentFault(f"{kind[:-1]} '{name}' is claimed by {owners}. Uninstall one: pip uninstall …")
    return points[0]


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"
