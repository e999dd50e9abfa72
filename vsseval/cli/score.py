"""`vsseval score`: score a run again, or a folder of finished sound."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.asked import Measuring, measuring_options
from vsseval.cli.moved import moved_option, relocations
from vsseval.cli.run import execute, show, strict_option
from vsseval.errors import UsageError


@click.command(name="score", short_help="Score a run again, or a folder of finished sound.")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--benchmark", metavar="B", help="For a folder of sound: name or folder:PATH.")
@moved_option
@strict_option
@measuring_options
def command(measuring: Measuring, path: Path, benchmark: str | None, moved: tuple[str, ...], *, strict: bool) -> int:
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
                path, watcher, metrics=measuring.metrics, profile=measuring.profile, store=measuring.store,
                jobs=measuring.jobs, device=measuring.device, fast=measuring.fast,
                moved=relocations(moved),
            )  # fmt: skip
        return show([path], measuring.metrics, strict=strict, as_json=measuring.as_json)
    if benchmark is None:
        raise UsageError(f"{path} is no run directory; to score its sounds say on what: --benchmark NAME")
    catalog = Catalog()
    models = [f"audio:{path}"]
    asked = specs(measuring.spec(), models, [benchmark], None, catalog, bounds=not measuring.no_bounds)
    return execute(asked, catalog, models, strict=strict, as_json=measuring.as_json)
