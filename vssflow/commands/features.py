"""`vssflow features`: what the reference configuration is trained on, of registered benchmarks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vsseval.text.saying import say

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SHARE = re.compile(r"([0-9]+)/([0-9]+)")

_OPTIONS = (
    click.option("--synchformer", type=FILE, metavar="WEIGHTS", help="Synchformer's synchformer_state_dict.pth."),
    click.option("--rawnet3", type=FILE, metavar="WEIGHTS", help="RawNet3's model.pt."),
    click.option("--lips", type=FOLDER, metavar="DIR", help="AV-HuBERT features, <clip id>.npy; zeros without."),
    click.option("--alignments", type=FOLDER, metavar="DIR", help="<clip id>.TextGrid of the Montreal Forced Aligner."),
)


def feature_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the weights and files of features."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def share_of(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    """Read I/N, from 0/N to N-1/N."""
    match = SHARE.fullmatch(value)
    if match is None or not int(match[1]) < int(match[2]):
        raise click.BadParameter(f"'{value}' is no part: of four parts they are 0/4, 1/4, 2/4, 3/4", ctx, parameter)
    return int(match[1]), int(match[2])


@click.command(short_help="Compute training features of registered benchmarks.")
@click.option("--benchmark", "benchmarks", multiple=True, required=True, metavar="NAME", help="Repeatable.")
@click.option("--frozen", "weights", type=FILE, multiple=True, metavar="WEIGHTS", help="CLIP's ViT-B-16.pt.")
@feature_options
@click.option("--out", type=FOLDER, required=True, help="Features, reasons and rows.csv.")
@click.option("--half", is_flag=True, help="Keep them in half precision: half the room, an error of 5e-4.")
@click.option("--shard", metavar="I/N", callback=share_of, default="0/1", help="Only this part, 0/4 to 3/4.")
@click.option("--device", default="cpu", show_default=True, help="Where the networks run: cpu, cuda, cuda:1.")
def command(shard: tuple[int, int], device: str, **options: Any) -> None:
    """Compute what `vssflow train --config reference` learns from.

    Clips are those that `vsseval data add` registered. Stopped, the same command goes on; parts may run anywhere on a
    shared folder, and the last one writes rows.csv. A clip that cannot be used has no row and is named.

    \b
    vsseval data add grid --root GRID
    vssflow features --benchmark grid --benchmark vggsound:custom-train --out FEATURES \\
      --frozen ViT-B-16.pt --synchformer synchformer_state_dict.pth --rawnet3 model.pt
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vssflow.generate import find_device
    from vssflow.training.clip_features import ROWS
    from vssflow.training.prepare import Preparation, prepare, told

    plan = Preparation(**options)
    folder, clips = prepare(plan, shard, find_device(device), tell)
    for line in told(folder.write_rows(clips), plan.out / ROWS):
        tell(line)


def tell(line: str) -> None:
    """Say how far it is."""
    say(line, err=True)
