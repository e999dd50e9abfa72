"""The training loop: optimiser, schedule, moving average, log and checkpoints that a killed run goes on from.

All randomness of step k comes from a generator seeded with (seed, k, rank), and the data order of an epoch from
(seed, epoch); so a resumed run takes the steps that an undisturbed one would have taken, to the last bit. Under
`torchrun` each process takes its share of every batch, and gradients are averaged; one single-threaded process per
core is also the quickest way to train on a busy CPU, because processes meet once a step and threads meet in every
operation.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vsseval.errors import UsageError
from vssflow.training.monitor import Monitor, SoundSample
from vssflow.training.optimisers import optimisers
from vssflow.training.process_group import ProcessGroup
from vssflow.training.recipe import TrainingRecipe, generator_of

__all__ = [
    "Average", "Losses", "ProcessGroup", "Stage", "TrainingRecipe", "batches", "fit", "save_atomically", "together",
]  # fmt: skip

Losses = dict[str, Tensor]
"""Named scalar losses of a batch; their sum is what is minimised."""


def _itself(batch: Sequence[int], generator: torch.Generator) -> Any:
    del generator
    return batch


@dataclass(frozen=True)
class Stage:
    """What is trained: parameters, a loss of what `gather` makes of a batch of clip indices, and a validation."""

    module: nn.Module
    loss: Callable[[Any, torch.Generator], Losses]
    validate: Callable[[], dict[str, float]]
    gather: Callable[[Sequence[int], torch.Generator], Any] = _itself
    """Reads a batch; may run in another thread, ahead of its step."""
    listen: Callable[[], Iterable[SoundSample]] | None = None
    """Sounds of held-out clips, by the weights of the moment."""


class Prepared(NamedTuple):
    """The inputs of one step of one process."""

    step: int
    parts: list[Any]
    weights: list[float]
    """Share of the process's clips in each part."""
    generator: torch.Generator


def batches(indices: Sequence[int], lengths: Sequence[int], recipe: TrainingRecipe, first: int) -> Iterator[list[int]]:
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


def together(
    groups: Sequence[Sequence[int]], lengths: Sequence[int], recipe: TrainingRecipe, first: int
) -> Iterator[list[int]]:
    """Yield batches of which every group gives the same share, and those clips that it would give alone.

    So that a joint training sees of each task what the training on that task alone sees, step by step.

    Raises:
        UsageError: the batch cannot be shared evenly.
    """
    share, rest = divmod(recipe.batch, len(groups))
    if rest:
        raise UsageError(f"a batch of {recipe.batch} clips cannot be shared evenly by {len(groups)} tasks")
    alone = replace(recipe, batch=share)
    for parts in zip(*(batches(group, lengths, alone, first) for group in groups), strict=True):
        yield [index for part in parts for index in part]


class Average:
    """Exponential moving average of a module's parameters; empty without a decay."""

    def __init__(self, module: nn.Module, decay: float | None) -> None:
        self.decay = decay
        kept = module.named_parameters() if decay is not None else ()
        self.values = {key: value.detach().clone() for key, value in kept}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Follow the parameters; in the first steps quicker than `decay` says."""
        if self.decay is None:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in module.named_parameters():
            self.values[key].lerp_(value, 1 - decay)

    @torch.no_grad()
    def swap(self, module: nn.Module) -> None:
        """Exchange average and parameters."""
        for key, value in module.named_parameters():
            if key in self.values:
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


class Learner:
    """The state of a training: parameters, optimiser, average, step; and its checkpoint."""

    def __init__(self, stage: Stage, recipe: TrainingRecipe, checkpoint: Path) -> None:
        self.stage, self.recipe, self.checkpoint = stage, recipe, checkpoint
        self.parameters = [p for p in stage.module.parameters() if p.requires_grad]
        self.device = self.parameters[0].device
        self.optimisers = optimisers(stage.module, recipe)
        self.average = Average(stage.module, recipe.average)
        self.step = 0
        if checkpoint.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True, map_location=self.device)
        try:
            self.stage.module.load_state_dict(state["module"])
            for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(kept)
        except (RuntimeError, ValueError) as error:
            raise UsageError(
                f"{self.checkpoint} is of another configuration ({error}). "
                "Give the options that it was begun with, or another --out."
            ) from error
        self.average.values = state["average"]
        self.step = int(state["step"])

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "module": self.stage.module.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "average": self.average.values,
            "step": self.step,
        }
        save_atomically(state, self.checkpoint)

    def learn(self, inputs: Prepared, processes: ProcessGroup) -> dict[str, Tensor]:
        """Take one step; return the mean losses of this process."""
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.recipe.rate_at(self.step)
            optimiser.zero_grad(set_to_none=True)
        means: dict[str, Tensor] = {}
        half = self.recipe.half(self.device)
        for part, weight in zip(inputs.parts, inputs.weights, strict=True):
            with torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext():
                losses = self.stage.loss(part, inputs.generator)
            (torch.stack(list(losses.values())).sum() * weight).backward()  # type: ignore[no-untyped-call]
            for key, value in losses.items():
                means[key] = means.get(key, 0) + value.detach() * weight
        processes.average(self.parameters)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update(self.stage.module, self.step)
        self.step += 1
        return means

    def report(self, monitor: Monitor, recent: Sequence[dict[str, Tensor]]) -> None:
        """Validate with the averaged weights, log, and write sounds where it is time for them."""
        recipe, last = self.recipe, self.step == self.recipe.steps
        means = {key: float(torch.stack([losses[key] for losses in recent]).mean()) for key in recent[0]}
        if not all(map(torch.isfinite, map(torch.tensor, means.values()))):
            raise UsageError(
                f"the loss is no number any more after step {self.step}: {means}. "
                f"The checkpoint before it is kept in {self.checkpoint}; take a lower --rate and another --out."
            )
        self.average.swap(self.stage.module)
        self.stage.module.eval()
        validation = self.stage.validate()
        if self.stage.listen is not None and recipe.listen_every and (last or self.step % recipe.listen_every == 0):
            monitor.listen(self.step, self.stage.listen())
        self.stage.module.train()
        self.average.swap(self.stage.module)
        monitor.write(self.step, {"rate": recipe.rate_at(self.step - 1), **means, **validation})


def fit(
    stage: Stage,
    recipe: TrainingRecipe,
    groups: Sequence[Sequence[int]],
    lengths: Sequence[int],
    out: Path,
    processes: ProcessGroup | None = None,
) -> None:
    """Train until `recipe.steps`, going on from `out/checkpoint.pt` if it is there.

    `groups` are the clips to learn from: one that batches are drawn from, or several that share every batch evenly.

    Writes `out/checkpoint.pt`, appends to `out/log.jsonl`, and puts sounds into `out/samples`. At the end the
    module holds the averaged weights.

    Raises:
        UsageError: there is no clip, a process would have none, the checkpoint is of another configuration, or the
            loss is no number any more.
    """
    processes = processes or ProcessGroup.join()
    out.mkdir(parents=True, exist_ok=True)
    learner = Learner(stage, recipe, out / "checkpoint.pt")
    if learner.step < recipe.steps:
        if not groups or not all(groups):
            raise UsageError(f"no clip to train {out.name} on; look at --tasks and at the training data")
        if min(recipe.batch, sum(map(len, groups))) < processes.size:
            raise UsageError(f"{processes.size} processes share a batch of {recipe.batch} clips: raise --batch")
        stage.module.train()
        _train(learner, groups, lengths, out, processes)
    learner.average.swap(stage.module)


def _train(
    learner: Learner, groups: Sequence[Sequence[int]], lengths: Sequence[int], out: Path, processes: ProcessGroup
) -> None:
    recipe = learner.recipe
    recent: list[dict[str, Tensor]] = []
    with Monitor(out, step=learner.step, steps=recipe.steps) if processes.rank == 0 else nullcontext() as monitor:
        for inputs in _prepared(learner, together(groups, lengths, recipe, learner.step), processes):
            recent.append(learner.learn(inputs, processes))
            if monitor is None:
                continue
            monitor.advance(learner.step)
            if learner.step % recipe.save_every == 0 or learner.step == recipe.steps:
                learner.report(monitor, recent)
                learner.save()
                recent = []


def _prepared(learner: Learner, plan: Iterator[list[int]], processes: ProcessGroup) -> Iterator[Prepared]:
    """Put the batches of the coming steps together, in threads where the recipe has workers."""
    stage, recipe = learner.stage, learner.recipe
    numbered = islice(enumerate(plan, learner.step), recipe.steps - learner.step)

    def prepare(step: int, batch: list[int]) -> Prepared:
        share, generator = batch[processes.rank :: processes.size], generator_of(recipe.seed, step, processes.rank)
        cuts = [share[place :: recipe.accumulate] for place in range(min(recipe.accumulate, len(share)))]
        parts = [stage.gather(cut, generator) for cut in cuts]
        return Prepared(step, parts, [len(cut) / len(share) for cut in cuts], generator)

    if not recipe.workers:
        yield from (prepare(step, batch) for step, batch in numbered)
        return
    with ThreadPoolExecutor(recipe.workers) as pool:
        waiting = deque(pool.submit(prepare, step, batch) for step, batch in islice(numbered, 2 * recipe.workers))
        while waiting:
            ready = waiting.popleft().result()
            following = next(numbered, None)
            if following is not None:
                waiting.append(pool.submit(prepare, *following))
            yield ready
