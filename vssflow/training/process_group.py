"""The processes of one training, as `torchrun` starts them, and the device that each computes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from vsseval.errors import EnvironmentFault


class ProcessGroup(NamedTuple):
    """One process among those of a training."""

    rank: int
    size: int
    device: torch.device = torch.device("cpu")

    @classmethod
    def join(cls, device: str = "cpu") -> ProcessGroup:
        """Join the processes that `torchrun` has started; alone without it.

        Args:
            device: "cpu" or "cuda"; each process of a node takes a GPU of its own. Tensors on CPUs travel by gloo,
                those on GPUs by nccl.

        Raises:
            EnvironmentFault: a GPU is asked for where there is none, or there are more processes than GPUs.
        """
        place = torch.device(device)
        if place.type == "cuda":
            place = _gpu(place)
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(0, 1, place)
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo")
        return cls(torch.distributed.get_rank(), torch.distributed.get_world_size(), place)

    def wait(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            token = torch.zeros(1)  # a barrier would go by nccl, and pick a GPU by itself
            torch.distributed.all_reduce(token)

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


def _gpu(asked: torch.device) -> torch.device:
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    number = asked.index if asked.index is not None else int(os.environ.get("LOCAL_RANK", "0"))
    if number >= there:
        have = "no GPU that torch can use" if there == 0 else f"{there} GPUs, process {number} has none"
        raise EnvironmentFault(f"--device {asked}: this machine has {have}; train with --device cpu")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)
