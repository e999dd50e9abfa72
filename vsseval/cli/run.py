"""`vsseval run`: models on benchmarks, from nothing to the comparison table; run again, it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.asked import Asked, run_options
from vsseval.cli.trace import traced
from vsseval.engines.choice import LOCAL
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.engines.choice import EngineChoice
    from vsseval.records import RunSpec
    from vsseval.stages.catalog import Catalog
    from vsseval.store.record import LoadedRun

INCOMPLETE = 3
SHOWN = 10
"""Failed clips that are named for each run; the report names all."""

strict_option = click.option(
    "--strict", is_flag=True, help="Exit with 3 too where registered data lacks clips since it was registered."
)


@click.command(name="run", short_help="Run models on benchmarks.")
@run_options
@click.option(
    "--engine", default="local", show_default=True, metavar="E", help="local, ray[:ADDRESS], slurm[:OPTIONS], torchrun."
)
@click.option("--workers", type=click.IntRange(0), default=0, help="Actors of Ray, tasks of Slurm; 0: what suits.")
@click.option("--shard", metavar="I/N", help="Only this part of the work, 0/4 to 3/4; the last one makes the table.")
@click.option("--trace", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a Chrome trace.")
@click.option("--dry-run", is_flag=True, help="Say what would be run and measured, and stop.")
@strict_option
def command(
    asked: Asked,
    engine: str,
    workers: int,
    shard: str | None,
    trace: Path | None,
    *,
    dry_run: bool,
    strict: bool,
) -> int:
    """Run models on benchmarks, and print the comparison table.

    What is finished is not done again: the same command, after any interruption, goes on where it stopped.

    \b
    vsseval run --model audio:my_wavs --benchmark folder:my_videos
    vsseval run -c eval.toml --dry-run
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.engines.choice import read_choice

    choice = read_choice(engine, workers, shard)
    runs, catalog = asked.every_run()
    if dry_run:
        from vsseval.cli.dry_run import show_dry_run

        return show_dry_run(runs, catalog, asked.models)
    with traced(trace, runs[0].store):
        return execute(runs, catalog, asked.models, choice, strict=strict, as_json=asked.measuring.as_json)


def execute(
    asked: Sequence[RunSpec],
    catalog: Catalog,
    models: Sequence[str],
    choice: EngineChoice = LOCAL,
    *,
    strict: bool,
    as_json: bool,
) -> int:
    """Carry out runs and show what came of them; return the exit code.

    Args:
        asked: the runs.
        catalog: benchmarks and models that are already built.
        models: those that were asked for; the others are bounds that were added.
        choice: what carries them out.
        strict: as `show`.
        as_json: as `show`.
    """
    from vsseval.cli.progress import shown
    from vsseval.stages.run import carry_out

    with shown() as watcher:
        done = carry_out(asked, watcher, catalog, {spec.model for spec in asked} - {*models}, choice)
    if done.unfinished:
        part = f"Part {choice.part.number}/{choice.part.total}"
        say(f"{part} is done. The last part makes the table, or the same command without it.", err=True)
    if done.unfinished and not done.records:
        return INCOMPLETE if done.lost else 0
    paths = [asked[0].runs / record.id for record in done.records]
    code = show(paths, asked[0].metrics, strict=strict, as_json=as_json)
    for title, why in done.lost.items():
        say(f"{title}: not run: {why}", err=True)
    return INCOMPLETE if done.lost else code


def show(paths: Sequence[Path], named: Sequence[str], *, strict: bool, as_json: bool) -> int:
    """Print the table of some runs, their failed clips and where everything lies; return the exit code.

    Args:
        paths: run directories.
        named: metrics that were asked for by name; one of them missing makes the runs incomplete, as does a profile of
            which nothing could be measured.
        strict: clips that the registered data lacks since it was registered make them incomplete too.
        as_json: print JSON in place of the table.
    """
    from vsseval.cli.profile_faults import profile_faults
    from vsseval.store.record import load_run

    loaded = [load_run(path) for path in paths]
    if as_json:
        from vsseval.store import codec

        data = [{"path": run.path, "record": run.record, "aggregates": run.aggregates} for run in loaded]
        show_json(codec.pretty(data), nl=False)
    else:
        _print_table(loaded)
    of_profile = profile_faults(loaded)
    faults = [*(line for run in loaded for line in _faults(run, named)), *of_profile.nothing]
    lost = [line for run in loaded for line in _lost(run)]
    for line in (*faults, *lost, *of_profile.hints):
        say(line, err=True)
    _print_paths(loaded)
    return INCOMPLETE if faults or (strict and lost) else 0


def _print_table(loaded: Sequence[LoadedRun]) -> None:
    import shutil
    import sys

    from vsseval.tables import table

    width = shutil.get_terminal_size((110, 24)).columns
    written(table.render(loaded, "terminal", width=width, colour=sys.stdout.isatty()))


def _faults(run: LoadedRun, named: Sequence[str]) -> list[str]:
    """Return a line for everything that makes a run incomplete.

    Those are clips without a sound, features that could not be extracted, and metrics that were asked for by
    name but cannot be had. A sound that a metric cannot measure (silence has no onsets) is a finding, not a
    fault: the table shows it as n of N.
    """
    from vsseval.stages.generate import journal_outcomes

    title = f"{run.record.model.name} on {run.record.benchmark.title}"
    bad = [clip for clip in journal_outcomes(run.path) if clip.status in {"failed", "missing"} and not clip.lost]
    lines = [f"{title}: clip {clip.id} {clip.status}: {clip.error}" for clip in bad[:SHOWN]]
    if len(bad) > SHOWN:
        lines.append(f"{title}: and {len(bad) - SHOWN} more clips failed; the report names them all")
    lines += [f"{title}: {reason}" for reason in run.record.provenance.get("faults", [])[:SHOWN]]
    for name in named:
        cell = run.cell(name)
        if cell is not None and cell.status == "missing" and not bad:
            lines.append(f"{title}: {name} is missing: {cell.reason}")
    return lines


def _lost(run: LoadedRun) -> list[str]:
    """Return a line where the registered data lacks clips since it was registered: they stay in N."""
    from collections import Counter

    from vsseval.stages.generate import journal_outcomes

    clips = journal_outcomes(run.path)
    kinds = Counter((clip.error or "").partition(":")[0] for clip in clips if clip.lost)
    if not kinds:
        return []
    name, told = run.record.benchmark.title, ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    share = f"{len(clips) - kinds.total()}/{len(clips)} clips"
    why = f"the registered data lacks the others ({told}). See: vsseval data list"
    return [f"{run.record.model.name} on {name}: {share}, for {why}"]


def _print_paths(loaded: Sequence[LoadedRun]) -> None:
    from shlex import quote

    if not loaded:
        return
    for run in loaded:
        say(f"{run.path}", err=True)
    runs = loaded[0].path.parent
    option = "" if runs == Path("runs") else f" --runs {quote(str(runs))}"
    say(f"Open the report with: vsseval report{option}", err=True)
