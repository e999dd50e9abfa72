"""`vsseval calibrate`: which metrics see which faults, on this benchmark's own recordings?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.asked import Measuring, measuring_options
from vsseval.cli.compare import printed, printed_json
from vsseval.cli.run import INCOMPLETE
from vsseval.errors import UsageError, unknown
from vsseval.faults import FAULTS, Fault
from vsseval.text.saying import say
from vsseval.types import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.records import RunSpec


@click.command(name="calibrate", short_help="Show which metrics see which faults on a benchmark.")
@click.argument("benchmark")
@click.option("--fault", "kinds", multiple=True, metavar="KIND",
              help=f"Only this fault; repeatable: {', '.join(FAULTS)}.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Noise and choice come from it.")
@click.option("--limit", type=click.IntRange(1), metavar="L", help="Only L clips, always the same.")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Page of the curves [default: calibration.html beside the runs].")  # fmt: skip
@measuring_options
def command(
    measuring: Measuring, benchmark: str, kinds: tuple[str, ...], seed: int, limit: int | None, output: Path | None, *,
    markdown: bool,
) -> int:  # fmt: skip
    """Degrade BENCHMARK's own recordings in graded steps, and show how every metric answers.

    Each level of each fault is a run like any other, of the model degraded:KIND=LEVEL: it can be interrupted, and the
    same command goes on. A metric is flagged that sees no fault here, or that prefers a worse level to a milder one.
    """
    import msgspec

    from vsseval.cli.profile_faults import profile_faults
    from vsseval.cli.progress import shown
    from vsseval.report.calibration import sheet
    from vsseval.report.calibration_page import write_calibration
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.run import carry_out
    from vsseval.statistics.calibration import FOLDER, calibrate
    from vsseval.store.record import load_run

    known = measuring.spec(benchmark=benchmark, seed=seed, limit=limit)  # the recordings are the bound here
    known = msgspec.structs.replace(known, runs=measuring.runs / FOLDER)
    catalog = Catalog()
    asked = _specs(known, _chosen(kinds, catalog.benchmark(benchmark).card.task))
    with shown() as watcher:
        records = carry_out(asked, watcher, catalog).records
    loaded = [load_run(known.runs / record.id) for record in records]
    of_profile = profile_faults(loaded)
    for line in (*of_profile.nothing, *of_profile.hints):
        say(line, err=True)
    found = calibrate(loaded)
    if measuring.as_json:
        printed_json(found)
    else:
        printed(sheet(found), "markdown" if markdown else None)
    page = output or known.runs / "calibration.html"
    write_calibration([found], page)
    say(f"\nOpen the curves in a browser: {page}", err=True)
    say(f"Measure a system on the same clips: vsseval run --model audio:DIR --benchmark {benchmark}", err=True)
    return INCOMPLETE if of_profile.nothing else 0


def _chosen(kinds: Sequence[str], task: Task) -> list[Fault]:
    for kind in kinds:
        if kind not in FAULTS:
            raise unknown("fault", kind, FAULTS)
        if task not in FAULTS[kind].tasks:
            raise UsageError(f"the fault {kind} is one of speech, and the benchmark's task is {task}")
    return [fault for name, fault in FAULTS.items() if task in fault.tasks and (not kinds or name in kinds)]


def _specs(known: RunSpec, faults: Sequence[Fault]) -> list[RunSpec]:
    import msgspec

    models = ["reference", *(f.model(level) for f in faults for levels in f.levels for level in levels)]
    return [msgspec.structs.replace(known, model=model) for model in models]
