"""`vsseval compare`: what is the difference of two runs, or of several and the first, and is it real?"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.named import name_option, relabelled, root_option, warn_of_problems
from vsseval.errors import UsageError
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.delta import Delta
    from vsseval.store.record import LoadedRun
    from vsseval.tables.sheet import Sheet


@click.command(name="compare", short_help="Compare runs clip by clip.")
@click.argument("first", metavar="RUN")
@click.argument("others", nargs=-1, required=True, metavar="RUN...")
@root_option
@name_option
@click.option("--all-pairs", is_flag=True, help="Of three runs and more: each with each, not each with the first.")
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
    first: str, others: tuple[str, ...], root: Path, names: tuple[str, ...], metrics: tuple[str, ...], subset: str,
    clips: int, difference: float | None, style: str | None, *, all_pairs: bool, allow_partial: bool,
) -> None:  # fmt: skip
    """Compare runs of one benchmark, paired clip by clip.

    RUN is a run directory or a name: audio:a, or audio:a@mini_v2s (see: vsseval list runs).

    Of two runs it prints the first minus the second: the difference with its 95 % interval, its p, the effect size,
    who is better (or that no difference that counts is there, or that so few clips cannot tell), and which clips moved
    most. Of several it prints each against the first. Runs of different benchmarks, manifests, seeds, metric versions,
    extractors or clips are refused, and the message says what differs.

    \b
    vsseval compare audio:a audio:b
    vsseval compare audio:a audio:b vssflow --metric desync@onset
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.statistics.comparable import edited
    from vsseval.statistics.compare_several import compare_several
    from vsseval.store.run_names import RunFinder
    from vsseval.tables.chosen import metrics_called
    from vsseval.tables.comparison import run_title, sheet, sheet_of_several

    runs, _ = relabelled(RunFinder(root).together([first, *others]), names)
    wanted = metrics_called(metrics, [*runs[0].record.metrics]) if metrics else []
    least = _least(difference, wanted)
    warn_of_problems(runs)
    pairs = compare_several(
        runs, wanted, subset=subset, allow_partial=allow_partial, moved=clips, all_pairs=all_pairs
    )  # fmt: skip
    for pair in pairs:
        for warning in (line for delta in pair.deltas for line in edited((pair.a, pair.b), delta, subset)):
            say(f"warning: {warning}", err=True)
    if style == "json":
        printed_json([_with_answer(delta, least) for pair in pairs for delta in pair.deltas])
        return
    deltas = pairs[0].deltas
    left_out = [] if metrics else list(dict.fromkeys(line for pair in pairs for line in _left_out(pair.a, pair.b)))
    counted = None if least is None else least / deltas[0].scale
    titles = [run_title(run, subset) for run in runs]
    if len(runs) == 2:
        printed(sheet(deltas, titles, left_out, counted), style)
    else:
        printed(sheet_of_several(pairs, titles, left_out, counted), style)


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
    pairs = ((a, b), (b, a))
    return [
        f"{metric}: not compared, measured for {one.called} only."
        for one, other in pairs
        for metric in one.record.metrics
        if metric not in other.record.metrics
    ]
