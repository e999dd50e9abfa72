"""Turns the name of a suite into the benchmarks it stands for, and says which of them are not there."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from vsseval import plugins
from vsseval.errors import EnvironmentFault, MissingData, UsageError, unknown

if TYPE_CHECKING:
    from vsseval.stages.catalog import Catalog

EVERY = "*"
"""In suites.toml: every benchmark that needs no argument and whose data is present."""


class Suite(NamedTuple):
    """The benchmarks of a suite."""

    present: tuple[str, ...]
    absent: dict[str, str]
    """Benchmark -> why it is not there, and the command that gets it."""
    unregistered: tuple[str, ...] = ()
    """Of a suite of everything, those of which no copy was registered: what is not here was not asked for."""


def suites() -> dict[str, tuple[str, ...]]:
    """Return the benchmarks of every suite, by name."""
    text = files("vsseval").joinpath("benchmarks/suites.toml").read_text(encoding="utf-8")
    return {name: tuple(suite["benchmarks"]) for name, suite in tomllib.loads(text).items()}


def resolve(name: str, catalog: Catalog | None = None) -> Suite:
    """Find the benchmarks of a suite.

    Args:
        name: of the suite.
        catalog: keeps what is built.

    Raises:
        UsageError: there is no such suite, or none of its benchmarks is there.
    """
    from vsseval.stages.catalog import Catalog

    catalog = catalog or Catalog()
    known = suites()
    if name not in known:
        raise unknown("suite", name, known)
    everything = known[name] == (EVERY,)
    present: list[str] = []
    absent: dict[str, str] = {}
    unregistered: list[str] = []
    for benchmark in plugins.names("benchmarks") if everything else known[name]:
        try:
            catalog.benchmark(benchmark)
        except EnvironmentFault as error:
            if everything and isinstance(error, MissingData):
                unregistered.append(benchmark)
            else:
                absent[benchmark] = str(error)
            continue
        except UsageError:
            if everything:
                continue  # it needs an argument, as `folder:PATH` does
            raise
        try:
            catalog.samples(benchmark)
        except (EnvironmentFault, UsageError) as error:
            absent[benchmark] = str(error)
            continue
        present.append(benchmark)
    if not present:
        absent |= dict.fromkeys(unregistered, "not registered")
        reasons = "; ".join(f"{benchmark}: {reason}" for benchmark, reason in absent.items())
        raise UsageError(f"no benchmark of the suite '{name}' is there. {reasons}")
    return Suite(tuple(present), absent, tuple(unregistered))
