"""`vsseval table`: the comparison table of finished runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError

if TYPE_CHECKING:
    from vsseval.store.record import LoadedRun

RUNS = Path("runs")
PIPED_WIDTH = 100
"""Columns where the output is no terminal."""


@click.command(name="table", short_help="Print the comparison table of finished runs.")
@click.argument("run_dirs", nargs=-1, metavar="[RUN]...", type=click.Path(file_okay=False, path_type=Path))
@click.option("--runs", "root", type=click.Path(file_okay=False, path_type=Path), default=RUNS, show_default=True,
              help="Folder of run directories, where no RUN is named.")  # fmt: skip
@click.option("--style", type=click.Choice(["terminal", "markdown", "latex", "csv"]), default="terminal",
              show_default=True, help="What to print the table as.")  # fmt: skip
@click.option("--signatures", is_flag=True, help="Also print what each number was made with.")
@click.option("--subsets", is_flag=True, help="One more table for each part of a benchmark.")
@click.option("--json", "as_json", is_flag=True, help="Print the tables as JSON.")
def command(
    run_dirs: tuple[Path, ...], root: Path, style: str, *, signatures: bool, subsets: bool, as_json: bool
) -> None:
    """Print the comparison table of finished runs.

    Of each model on each benchmark the newest finished run is shown. Runs whose numbers cannot be compared
    (another manifest, seed, limit, metric version or extractor) get tables of their own.
    """
    from vsseval.present.grid import blocks as lay_out
    from vsseval.present.table import render_blocks

    runs = chosen(run_dirs, root)
    blocks = lay_out(runs, subsets=subsets)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(blocks), indent=1).decode())
        return
    colour = sys.stdout.isatty()
    width = click.get_current_context().terminal_width or _columns()
    # The choice is checked by click; the literal type cannot know.
    click.echo(render_blocks(blocks, style, signatures=signatures, width=width, colour=colour), nl=False)  # type: ignore[arg-type]


def chosen(run_dirs: tuple[Path, ...], root: Path) -> list[LoadedRun]:
    """Load the runs that are named, or else all below `root`.

    Raises:
        UsageError: there are none.
    """
    from vsseval.store.record import find_runs, load_run

    runs = [load_run(path) for path in run_dirs] if run_dirs else find_runs(root)
    if not runs:
        raise UsageError(f"there are no runs in {root}. Make some with: vsseval run --model vssflow --suite all")
    return runs


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((PIPED_WIDTH, 40)).columns if sys.stdout.isatty() else PIPED_WIDTH
