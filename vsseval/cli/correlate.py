"""`vsseval correlate`: which metrics agree with people?"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.compare import printed_json
from vsseval.cli.named import named_runs, root_option
from vsseval.errors import UsageError
from vsseval.text.saying import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.datasets.ratings import Ratings
    from vsseval.store.record import LoadedRun
    from vsseval.store.run_names import RunFinder

STYLES = ("terminal", "markdown", "latex", "csv")


@click.command(name="correlate", short_help="Show which metrics agree with people.")
@click.argument("ratings", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("run_names", nargs=-1, metavar="[RUN]...")
@root_option
@click.option("--system", "given", multiple=True, metavar="NAME=RUN",
              help="The table's NAME means this run; repeatable.")  # fmt: skip
@click.option("--score", metavar="COLUMN", help="Column of the scores, where there are several questions.")
@click.option("--names", metavar="PATTERN",
              help="How file names say clip and system: '{clip}_{system}', {} for anything else.")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="Only this metric (fad@logmel); repeatable.")
@click.option("--style", type=click.Choice(STYLES), default="terminal", show_default=True, help="How to print it.")
@click.option("--signatures", is_flag=True, help="Also print what each number was made with.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def command(
    ratings: Path, run_names: tuple[str, ...], root: Path, given: tuple[str, ...], score: str | None,
    names: str | None, metrics: tuple[str, ...], style: str, *, signatures: bool, as_json: bool,
) -> None:  # fmt: skip
    """Correlate the metrics of runs with what people said of their sounds.

    RATINGS is a table (CSV, TSV, JSON, JSON lines): clip, system, score; or clip, a, b, answer. A run is one of its
    systems by its model's name, the part of it after the colon, or its directory's name.

    \b
    vsseval correlate ratings.csv runs/*
    vsseval correlate mos.csv --names '{clip}_{system}' --score consistency
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.datasets.ratings import read_ratings
    from vsseval.statistics.rated_runs import correlate
    from vsseval.store.run_names import RunFinder
    from vsseval.tables.agreement_table import render

    found_runs = named_runs(run_names, root) if run_names or root.is_dir() or not given else []
    runs = _named(found_runs, given, RunFinder(root))
    read = read_ratings(ratings, [*runs], score, names)
    found = correlate(read, _meant(read, runs), metrics)
    if read.passed_over:
        found.left_out.insert(0, f"{read.passed_over} rows of {ratings.name} name systems of which there is no run.")
    if as_json:
        printed_json({"agreement": found.found, "left_out": found.left_out})
        return
    shown = sys.stdout.isatty()
    what = f"{read.number} ratings of {len(found.runs)} systems ({read.question} in {ratings.name})"
    card = next(iter(found.runs.values())).record.benchmark
    above = [f"{what}, {card.title} {card.version}", *(f"  {n}  {run.path.name}" for n, run in found.runs.items())]
    width = shutil.get_terminal_size().columns if shown else 100
    written(
        render(found.found, above, found.left_out, style, signatures=signatures, width=width, colour=shown), nl=False
    )


def _named(runs: Sequence[LoadedRun], given: Sequence[str], finder: RunFinder) -> dict[str, LoadedRun]:
    """Return finished runs by all names that a table may give them; of two that share one, the newer has it."""
    from vsseval.statistics.rated_runs import names_of

    found: dict[str, LoadedRun] = {}
    for run in sorted(runs, key=lambda run: run.record.created):
        if run.record.status == "finished":
            found |= dict.fromkeys(names_of(run), run)
    for text in given:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--system {text}: write NAME=RUN, as in --system elevenlabs=runs/20260101-audio-el")
        run = finder.one(path)
        if run.record.status != "finished":
            raise UsageError(f"{path} is {run.record.status}, not finished: the same vsseval run command goes on")
        found[name] = run
    if not found:
        raise UsageError("none of the runs is finished: the same vsseval run command goes on with one")
    return found


def _meant(read: Ratings, runs: dict[str, LoadedRun]) -> dict[str, LoadedRun]:
    """Return one name for each run: that by which the table means it.

    Raises:
        UsageError: it means one run by two names.
    """
    found: dict[Path, str] = {}
    for name, run in runs.items():
        if name in read.systems and found.setdefault(run.path, name) != name:
            raise UsageError(f"the table means {run.path.name} both by {found[run.path]!r} and by {name!r}: rename one")
    for run in runs.values():
        found.setdefault(run.path, run.record.system)
    return {name: next(run for run in runs.values() if run.path == path) for path, name in found.items()}
