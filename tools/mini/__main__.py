"""`python -m tools.mini`: makes the frozen benchmarks, the training split, and a bank for retrieval."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from vsseval.errors import VssevalError

HERE = Path(__file__).parents[1]
LINES = 20
"""Progress lines of a whole run."""


@click.group()
def main() -> None:
    """Make the mini benchmarks (`bench`), their features (`features`), a training split (`train`) or a `bank`."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=HERE, show_default=True)
def bench(out: Path) -> None:
    """Make the frozen benchmarks mini_v2s, mini_vtts and mini_joint under OUT."""
    from tools.mini.build import build_bench

    for line in build_bench(out):
        click.echo(line, err=True)


@main.command()
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Empty, or of a command that was interrupted.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0: one per core.")
def features(work: Path, jobs: int) -> None:
    """Make the features of references and bounds that ship, in this checkout."""
    from tools.mini.features import build_features

    for line in build_features(HERE.parent / "vsseval" / "store" / "shipped", work, jobs):
        click.echo(line, err=True)


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--v2s", type=click.IntRange(0), default=0, show_default=True, help="Clips of sounding objects.")
@click.option("--vtts", type=click.IntRange(0), default=0, show_default=True, help="Clips of speaking faces.")
@click.option("--joint", type=click.IntRange(0), default=0, show_default=True, help="Clips of both.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
def train(out: Path, v2s: int, vtts: int, joint: int, seed: int, jobs: int) -> None:
    """Make a training split under OUT, or what is missing of it."""
    from tools.mini.train import build_train

    started, shown = time.monotonic(), 0
    for done, total in build_train(out, {"v2s": v2s, "vtts": vtts, "joint": joint}, seed, jobs):
        if done * LINES // max(total, 1) > shown or done == total:
            shown = done * LINES // max(total, 1)
            click.echo(f"{done}/{total} clips, {time.monotonic() - started:.0f} s", err=True)


@main.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The ZIP.")
@click.option("--clips", type=click.IntRange(1), default=240, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def bank(out: Path, clips: int, seed: int) -> None:
    """Make a bank for the baseline `retrieval` of clips of the training split, as one ZIP."""
    from tools.mini.bank import build_bank

    started = time.monotonic()
    for done in build_bank(out, clips, seed):
        if done * LINES // clips > (done - 1) * LINES // clips and (clips > LINES or done == clips):
            click.echo(f"{done}/{clips} clips, {time.monotonic() - started:.0f} s", err=True)


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except VssevalError as fault:
        click.echo(f"error: {fault}", err=True)
        sys.exit(fault.exit_code)
