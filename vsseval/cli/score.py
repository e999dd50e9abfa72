"""`vsseval score`: score a run again, or a folder of finished sound."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.asked import Measuring, measuring_options
from vsseval.cli.moved import moved_option, relocations
from vsseval.cli.run import execute, show, strict_option
from vsseval.errors import UsageError


@click.command(name="score", short_help="Score a run again, or a folder of finished sound.")
@click.argument("what", metavar="RUN|FOLDER")
@click.option("--benchmark", metavar="B", help="For a folder of sound: name or folder:PATH.")
@moved_option
@strict_option
@measuring_options
def command(measuring: Measuring, what: str, benchmark: str | None, moved: tuple[str, ...], *, strict: bool) -> int:
    """Score a run, by its directory or name, or a FOLDER of sound files named by clip id.

    A run is extracted, scored and aggregated anew from the sounds that it has. A folder of sound is the model
    audio:FOLDER, run on the benchmark that is named.

    \b
    vsseval score audio:a --metric wer@whisper-tiny.en
    vsseval score my_wavs --benchmark folder:my_videos
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.cli.progress import shown
    from vsseval.stages.asked_runs import specs
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.run import rescore
    from vsseval.store.run_names import RunFinder

    path = Path(what)
    if benchmark is None and not path.is_dir():
        path = RunFinder(measuring.runs).one(what).path
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
    if not path.is_dir():
        raise UsageError(f"{path} is no folder of sounds")
    catalog = Catalog()
    models = [f"audio:{path}"]
    asked = specs(measuring.spec(), models, [benchmark], None, catalog, bounds=not measuring.no_bounds)
    return execute(asked, catalog, models, strict=strict, as_json=measuring.as_json)
