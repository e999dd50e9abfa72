"""`vsseval compare`: what is the difference of two runs, and is it real?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.present.text import DASH

if TYPE_CHECKING:
    from vsseval.statistics.compare import Delta


@click.command(name="compare", short_help="Compare two runs clip by clip.")
@click.argument("run_a", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run_b", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="Only this metric (fad@logmel); repeatable.")
@click.option("--subset", default="", metavar="NAME", help="Only this part of the benchmark.")
@click.option("--allow-partial", is_flag=True, help="Compare the clips that both measured; shows both counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(
    run_a: Path, run_b: Path, metrics: tuple[str, ...], subset: str, *, allow_partial: bool, as_json: bool
) -> None:
    """Compare two run directories of one benchmark, paired clip by clip.

    Prints RUN_A minus RUN_B with its 95 % interval. Runs of different benchmarks, manifests, seeds, metric
    versions, extractors or clips are refused, and the message says what differs.
    """
    from vsseval.statistics.compare import compare
    from vsseval.store.record import load_run

    runs = load_run(run_a), load_run(run_b)
    deltas = compare(*runs, metrics, subset=subset, allow_partial=allow_partial)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(deltas), indent=1).decode())
    else:
        _show(deltas, [f"{run.record.model.name} ({run.path.name})" for run in runs])


def _show(deltas: list[Delta], names: list[str]) -> None:
    """Print a table that fits 80 columns, and how each difference was made below."""
    import textwrap

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.width = max(console.width, 80)
    for letter, name in zip("AB", names, strict=True):
        console.print(Text.assemble((letter, "bold"), f"  {name}"), soft_wrap=True)
    if not deltas:
        console.print("The two runs have no metric in common.")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in ("metric", "A", "B", "A - B (95 %)", "n", "better"):
        table.add_column(head, justify="left" if head in {"metric", "better"} else "right", no_wrap=True)
    for delta in deltas:
        table.add_row(*_cells(delta), style="" if delta.better else "dim")
    console.print(table)
    for delta in deltas:
        for line in textwrap.wrap(_note(delta), console.width - 2, initial_indent=" ", subsequent_indent="   "):
            console.print(Text(line, style="dim"))


def _cells(delta: Delta) -> list[str]:
    arrow = "↑" if delta.direction == "higher" else "↓"
    unit = f" {delta.unit}" if delta.unit else ""

    def show(value: float | None, sign: str = "") -> str:
        return DASH if value is None else f"{value * delta.scale:{sign}.{delta.decimals}f}"

    interval = "" if delta.low is None else f" ({show(delta.low, '+')} to {show(delta.high, '+')})"
    better = "not clear" if delta.better is None else delta.better.upper()
    return [
        f"{delta.metric} {arrow}{unit}", show(delta.value_a), show(delta.value_b),
        f"{show(delta.difference, '+')}{interval}", str(delta.n), better if delta.difference is not None else "",
    ]  # fmt: skip


def _note(delta: Delta) -> str:
    if delta.reason:
        return f"{delta.metric}: no difference: {delta.reason}."
    parts = [delta.method]
    if delta.wins is not None:
        parts.insert(0, f"A better on {delta.wins} clips, equal on {delta.ties}, worse on {delta.losses}")
    left_out = [f"{n} measured in {run} only" for n, run in ((delta.only_a, "A"), (delta.only_b, "B")) if n]
    if left_out:
        parts.append(f"left out: {', '.join(left_out)}")
    return f"{delta.metric}: {'; '.join(parts)}."
