"""`vssflow train`: the command that made the weights that ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsseval.errors import UsageError

if TYPE_CHECKING:
    from vssflow.training.mixtures import Mixing
    from vssflow.training.recipe import Recipe

TASKS = ("v2s", "vtts", "joint")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def tasks_of(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split `v2s,vtts` and repeated options; refuse names that no clip can have."""
    tasks = tuple(dict.fromkeys(task.strip() for value in values for task in value.split(",") if task.strip()))
    strange = [task for task in tasks if task not in TASKS]
    if strange:
        raise click.BadParameter(f"{', '.join(strange)}: tasks are {', '.join(TASKS)}", ctx, parameter)
    return tasks


@click.command
@click.option("--data", type=FOLDER, help="Training split.", required=True)
@click.option("--out", type=FOLDER, required=True, help="Checkpoints, logs and weights.")
@click.option("--config", default="small", show_default=True, help="Name of a configuration in vssflow/configs.")
@click.option("--init", type=FILE, metavar="WEIGHTS", help="Start from trained weights instead of random ones.")
@click.option(
    "--encoders",
    type=FOLDER,
    help="The --out of another training whose video encoder, codec and features are used as they are.",
)
@click.option(
    "--tasks",
    multiple=True,
    callback=tasks_of,
    metavar="LIST",
    help="Train flow matching on clips of these tasks only: v2s,vtts,joint.",
)
@click.option(
    "--mix",
    "modes",
    multiple=True,
    type=click.Choice(["add", "insert"]),
    help="Mix clips with sound and clips with speech into joint ones; repeatable.",
)
@click.option(
    "--mix-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of clips that are replaced by mixtures, with --mix.",
)
@click.option("--vision-steps", type=click.IntRange(1), help="Steps of the video encoder.")
@click.option("--steps", type=click.IntRange(1), help="Steps of flow matching.")
@click.option("--batch", type=click.IntRange(1), help="Clips in a step, over all processes.")
@click.option("--accumulate", type=click.IntRange(1), help="Parts that a process computes its clips of a step in.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Peak learning rate.")
@click.option("--warmup", type=click.IntRange(0), help="Steps in which the rate rises.")
@click.option("--cooldown", type=click.FloatRange(0, 1), help="Share of the steps, at the end, in which it falls.")
@click.option("--clip", type=click.FloatRange(0), help="Bound of the gradient's norm; 0 for none.")
@click.option("--save-every", type=click.IntRange(1), help="Steps between checkpoints, each with a validation.")
@click.option("--listen-every", type=click.IntRange(0), help="Steps between sounds of held-out clips; 0 for none.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    type=click.Choice(["cpu", "cuda"]),
    help="Where flow matching is computed; in bfloat16 on GPUs.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def command(
    data: Path, out: Path, config: str, init: Path | None, encoders: Path | None, tasks: tuple[str, ...],
    modes: tuple[str, ...], mix_share: float, vision_steps: int | None, device: str, seed: int, **changes: Any,
) -> None:  # fmt: skip
    """Train a model. Goes on where it was killed, to the last bit.

    \b
    The small configuration: video encoder, features, joint flow matching.
      vssflow train --data SPLIT --out DIR
    Fine-tuning for joint generation on mixtures, as in the paper:
      vssflow train --data SPLIT --out DIR2 --init DIR/vssflow-small.safetensors --encoders DIR \\
        --tasks joint --mix add --mix insert
    Several processes:
      torchrun --standalone --nproc-per-node 2 -m vssflow train --data SPLIT --out DIR
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vssflow.training import run

    training = run.Training(
        data=data, out=out, config=config, init=init, encoders=encoders, device=device,
        vision=replace(run.VISION, seed=seed, steps=vision_steps or run.VISION.steps),
        flow=changed(replace(run.FLOW, seed=seed, workers=4 if device == "cuda" else 0), changes),
        tasks=tasks or TASKS, mixing=mixing_of(modes, mix_share),
    )  # fmt: skip
    click.echo(run.train(training))


def changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """Return the recipe with the options that were given; a clip of 0 stands for none."""
    given = {key: value for key, value in changes.items() if value is not None}
    if given.get("clip") == 0:
        given["clip"] = None
    return replace(recipe, **given)


def mixing_of(modes: tuple[str, ...], share: float) -> Mixing | None:
    """Return how much is mixed, and in which ways; None for nothing."""
    from vssflow.training.mixing import MODES
    from vssflow.training.mixtures import Mixing

    chosen = tuple(mode for mode in MODES if mode in modes)
    if chosen and share == 0:
        raise UsageError("--mix with --mix-share 0 mixes nothing: leave --mix out, or give a share")
    return Mixing(chosen, share) if chosen else None
