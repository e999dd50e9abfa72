"""What `run` and `plan` are asked: options of the command line become one spec for each model and benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsseval.errors import UsageError
from vsseval.records import RunSpec
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vsseval.stages.catalog import Catalog

_FOLDER = click.Path(file_okay=False, path_type=Path)


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `run`, `score` and `calibrate` share."""
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
    for option in reversed(options):
        command = option(command)
    return command


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `run` and `plan` share, besides `shared_options`."""
    options = (
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
    for option in reversed(options):
        command = option(command)
    return command


def asked_runs(
    models: Sequence[str],
    suite: str | None,
    benchmarks: Sequence[str],
    checkpoint: Path | None,
    *,
    seed: int,
    seeds: str | None,
    limit: int | None,
    metrics: tuple[str, ...],
    profile: str,
    runs: Path,
    store: Path | None,
    jobs: int,
    device: str,
    fast: bool,
    bounds: bool,
) -> tuple[list[RunSpec], Catalog]:
    """Return one spec for every model and benchmark, and what was built to find them.

    Raises:
        UsageError: the options contradict each other, or name what does not exist.
    """
    from vsseval.stages.asked_runs import specs
    from vsseval.stages.catalog import Catalog

    catalog = Catalog()
    chosen = _chosen(suite, benchmarks, catalog)
    known = RunSpec(
        model="",
        benchmark="",
        seed=seed,
        seeds=_seeds(seeds, seed),
        limit=limit,
        metrics=metrics,
        profile=profile,
        runs=runs,
        store=store,
        jobs=jobs,
        device=device,
        fast=fast,
    )
    return specs(known, models, chosen, checkpoint, catalog, bounds=bounds), catalog


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
    return list(found.present)
