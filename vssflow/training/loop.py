"""The training loop: optimiser, schedule, moving average, log and checkpoints that a killed run goes on from.

All randomness of step k comes from a generator seeded with (seed, k, rank), and the data order of an epoch from
(seed, epoch); so a resumed run takes the steps that an undisturbed one would have taken. Under `torchrun` each
process takes its share of every batch, and gradients are averaged; one single-threaded process per core is also
the quickest way to train on a busy CPU, because processes meet once a step and threads meet in every operation.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

Losses = dict[str, Tensor]
"""Named scalar losses of a batch; their sum is what is minimised."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a stage is trained."""

    steps: int
    batch: int
    rate: float
    """Peak learning rate."""
    warmup: int = 100
    cooldown: float = 0.25
    """Share of the steps, at the end, in which the rate falls to zero."""
    weight_decay: float = 0.01
    average: float = 0.999
    """Decay of the exponential moving average of the weights."""
    seed: int = 0
    save_every: int = 200

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, constant, cosine to zero."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        left = (self.steps - step) / max(1.0, self.cooldown * self.steps)
        return self.rate * (0.5 - 0.5 * math.cos(math.pi * min(1.0, left)))


@dataclass(frozen=True)
class Stage:
    """What is trained: parameters, a loss of a batch of clip indices, and a validation."""

    module: nn.Module
    loss: Callable[[Sequence[int], torch.Generator], Losses]
    validate: Callable[[], dict[str, float]]


class Crew(NamedTuple):
    """The processes of one training."""

    rank: int
    size: int

    @classmethod
    def assemble(cls) -> Crew:
        """Join the processes that `torchrun` has started; alone without it."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(0, 1)
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        return cls(torch.distributed.get_rank(), torch.distributed.get_world_size())

    def wait(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            torch.distributed.barrier()

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average the gradients of all processes."""
        if self.size == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        for parameter, part in zip(parameters, torch.split(flat, [p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)


def generator_of(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """Generator of one step of one process."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) * 64 + rank)


def batches(indices: Sequence[int], lengths: Sequence[int], recipe: Recipe, first: int) -> Iterator[list[int]]:
    """Yield the batches of the steps from `first` on: shuffled, and of similar lengths within a batch."""
    per_epoch = max(1, len(indices) // recipe.batch)
    step = first
    while True:
        epoch = step // per_epoch
        order = torch.randperm(len(indices), generator=generator_of(recipe.seed + 17, epoch)).tolist()
        shuffled = [indices[i] for i in order]
        plan: list[list[int]] = []
        pool = 8 * recipe.batch
        for start in range(0, per_epoch * recipe.batch, pool):
            near = sorted(shuffled[start : start + pool], key=lambda i: lengths[i])
            plan.extend(near[i : i + recipe.batch] for i in range(0, len(near), recipe.batch))
        order = torch.randperm(per_epoch, generator=generator_of(recipe.seed + 23, epoch)).tolist()
        for place in range(step % per_epoch, per_epoch):
            yield plan[order[place]]
            step += 1


class Average:
    """Exponential moving average of a module's parameters."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {key: value.detach().clone() for key, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Follow the parameters; in the first steps quicker than `decay` says."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in module.named_parameters():
            self.values[key].lerp_(value, 1 - decay)

    @torch.no_grad()
    def swap(self, module: nn.Module) -> None:
        """Exchange average and parameters."""
        for key, value in module.named_parameters():
            kept = value.detach().clone()
            value.copy_(self.values[key])
            self.values[key] = kept


def save_atomically(state: Any, path: Path) -> None:
    """Write tensors so that a kill leaves the old one or the new one, never half of one."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def fit(stage: Stage, recipe: Recipe, indices: Sequence[int], lengths: Sequence[int], out: Path) -> None:
    """Train until `recipe.steps`, going on from `out/checkpoint.pt` if it is there.

    Writes `out/checkpoint.pt` and appends to `out/log.jsonl`. At the end the module holds the averaged weights.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, log = out / "checkpoint.pt", out / "log.jsonl"
    parameters = [p for p in stage.module.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay)
    average = Average(stage.module, recipe.average)
    step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        stage.module.load_state_dict(state["module"])
        optimiser.load_state_dict(state["optimiser"])
        average.values = state["average"]
        step = state["step"]
    crew, began = Crew.assemble(), time.monotonic()
    recent: list[dict[str, float]] = []
    for batch in batches(indices, lengths, recipe, step):
        if step >= recipe.steps:
            break
        share = batch[crew.rank :: crew.size]
        losses = stage.loss(share, generator_of(recipe.seed, step, crew.rank))
        _descend(torch.stack(list(losses.values())).sum(), optimiser, parameters, recipe.rate_at(step), crew)
        average.update(stage.module, step)
        recent.append({key: float(value.detach()) for key, value in losses.items()})
        step += 1
        if crew.rank == 0 and (step % recipe.save_every == 0 or step == recipe.steps):
            line = _line(stage, average, recipe, recent, step, time.monotonic() - began)
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)  # noqa: T201  # the log of a long job
            recent = []
            state = {
                "module": stage.module.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.values,
                "step": step,
            }
            save_atomically(state, checkpoint)
    average.swap(stage.module)


def _descend(
    loss: Tensor, optimiser: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], rate: float, crew: Crew
) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    crew.average(parameters)
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimiser.step()


def _line(
    stage: Stage, average: Average, recipe: Recipe, recent: list[dict[str, float]], step: int, seconds: float
) -> dict[str, float]:
    means = {key: sum(losses[key] for losses in recent) / len(recent) for key in recent[0]}
    average.swap(stage.module)
    stage.module.eval()
    validation = stage.validate()
    stage.module.train()
    average.swap(stage.module)
    line = {"step": step, "rate": recipe.rate_at(step - 1), **means, **validation, "seconds": seconds}
    return {key: float(f"{value:.5g}") for key, value in line.items()}
