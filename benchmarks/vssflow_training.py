"""A training step of the small model in float32 and in bfloat16, in turns: is `vssflow train --bf16` quicker here?

    python benchmarks/vssflow_training.py [--clips N] [--seconds S] [--steps N] [--threads N]

Shipped weights, drawn features and latents; loss, gradients and optimiser of a flow-matching step; processor seconds,
the mean of the turns. Without AVX512_BF16 or AMX bfloat16 is emulated, and slower.
"""

from __future__ import annotations

import argparse
import statistics
import time
from importlib import resources
from pathlib import Path

import torch
from torch import nn

from vssflow.conditions import Features
from vssflow.flow import flow_loss
from vssflow.small.audio import frames_of
from vssflow.small.model import VSSFlow

WEIGHTS = Path(str(resources.files("vssflow") / "weights" / "vssflow-small.safetensors"))


class Step:
    """One step on the same batch, again and again."""

    def __init__(self, clips: int, frames: int, *, width: int | None = None, layers: int | None = None) -> None:
        self.model = VSSFlow.load(WEIGHTS).train()
        if width or layers:
            self.model = VSSFlow(self.model.config.of_size(width=width, layers=layers))
        self.trained = nn.ModuleList([self.model.vaflow, self.model.conditions])
        self.optimiser = torch.optim.AdamW(self.trained.parameters(), lr=1e-6)
        shapes, draw = self.model.config.conditions, torch.Generator().manual_seed(0)
        lip, sync, scene = (
            torch.randn(clips, frames, width, generator=draw) for width in (shapes.lip, shapes.sync, shapes.scene)
        )
        phones = torch.randint(shapes.phones, (clips, frames), generator=draw)
        speaker = torch.randn(clips, shapes.speaker, generator=draw)
        self.features = Features(lip, phones, sync, scene, speaker)
        self.latent, self.noise = torch.randn(2, clips, self.model.config.latent, frames, generator=draw)
        self.t = torch.rand(clips, generator=draw)

    def take(self, *, half: bool) -> float:
        """Take a step; return its processor seconds."""
        begun = time.process_time()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            conditions = self.model.conditions(self.features)
            loss = flow_loss(self.model.vaflow, self.latent, conditions, noise=self.noise, t=self.t).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    step = Step(asked.clips, frames_of(asked.seconds))
    spent: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(asked.steps + 1):
        for half, known in spent.items():
            seconds = step.take(half=half)
            if turn:  # the first one of each kind prepares its kernels
                known.append(seconds)
    whole, short = statistics.fmean(spent[False]), statistics.fmean(spent[True])
    print(f"float32 {whole:.2f} s, bfloat16 {short:.2f} s: {whole / short:.2f} times as quick")


if __name__ == "__main__":
    main()
