"""`vsseval score`: score a run again, or a folder of finished sound."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.asked import shared_options
from vsseval.cli.moved import moved_option, relocations
from vsseval.cli.run import execute, show, strict_option
from vsseval.errors import UsageError
from vsseval.records import RunSpec


@click.command(name="score", short_help="Score a run again, or a folder of finished sound.")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--benchmark", metavar="B", help="For a folder of sound: name or folder:PATH.")
@moved_option
@strict_option
@shared_options
def command(
    path: Path,
    benchmark: str | None,
    moved: tuple[str, ...],
    metrics: tuple[str, ...],
    profile: str,
    runs: Path,
    store: Path | None,
    jobs: int,
    device: str,
    *,
    strict: bool,
    fast: bool,
    no_bounds: bool,
    as_json: bool,
) -> int:
    """Score PATH: a run directory, or a folder of sound files named by clip id.

    A run directory is extracted, scored and aggregated anew from the sounds that it has. A folder of sound is
    the model audio:PATH, run on the benchmark that is named.
    """
    from vsseval.cli.progress import shown
    from vsseval.stages.asked_runs import specs
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.run import rescore

    if (path / "run.json").exists():
        if benchmark is not None:
            raise UsageError(f"{path} is a run directory and knows its benchmark: leave out --benchmark")
        with shown() as watcher:
            rescore(
                path, watcher, metrics=metrics, profile=profile, store=store, jobs=jobs, device=device, fast=fast,
                moved=relocations(moved),
            )  # fmt: skip
        return show([path], metrics, strict=strict, as_json=as_json)
    if benchmark is None:
        raise UsageError(f"{path} is no run directory; to score its sounds say on what: --benchmark NAME")
    known = RunSpec(
        model="",
        benchmark="",
        metrics=metrics,
        profile=profile,
        runs=runs,
        store=store,
        jobs=jobs,
        device=device,
        fast=fast,
    )
    catalog = Catalog()
    models = [f"audio:{path}"]
    asked = specs(known, models, [benchmark], None, catalog, bounds=not no_bounds)
    return execute(asked, catalog, models, strict=strict, as_json=as_json)
