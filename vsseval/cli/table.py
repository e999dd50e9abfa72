"""`vsseval table`: the comparison table of finished runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.profiles import Profile
    from vsseval.store.record import LoadedRun
    from vsseval.tables.reported import Reported
    from vsseval.tables.text import Interval

RUNS = Path("runs")
REPORTED = Path("leaderboards/reported.csv")
PIPED_WIDTH = 100
"""Columns where the output is no terminal."""


@click.command(name="table", short_help="Print the comparison table of finished runs.")
@click.argument("run_dirs", nargs=-1, metavar="[RUN]...", type=click.Path(file_okay=False, path_type=Path))
@click.option("--runs", "root", type=click.Path(file_okay=False, path_type=Path), default=RUNS, show_default=True,
              help="Folder of run directories, where no RUN is named.")  # fmt: skip
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
@click.option("--json", "as_json", is_flag=True, help="Print the tables as JSON.")
def command(
    run_dirs: tuple[Path, ...], root: Path, styles: tuple[str, ...], interval: Interval, reported_from: Path | None, *,
    wide: bool, subsets: bool, reported: bool, signatures: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the comparison table of finished runs.

    Of each model on each benchmark the newest finished run is shown. Runs whose numbers cannot be compared
    (another manifest, seed, limit, metric version or extractor) get tables of their own.
    """
    from vsseval.tables.table import arranged, render_blocks

    style, profile = chosen_style(styles)
    runs = chosen(run_dirs, root)
    quoted = _reported(reported_from or REPORTED) if reported or reported_from else []
    blocks = arranged(runs, subsets=subsets, profile=profile, reported=quoted, wide=wide)
    if quoted and not any(row.reported for block in blocks for row in block.rows):
        suites = ", ".join(sorted({row.suite for row in quoted if row.suite}))
        say(f"No number is reported for these benchmarks and metrics; there are some for {suites}.", err=True)
    if as_json:
        import msgspec

        show_json(msgspec.json.format(msgspec.json.encode(blocks), indent=1))
        return
    colour = sys.stdout.isatty()
    width = click.get_current_context().terminal_width or _columns()
    text = render_blocks(blocks, style, signatures=signatures, interval=interval, width=width, colour=colour)
    written(text, nl=False)


def chosen(run_dirs: tuple[Path, ...], root: Path) -> list[LoadedRun]:
    """Load the runs that are named, or else all below `root` that can be read; what is wrong is said on standard error.

    Raises:
        UsageError: there are none.
    """
    from vsseval.store.record import load_run, scan_runs

    runs, faults = ([load_run(path) for path in run_dirs], []) if run_dirs else scan_runs(root)
    for fault in faults:
        say(f"passed over: {fault}", err=True)
    if not runs:
        raise UsageError(f"there are no runs in {root}. Make some with: vsseval run --model vssflow --suite all")
    for run in runs:
        if run.problem:
            say(f"warning: {run.problem}", err=True)
    return runs


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
