"""`vssflow train`: the command that made the weights that ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from vsseval.errors import UsageError

TASKS = ("v2s", "vtts", "joint")


def tasks_of(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split `v2s,vtts` and repeated options; refuse names that no clip can have."""
    tasks = tuple(dict.fromkeys(task.strip() for value in values for task in value.split(",") if task.strip()))
    strange = [task for task in tasks if task not in TASKS]
    if strange:
        raise click.BadParameter(f"{', '.join(strange)}: tasks are {', '.join(TASKS)}", ctx, parameter)
    return tasks


@click.command
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Training split.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Checkpoints, logs and weights.")
@click.option("--config", default="small", show_default=True, help="Name of a configuration in vssflow/configs.")
@click.option(
    "--encoders",
    type=click.Path(path_type=Path),
    help="The --out of another training whose video encoder, codec and features are used as they are.",
)
@click.option("--vision-steps", type=int, help="Steps of the video encoder.")
@click.option("--steps", type=int, help="Steps of flow matching.")
@click.option("--batch", type=int, help="Clips in a step of flow matching.")
@click.option("--rate", type=float, help="Peak learning rate of flow matching.")
@click.option(
    "--tasks",
    multiple=True,
    callback=tasks_of,
    metavar="LIST",
    help="Train flow matching on clips of these tasks only: v2s,vtts,joint.",
)
@click.option("--seed", type=int, default=0, show_default=True)
def command(
    data: Path, out: Path, config: str, encoders: Path | None, vision_steps: int | None, steps: int | None,
    batch: int | None, rate: float | None, tasks: tuple[str, ...], seed: int,
) -> None:  # fmt: skip
    """Train the small model: video encoder, features, joint flow matching. Goes on where it was killed."""
    from vssflow.training import run

    vision = replace(run.VISION, seed=seed, steps=vision_steps or run.VISION.steps)
    flow = replace(run.FLOW, seed=seed, steps=steps or run.FLOW.steps)
    flow = replace(flow, batch=batch or flow.batch, rate=rate or flow.rate)
    plan = run.Training(data=data, out=out, encoders=encoders, config=config, vision=vision, flow=flow)
    try:
        weights = run.train(replace(plan, tasks=tasks or plan.tasks))
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    click.echo(weights)
