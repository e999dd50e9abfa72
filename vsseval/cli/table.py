"""`vsseval table`: the comparison table of finished runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.named import name_option, named_runs, relabelled, root_option
from vsseval.errors import UsageError
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.profiles import Profile
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.tables.reported import Reported
    from vsseval.tables.text import Interval

REPORTED = Path("leaderboards/reported.csv")
STYLES_WITHOUT_CAPTION = frozenset({"terminal", "markdown", "csv", "html"})
PIPED_WIDTH = 100
"""Columns where the output is no terminal."""


@click.command(name="table", short_help="Print the comparison table of finished runs.")
@click.argument("run_names", nargs=-1, metavar="[RUN]...")
@root_option
@click.option("--benchmark", "benchmarks", multiple=True, metavar="B", help="Only this benchmark; repeatable.")
@click.option("--metric", "metrics", multiple=True, metavar="ID",
              help="Only this metric (fad@logmel; fad: each recipe); repeatable, in the order of columns.")  # fmt: skip
@click.option("--no-bounds", is_flag=True, help="Leave out reference, shuffled, noise and silence.")
@name_option
@click.option("--style", "styles", multiple=True, metavar="NAME", default=("terminal",), show_default=True,
              help="terminal, markdown, latex, html, csv or typst; and, repeated or behind a comma, a profile "
                   "(vssflow), for the columns of that paper's tables.")  # fmt: skip
@click.option("--interval", type=click.Choice(["half", "ends"]), default="half", show_default=True,
              help="Show 95 % intervals as ± half of their width, or by both ends.")  # fmt: skip
@click.option("--wide", is_flag=True, help="One table, the benchmarks side by side.")
@click.option("--subsets", is_flag=True, help="One more table for each part of a benchmark.")
@click.option("--reported", is_flag=True, help="Also quote numbers from papers; they are cited and never ranked.")
@click.option("--reported-from", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help=f"Quote them from this file.  [default: {REPORTED}]")  # fmt: skip
@click.option("--signatures", is_flag=True, help="Also print what each number was made with.")
@click.option("--caption", default="", metavar="TEXT", help="Caption of the table: latex, typst.")
@click.option("--label", default="", metavar="NAME", help="Label by which the document refers to it: latex, typst.")
@click.option("--json", "as_json", is_flag=True, help="Print the tables as JSON.")
def command(
    run_names: tuple[str, ...], root: Path, benchmarks: tuple[str, ...], metrics: tuple[str, ...],
    names: tuple[str, ...], styles: tuple[str, ...], interval: Interval, reported_from: Path | None, caption: str,
    label: str, *, no_bounds: bool, wide: bool, subsets: bool, reported: bool, signatures: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the comparison table of finished runs.

    RUN is a run directory, a folder of them, or a name: audio:a, or audio:a@mini_v2s (see: vsseval list runs).

    Of each model on each benchmark the newest finished run is shown. Runs whose numbers cannot be compared
    (another manifest, seed, limit, metric version or extractor) get tables of their own.

    \b
    vsseval table --style latex --metric wer --metric fad --no-bounds --name audio:a=Ours \\
      --label tab:main --caption "Results on our clips"
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.tables.table import arranged, render_blocks

    style, profile = chosen_style(styles)
    runs, heads = relabelled(_on(named_runs(run_names, root), benchmarks), names)
    quoted = _reported(reported_from or REPORTED) if reported or reported_from else []
    blocks = arranged(
        runs, subsets=subsets, profile=profile, reported=quoted, wide=wide, metrics=metrics, heads=heads,
        bounds=not no_bounds,
    )  # fmt: skip
    _check_document(style, blocks, caption, label)
    if quoted and not any(row.reported for block in blocks for row in block.rows):
        suites = ", ".join(sorted({row.suite for row in quoted if row.suite}))
        say(f"No number is reported for these benchmarks and metrics; there are some for {suites}.", err=True)
    if as_json:
        import msgspec

        show_json(msgspec.json.format(msgspec.json.encode(blocks), indent=1))
        return
    colour = sys.stdout.isatty()
    width = click.get_current_context().terminal_width or _columns()
    text = render_blocks(
        blocks, style, signatures=signatures, interval=interval, width=width, colour=colour, caption=caption,
        label=label,
    )  # fmt: skip
    written(text, nl=False)


def _on(runs: list[LoadedRun], benchmarks: Sequence[str]) -> list[LoadedRun]:
    """Keep the runs on those benchmarks that are named."""
    from vsseval.errors import unknown

    there = {run.record.benchmark.title for run in runs} | {run.record.benchmark.name for run in runs}
    for name in benchmarks:
        if name not in there:
            raise unknown("run on the benchmark", name, there)
    cards = [(run, run.record.benchmark) for run in runs]
    return [run for run, card in cards if not benchmarks or {card.title, card.name} & {*benchmarks}]


def _check_document(style: str, blocks: Sequence[Block], caption: str, label: str) -> None:
    """See to it that caption and label have one table to belong to.

    Raises:
        UsageError: they have not, or the label is no label.
    """
    asked = " and ".join(option for option, value in (("--caption", caption), ("--label", label)) if value)
    if not asked:
        return
    if style in STYLES_WITHOUT_CAPTION:
        raise UsageError(f"{asked}: the style {style} has none; take --style latex or --style typst")
    if len(blocks) > 1:
        names = ", ".join(dict.fromkeys(f"--benchmark {block.benchmark}" for block in blocks))
        raise UsageError(
            f"{asked}: these runs make {len(blocks)} tables. Take one ({names}), or put them side by side with --wide"
        )
    if not re.fullmatch(r"[A-Za-z0-9:._-]*", label):
        raise UsageError(f"--label {label}: letters, digits and : . _ - are what a document can refer to")


def chosen_style(asked: Sequence[str]) -> tuple[str, Profile | None]:
    """Take what was asked for apart: one style, and one profile whose columns are shown.

    Raises:
        UsageError: a name that is neither, or two of one kind.
    """
    from vsseval.profiles import load_profile, profile_names
    from vsseval.tables.styles import STYLES, style_names

    names = [name.strip() for text in asked for name in text.split(",") if name.strip()]
    wanted = [name for name in names if name in profile_names()]
    styles = list(dict.fromkeys(name for name in names if name not in wanted))
    for name in styles:
        if name not in STYLES and name not in style_names():
            raise UsageError(
                f"there is no table style '{name}': choose {', '.join(style_names())}, and one of the profiles "
                f"{', '.join(profile_names())}"
            )
    if len(styles) > 1 or len(set(wanted)) > 1:
        raise UsageError(f"--style takes one style and one profile, not {', '.join(names)}")
    return (styles[0] if styles else "terminal"), (load_profile(wanted[0]) if wanted else None)


def _reported(path: Path) -> list[Reported]:
    from vsseval.tables.reported import read_reported

    return read_reported(path)


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((PIPED_WIDTH, 40)).columns if sys.stdout.isatty() else PIPED_WIDTH
