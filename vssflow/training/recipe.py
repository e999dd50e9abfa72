"""How a stage is trained: the numbers, the learning rate of each step, and the source of its randomness."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import torch

from vsseval.errors import UsageError

FREE = frozenset({"steps", "accumulate", "workers", "save_every", "listen_every"})
"""What may change when a training goes on: how long, in which pieces, and what is written."""


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """How a stage is trained."""

    steps: int
    """Steps of the optimiser."""
    batch: int
    """Clips in a step, over all processes and accumulated parts."""
    rate: float
    """Peak learning rate."""
    warmup: int = 100
    """Steps in which the rate rises linearly."""
    cooldown: float = 0.25
    """Share of the steps, at the end, in which the rate falls to zero by a cosine; 0 leaves it constant."""
    weight_decay: float = 0.01
    optimiser: Literal["adamw", "muon"] = "adamw"
    """Muon (github.com/KellerJordan/Muon) steps by orthogonal matrices in the blocks of the transformer, scaled so that
    its steps are as large as AdamW's (arXiv 2502.16982); AdamW moves everything else."""
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float | None = 1.0
    """Bound of the norm of the gradient; None for none."""
    average: float | None = 0.999
    """Decay of the exponential moving average of the weights; None for none."""
    accumulate: int = 1
    """Parts in which a process computes its share of a batch, one after the other: less memory, same step."""
    bf16: bool | None = None
    """Compute in bfloat16, weights and optimiser staying in float32; None means on GPUs only."""
    workers: int = 0
    """Threads that put coming batches together."""
    seed: int = 0
    save_every: int = 200
    """Steps between two checkpoints, each with a validation and a line in the log."""
    listen_every: int = 0
    """Steps between two sets of sounds of held-out clips; 0 for none."""

    def half(self, device: torch.device) -> bool:
        """Whether steps on a device are computed in bfloat16."""
        return device.type == "cuda" if self.bf16 is None else self.bf16

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, constant, cosine to zero."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        left = (self.steps - step) / max(1.0, self.cooldown * self.steps) if self.cooldown else 1.0
        return self.rate * (0.5 - 0.5 * math.cos(math.pi * min(1.0, left)))


def generator_of(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """Generator of one step of one process."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) * 64 + rank)


def training_facts(recipe: TrainingRecipe, facts: Mapping[str, object]) -> dict[str, object]:
    """Say what a training is: the recipe without what may change, and `facts` about data and start."""
    return {key: value for key, value in asdict(recipe).items() if key not in FREE} | dict(facts)


def require_same_training(facts: Mapping[str, object], path: Path) -> None:
    """Note what a folder holds in `path`, as JSON, or compare with what was noted when it was begun.

    Raises:
        UsageError: the folder holds something else; the message names what differs.
    """
    now = json.loads(json.dumps(dict(facts)))
    if path.exists():
        begun = json.loads(path.read_text())
        other = [f"{key} {begun.get(key)} then, {now.get(key)} now" for key in now if begun.get(key) != now.get(key)]
        if other:
            raise UsageError(
                f"{path.parent} was begun otherwise: {'; '.join(other)}. "
                "Give the options that it was begun with, or another --out."
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{uuid4().hex[:12]}.partial")  # shards may begin at once, on several machines
    partial.write_text(json.dumps(now, indent=2) + "\n")
    partial.replace(path)
