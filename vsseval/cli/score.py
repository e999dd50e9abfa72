"""`vsseval score`: score a run again, or a folder of finished sound."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.run import execute, shared_options, show, specs
from vsseval.errors import UsageError
from vsseval.types import RunSpec


@click.command(name="score", short_help="Score a run again, or a folder of finished sound.")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--benchmark", metavar="B", help="For a folder of sound: name or folder:PATH.")
@shared_options
def command(
    path: Path,
    benchmark: str | None,
    metrics: tuple[str, ...],
    profile: str,
    runs: Path,
    store: Path | None,
    jobs: int,
    device: str,
    *,
    no_bounds: bool,
    as_json: bool,
) -> int:
    """Score PATH: a run directory, or a folder of sound files named by clip id.

    A run directory is extracted, scored and aggregated anew from the sounds that it has. A folder of sound is
    the model audio:PATH, run on the benchmark that is named.
    """
    if (path / "run.json").exists():
        return _again(path, benchmark, metrics, profile, store, jobs, device, as_json=as_json)
    if benchmark is None:
        raise UsageError(f"{path} is no run directory; to score its sounds say on what: --benchmark NAME")
    known = RunSpec(
        model="", benchmark="", metrics=metrics, profile=profile, runs=runs, store=store, jobs=jobs, device=device
    )
    asked = specs(known, [f"audio:{path}"], [benchmark], None, bounds=not no_bounds)
    return execute(asked, as_json=as_json)


def _again(
    path: Path,
    benchmark: str | None,
    metrics: tuple[str, ...],
    profile: str,
    store: Path | None,
    jobs: int,
    device: str,
    *,
    as_json: bool,
) -> int:
    if benchmark is not None:
        raise UsageError(f"{path} is a run directory and knows its benchmark: leave out --benchmark")
    from vsseval.cli.progress import shown
    from vsseval.stages.run import rescore

    with shown() as watcher:
        rescore(path, watcher, metrics=metrics, profile=profile, store=store, jobs=jobs, device=device)
    return show([path], metrics, as_json=as_json)
