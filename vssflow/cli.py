"""`vssflow train`: the command that made the weights that ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click


@click.group()
def main() -> None:
    """VSSFlow: sound and speech for silent video, by one flow-matching transformer."""


@main.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Training split.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Checkpoints, logs and weights.")
@click.option("--config", default="small", show_default=True, help="Name of a configuration in vssflow/configs.")
@click.option("--vision-steps", type=int, help="Steps of the video encoder.")
@click.option("--steps", type=int, help="Steps of flow matching.")
@click.option("--batch", type=int, help="Clips in a step of flow matching.")
@click.option("--rate", type=float, help="Peak learning rate of flow matching.")
@click.option("--task", "tasks", multiple=True, help="Use only clips of this task (v2s, vtts, joint); repeatable.")
@click.option("--seed", type=int, default=0, show_default=True)
def train(
    data: Path, out: Path, config: str, vision_steps: int | None, steps: int | None, batch: int | None,
    rate: float | None, tasks: tuple[str, ...], seed: int,
) -> None:  # fmt: skip
    """Train the small model: video encoder, features, joint flow matching. Goes on where it was killed."""
    from vssflow.training import run

    vision = replace(run.VISION, seed=seed, steps=vision_steps or run.VISION.steps)
    flow = replace(run.FLOW, seed=seed, steps=steps or run.FLOW.steps)
    flow = replace(flow, batch=batch or flow.batch, rate=rate or flow.rate)
    plan = run.Training(data=data, out=out, config=config, vision=vision, flow=flow)
    try:
        weights = run.train(replace(plan, tasks=tasks or plan.tasks))
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    click.echo(weights)
