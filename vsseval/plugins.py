"""Turns the name of a benchmark, model, extractor or metric into its factory, through entry points.

Names are listed without importing anything. The built-ins are found in the same way as a stranger's plugin. Benchmarks
and models are factories that an entry point names. Metrics and extractors are rows of the TOML files of a package that
an entry point names (`recipes.py`); models may also be folders of data, of a package in the group `vsseval.baselines`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import Distribution, EntryPoint, EntryPoints, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast, overload

from vsseval import families, recipes
from vsseval.errors import EnvironmentFault, UsageError, VssevalError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.benchmarks.base import Benchmark
    from vsseval.extractors.base import AnyExtractor
    from vsseval.metrics.base import Metric
    from vsseval.models.base import Model, ModelOptions
    from vsseval.recipes import ExtractorVariant, MetricRecipe, UncheckedRow
    from vsseval.types import MetricSpec

    ModelFactory = Callable[[ModelOptions], Model]

PluginKind = Literal["benchmarks", "models", "extractors", "metrics"]

FOLDERS = "vsseval.baselines"
"""The group whose entry points name packages of folders; a folder with a `baseline.toml` is the model of its name."""
RUNNER = "baseline"
"""The model that runs such a folder: `mmaudio` is short for `baseline:mmaudio`."""


def names(kind: PluginKind) -> list[str]:
    """Return the sorted names of all installed plugins of a kind, metrics as ids (`fad@logmel`)."""
    return sorted(_found(kind))


@overload
def load(kind: Literal["benchmarks"], name: str) -> Callable[[str | None], Benchmark]: ...
@overload
def load(kind: Literal["models"], name: str) -> ModelFactory: ...
@overload
def load(kind: Literal["extractors"], name: str) -> Callable[[], AnyExtractor]: ...
@overload
def load(kind: Literal["metrics"], name: str) -> Callable[[], Metric]: ...
def load(kind: PluginKind, name: str) -> Callable[..., object]:
    """Import a plugin and return its factory.

    Args:
        kind: which group of entry points.
        name: without the argument after a colon; metrics as `fad@logmel`.

    Raises:
        UsageError: no such plugin; the message proposes the nearest names.
        EnvironmentFault: the plugin cannot be imported, its row is not right, or two claim the name.
    """
    claim = _claim(kind, name)
    try:
        factory = claim.load()
    except VssevalError:
        raise
    except (Exception, SystemExit) as error:
        raise EnvironmentFault(
            f"{kind[:-1]} '{name}' of the distribution '{_owner(claim)}' cannot be imported: "
            f"{type(error).__name__}: {error}. Mend it with: pip install --force-reinstall {_owner(claim)}"
        ) from error
    if not callable(factory):
        raise EnvironmentFault(f"{kind[:-1]} '{name}' of '{_owner(claim)}': {claim.value} is not a factory")
    return factory


def recipe(metric: str) -> MetricRecipe:
    """Return the row of a metric; its family is not imported.

    Raises:
        UsageError: no such metric.
        EnvironmentFault: the row is not right, or two claim the id.
    """
    return _stated("metrics", metric).checked(recipes.MetricRecipe)


def metric_spec(metric: str) -> MetricSpec:
    """Return the declaration of a metric; its family is not imported.

    Raises:
        UsageError: no such metric.
        EnvironmentFault: the row is not right, or two claim the id.
    """
    return recipes.spec_of(_stated("metrics", metric))


def variant(extractor: str) -> ExtractorVariant:
    """Return the row of an extractor; its class is not imported.

    Raises:
        UsageError: no such extractor.
        EnvironmentFault: the row is not right, or two claim the name.
    """
    return _stated("extractors", extractor).checked(recipes.ExtractorVariant)


def faults(kind: PluginKind) -> list[str]:
    """Return what is wrong with whole files of rows, whose names are therefore not known."""
    return [fault for table in _tables(kind) for fault in table.faults]


def baseline_folders() -> dict[str, Path]:
    """Return the folders that are models, by name; nothing is imported but the parents of their packages."""
    return {folder.name: folder.path for folder in _folders()}


def distribution(kind: PluginKind, name: str) -> str:
    """Return which installed distribution brings a plugin, as `name version`.

    Raises:
        UsageError: no such plugin.
        EnvironmentFault: two distributions claim the name.
    """
    dist = _claim(kind, name).dist
    return f"{dist.name} {dist.version}" if dist else "unknown"


def split_argument(reference: str) -> tuple[str, str | None]:
    """Return the name and the argument of `name:argument`; the argument may hold colons."""
    name, colon, argument = reference.partition(":")
    return name, argument if colon else None


class _Claim(Protocol):
    """Something that a distribution brings under a name."""

    @property
    def dist(self) -> Distribution | None: ...
    @property
    def value(self) -> str: ...
    def load(self) -> object: ...


@dataclass(frozen=True)
class _Folder:
    """A folder of data in the place of an entry point."""

    path: Path
    dist: Distribution | None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def value(self) -> str:
        return str(self.path)

    def load(self) -> ModelFactory:
        return partial(_run_folder, load("models", RUNNER), self.name)


@dataclass(frozen=True)
class _Listed:
    """A row in the place of an entry point."""

    kind: PluginKind
    stated: UncheckedRow
    dist: Distribution | None

    @property
    def value(self) -> str:
        return self.stated.place

    def load(self) -> Callable[[], object]:
        made = families.metric_factory if self.kind == "metrics" else families.extractor_factory
        return made(self.stated)


class _Tables(NamedTuple):
    """The files of one package."""

    rows: list[UncheckedRow]
    faults: list[str]
    dist: Distribution | None


def _run_folder(runner: ModelFactory, name: str, options: ModelOptions) -> Model:
    """Call the runner with the folder's name before whatever argument there is."""
    argument = name if options.argument is None else f"{name}:{options.argument}"
    return runner(options._replace(argument=argument))


def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group; `path` is the import path, on which alone they depend."""
    return tuple(_every_point(path).select(group=group))


@cache
def _every_point(path: tuple[str, ...]) -> EntryPoints:
    del path
    # each look reads the metadata of everything that is installed; Python 3.11 has another class with this method
    return cast("EntryPoints", entry_points())


def _places(package: str) -> list[Path]:
    """Return the folders of a package, which is not imported; its parents are."""
    try:
        found = find_spec(package)
    except Exception:  # noqa: BLE001 - a stranger's package may raise anything when its parent is imported
        return []
    return [Path(place) for place in (found.submodule_search_locations if found else None) or ()]


def _folders() -> Iterator[_Folder]:
    for point in _points(FOLDERS, tuple(sys.path)):
        # a stranger's package that is broken has no folders; `pip check` is the judge of it
        paths = sorted(
            path for place in _places(point.value) for path in (_checkout(place) or place).glob("*/baseline.toml")
        )
        yield from (_Folder(path.parent, point.dist) for path in paths)


def _checkout(package: Path) -> Path | None:
    """Return where a checkout of vsseval keeps the folders of its own package: at its top. Elsewhere, none."""
    top = Path(__file__).parents[1]
    ours = package == Path(__file__).parent / "baselines"
    return top / "baselines" if ours and (top / "pyproject.toml").is_file() else None


def _tables(kind: PluginKind) -> tuple[_Tables, ...]:
    return _read(f"vsseval.{kind}", tuple(sys.path)) if kind in {"extractors", "metrics"} else ()


@cache
def _read(group: str, path: tuple[str, ...]) -> tuple[_Tables, ...]:
    """Read all files of rows once for an import path: a list of metrics asks for each of a hundred."""
    found = []
    for point in _points(group, path):
        places = _places(point.value)
        rows: list[UncheckedRow] = []
        wrong = [] if places else [f"{point.value}, which '{_owner(point)}' names for {group}, is no package of files"]
        for place in places:
            more, faulty = recipes.read_rows(point.value, place)
            rows += more
            wrong += faulty
        found.append(_Tables(rows, wrong, point.dist))
    return tuple(found)


def _found(kind: PluginKind) -> dict[str, list[_Claim]]:
    found: dict[str, list[_Claim]] = {}
    if kind in {"extractors", "metrics"}:
        for table in _tables(kind):
            for row in table.rows:
                found.setdefault(row.name, []).append(_Listed(kind, row, table.dist))
        return found
    if kind == "models":
        for folder in _folders():
            found.setdefault(folder.name, []).append(folder)
    for point in _points(f"vsseval.{kind}", tuple(sys.path)):
        found.setdefault(point.name, []).append(point)
    return found


def _claim(kind: PluginKind, name: str) -> _Claim:
    found = _found(kind)
    claims = found.get(name)
    if not claims:
        wrong = faults(kind)
        error = _folder_meant(kind, name) or unknown(kind[:-1], name, found)
        if wrong:
            raise EnvironmentFault(f"{error}. It may be a row of a file that is broken: {'; '.join(wrong)}")
        raise error
    if len({claim.value for claim in claims}) > 1:
        owners = " and ".join(sorted({_owner(claim) for claim in claims}))
        where = "; ".join(sorted(claim.value for claim in claims))
        raise EnvironmentFault(f"{kind[:-1]} '{name}' is claimed by {owners} ({where}). Uninstall one: pip uninstall …")
    return claims[0]


def _folder_meant(kind: PluginKind, name: str) -> UsageError | None:
    """Return what to write in the place of the path of a folder, where that is what was given."""
    if kind not in {"models", "benchmarks"} or not Path(name).is_dir():
        return None
    if kind == "benchmarks":
        return UsageError(f"'{name}' is a folder: for the clips in it write --benchmark folder:{name}")
    return UsageError(
        f"'{name}' is a folder: for the sounds in it write --model audio:{name}, for videos with the system's own "
        f"picture --model av:{name}"
    )


def _stated(kind: Literal["extractors", "metrics"], name: str) -> UncheckedRow:
    return cast("_Listed", _claim(kind, name)).stated


def _owner(claim: _Claim) -> str:
    return claim.dist.name if claim.dist else "unknown"
