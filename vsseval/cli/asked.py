"""What `run`, `plan`, `score` and `calibrate` are asked: options of the command line, as one noun, and its runs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from vsseval.cli.config_file import config_option
from vsseval.errors import UsageError
from vsseval.records import RunSpec
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vsseval.stages.catalog import Catalog

__all__ = ["Asked", "Measuring", "measuring_options", "run_options"]

_FOLDER = click.Path(file_okay=False, path_type=Path)


class Measuring(NamedTuple):
    """How sounds are to be measured, and where everything lies."""

    metrics: tuple[str, ...]
    profile: str
    runs: Path
    store: Path | None
    jobs: int
    device: str
    fast: bool
    no_bounds: bool
    as_json: bool

    def spec(self, model: str = "", benchmark: str = "", *, seed: int = 0, limit: int | None = None) -> RunSpec:
        """Return what is asked of one run."""
        return RunSpec(
            model=model, benchmark=benchmark, seed=seed, limit=limit, metrics=self.metrics, profile=self.profile,
            runs=self.runs, store=self.store, jobs=self.jobs, device=self.device, fast=self.fast,
        )  # fmt: skip


class Asked(NamedTuple):
    """Which models are to be run on which benchmarks."""

    measuring: Measuring
    models: tuple[str, ...]
    suite: str | None
    benchmarks: tuple[str, ...]
    seed: int
    seeds: str | None
    limit: int | None
    checkpoint: Path | None

    def every_run(self) -> tuple[list[RunSpec], Catalog]:
        """Return one spec for every model and benchmark, and what was built to find them.

        Raises:
            UsageError: the options contradict each other, or name what does not exist.
        """
        import msgspec

        from vsseval import plugins
        from vsseval.stages.asked_runs import specs
        from vsseval.stages.catalog import Catalog, require_metrics

        require_metrics(self.measuring.metrics, plugins.names("metrics"))
        catalog = Catalog()
        known = self.measuring.spec(seed=self.seed, limit=self.limit)
        known = msgspec.structs.replace(known, seeds=_seeds(self.seeds, self.seed))
        chosen = _chosen(self.suite, self.benchmarks, catalog)
        bounds = not self.measuring.no_bounds
        return specs(known, self.models, chosen, self.checkpoint, catalog, bounds=bounds), catalog


def measuring_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `Measuring`; the command is given them as its first argument."""
    options = (
        click.option("--metric", "metrics", multiple=True, metavar="ID", help="Metric (fad@logmel); repeatable."),
        click.option(
            "--profile", default="", metavar="P", help="Measure by the recipes of papers: avbench, vssflow, …"
        ),
        click.option("--runs", type=_FOLDER, default=Path("runs"), show_default=True, help="Run directories."),
        click.option("--store", type=_FOLDER, help="Feature store [default: the user's cache folder]."),
        click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0: one per core, or per GPU."),
        click.option("--device", default="cpu", show_default=True, help="Where networks run: cpu, cuda, cuda:1."),
        click.option("--fast", is_flag=True, help="Heavy networks in bfloat16: other numbers, signed so."),
        click.option("--no-bounds", is_flag=True, help="Leave out reference, shuffled, noise and silence."),
        click.option("--json", "as_json", is_flag=True, help="Print records and numbers as JSON."),
    )
    return _with(options, _gathered(command, Measuring))


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `Asked`, a configuration file among them; the command is given them as its first argument."""
    options = (
        config_option,
        click.option(
            "--model", "models", multiple=True, required=True, metavar="M", help="Name or name:argument; repeatable."
        ),
        click.option("--suite", metavar="S", help="A named list of benchmarks: all, mini."),
        click.option("--benchmark", "benchmarks", multiple=True, metavar="B", help="Name or folder:PATH; repeatable."),
        click.option(
            "--seed", type=click.IntRange(0), default=0, show_default=True, help="Every clip's seed comes from it."
        ),
        click.option("--seeds", metavar="S,S,…", help="One sample of every clip for each of these seeds: 0,1,2."),
        click.option(
            "--limit", type=click.IntRange(1), metavar="L", help="Only L clips of each benchmark, always the same."
        ),
        click.option(
            "--checkpoint", type=click.Path(exists=True, path_type=Path), help="Weights for the named models."
        ),
    )
    return _with(options, measuring_options(_gathered(command, Asked)))


def _gathered(command: Callable[..., Any], kind: type[NamedTuple]) -> Callable[..., Any]:
    """Let a command take the fields of a noun as one; `measuring_options` has put the first of `Asked` together."""

    @functools.wraps(command)
    def gathering(*first: Any, **values: Any) -> Any:
        names = [name for name in kind._fields if name != "measuring"]
        return command(kind(*first, **{name: values.pop(name) for name in names}), **values)

    return gathering


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _seeds(text: str | None, seed: int) -> tuple[int, ...]:
    """Return the seeds of `--seeds`."""
    if text is None:
        return ()
    if seed:
        raise UsageError("--seed and --seeds exclude each other: write --seeds alone")
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--seeds {text}: numbers with commas between them are needed: --seeds 0,1,2") from error


def _chosen(suite: str | None, benchmarks: Sequence[str], catalog: Catalog) -> list[str]:
    if suite is None and not benchmarks:
        raise UsageError("say on what to run: --suite all, or --benchmark NAME. See: vsseval list")
    if suite is None:
        return list(benchmarks)
    if benchmarks:
        raise UsageError("--suite and --benchmark exclude each other: a suite is a list of benchmarks")
    from vsseval.cli.suites import resolve

    found = resolve(suite, catalog)
    for name, reason in found.absent.items():
        say(f"{name}: left out, {reason}", err=True)
    if found.unregistered:
        say(
            f"{len(found.present)} of {len(found.present) + len(found.absent) + len(found.unregistered)} benchmarks; "
            "the data of the others is not registered here. See: vsseval list benchmarks",
            err=True,
        )
    return list(found.present)
