"""`vsseval compare`: what is the difference of two runs, and is it real?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vsseval.statistics.compare import Delta


@click.command(name="compare", short_help="Compare two runs clip by clip.")
@click.argument("run_a", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run_b", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="Only this metric (fad@logmel); repeatable.")
@click.option("--subset", default="", metavar="NAME", help="Only this part of the benchmark.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(run_a: Path, run_b: Path, metrics: tuple[str, ...], subset: str, *, as_json: bool) -> None:
    """Compare two run directories of one benchmark, paired clip by clip.

    Prints RUN_A minus RUN_B with its 95 % interval. Runs of different benchmarks, manifests, seeds, metric
    versions, extractors or clips are refused, and the message says what differs.
    """
    from vsseval.statistics.compare import compare
    from vsseval.store.record import load_run

    deltas = compare(load_run(run_a), load_run(run_b), metrics, subset=subset)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(deltas), indent=1).decode())
    else:
        _show(deltas)


def _show(deltas: list[Delta]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None)
    if not deltas:
        console.print("The two runs have no metric in common.")
        return
    a, b = deltas[0].a, deltas[0].b
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=None)
    for name in ("metric", a, b if b != a else f"{b} (B)", "difference", "95 % interval", "n", "better"):
        table.add_column(name, justify="left" if name in {"metric", "better"} else "right", no_wrap=True)
    for delta in deltas:
        table.add_row(*_cells(delta))
    console.print(table)
    for delta in deltas:
        for note in _notes(delta):
            console.print(f" {note}", style="dim")


def _cells(delta: Delta) -> list[str]:
    arrow = "↑" if delta.direction == "higher" else "↓"
    unit = f" {delta.unit}" if delta.unit else ""

    def show(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value * delta.scale:{sign}.{delta.decimals}f}"  # noqa: RUF001 - en dash

    interval = "" if delta.low is None else f"{show(delta.low, '+')} to {show(delta.high, '+')}"
    winner = {"a": delta.a, "b": delta.b}.get(delta.better or "", "not clear")
    if delta.better and delta.a == delta.b:
        winner = "first" if delta.better == "a" else "second"
    return [
        f"{delta.metric} {arrow}{unit}", show(delta.value_a), show(delta.value_b), show(delta.difference, "+"),
        interval, str(delta.n), winner if delta.difference is not None else "",
    ]  # fmt: skip


def _notes(delta: Delta) -> list[str]:
    notes = []
    if delta.reason:
        notes.append(f"{delta.metric}: no difference: {delta.reason}.")
    elif delta.wins is not None:
        notes.append(
            f"{delta.metric}: first better on {delta.wins} clips, equal on {delta.ties}, worse on {delta.losses}; "
            f"{delta.method}."
        )
    else:
        notes.append(f"{delta.metric}: {delta.method}.")
    if not delta.reason and (delta.only_a or delta.only_b):
        notes.append(
            f"{delta.metric}: left out {delta.only_a} clips that only the first run measured, "
            f"and {delta.only_b} that only the second did."
        )
    return notes
