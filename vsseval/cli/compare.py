"""`vsseval compare`: what is the difference of two runs, and is it real?"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.delta import Delta
    from vsseval.store.record import LoadedRun
    from vsseval.tables.sheet import Sheet


@click.command(name="compare", short_help="Compare two runs clip by clip.")
@click.argument("run_a", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run_b", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="Only this metric (fad@logmel); repeatable.")
@click.option("--subset", default="", metavar="NAME", help="Only this part of the benchmark.")
@click.option("--allow-partial", is_flag=True, help="Compare the clips that both measured; shows both counts.")
@click.option("--clips", type=click.IntRange(min=0), default=3, show_default=True, metavar="K",
              help="Name the K clips of each metric that moved most.")  # fmt: skip
@click.option("--difference", type=float, metavar="X",
              help="The least difference that counts, in the displayed unit of the one --metric "
                   "[default: a tenth of the greater value].")  # fmt: skip
@click.option("--json", "style", flag_value="json", help="Print the differences as JSON.")
@click.option("--markdown", "style", flag_value="markdown", help="Print them as Markdown, for a comment.")
def command(
    run_a: Path, run_b: Path, metrics: tuple[str, ...], subset: str, clips: int, difference: float | None,
    style: str | None, *, allow_partial: bool,
) -> None:  # fmt: skip
    """Compare two run directories of one benchmark, paired clip by clip.

    Prints RUN_A minus RUN_B: the difference with its 95 % interval, its p, the effect size, who is better (or that no
    difference that counts is there, or that so few clips cannot tell), and which clips moved most. Runs of different
    benchmarks, manifests, seeds, metric versions, extractors or clips are refused, and the message says what differs.
    """
    from vsseval.statistics.comparable import edited
    from vsseval.statistics.compare import compare
    from vsseval.store.record import load_run
    from vsseval.tables.comparison import sheet

    least = _least(difference, metrics)
    runs = load_run(run_a), load_run(run_b)
    deltas = compare(*runs, metrics, subset=subset, allow_partial=allow_partial, moved=clips)
    problems = [run.problem for run in runs if run.problem]
    for warning in (*problems, *(line for delta in deltas for line in edited(runs, delta, subset))):
        say(f"warning: {warning}", err=True)
    if style == "json":
        printed_json([_with_answer(delta, least) for delta in deltas])
        return
    left_out = [] if metrics else _left_out(*runs)
    counted = None if least is None else least / deltas[0].scale
    printed(sheet(deltas, [named(run, subset) for run in runs], left_out, counted), style)


def _least(difference: float | None, metrics: Sequence[str]) -> float | None:
    """Check what was asked about."""
    if difference is None:
        return None
    if len(set(metrics)) != 1:
        raise UsageError(f"--difference {difference:g} is in the unit of one metric: name it with --metric ID")
    if not (math.isfinite(difference) and difference > 0):
        raise UsageError(f"--difference {difference:g}: give a number greater than 0")
    return difference


def _with_answer(delta: Delta, least: float | None) -> dict[str, object]:
    import msgspec

    from vsseval.statistics.answer import answer, least_of_values

    shown = answer(delta, least_of_values(delta) if least is None else least / delta.scale)
    return {**msgspec.to_builtins(delta), "answer": msgspec.to_builtins(shown)}


def named(run: LoadedRun, subset: str = "") -> str:
    """Say which run it is."""
    card = run.record.benchmark
    part = f", {subset}" if subset else ""
    return f"{run.record.model.name} on {card.name} {card.version}{part} ({run.path.name})"


def printed(what: Sheet, style: str | None) -> None:
    """Print a table for the terminal, or as Markdown."""
    import shutil

    from vsseval.tables.sheet import markdown, terminal

    if style == "markdown":
        written(markdown(what), nl=False)
        return
    shown = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if shown else 100
    written(terminal(what, width=width, colour=shown), nl=False)


def printed_json(what: object) -> None:
    """Print nouns as JSON."""
    import msgspec

    show_json(msgspec.json.format(msgspec.json.encode(what), indent=1))


def _left_out(a: LoadedRun, b: LoadedRun) -> Sequence[str]:
    """Name the metrics that only one of the runs has."""
    pairs = (("A", a, b), ("B", b, a))
    return [
        f"{metric}: not compared, measured in {letter} only."
        for letter, one, other in pairs
        for metric in one.record.metrics
        if metric not in other.record.metrics
    ]
