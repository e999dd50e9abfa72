"""Which devices there are for networks, and how processes share them."""

from __future__ import annotations

import os
from pathlib import Path

from vsseval.errors import EnvironmentFault
from vsseval.store.provenance import cores

PROCESS_BYTES = 3 << 30
"""vssflow in the authors' size takes 2.7 GB, the extractors of one profile up to 3."""
LIMIT = Path("/sys/fs/cgroup/memory.max")

__all__ = ["on_processor", "process_devices", "processes", "require_device"]


def require_device(device: str) -> None:
    """Look whether networks can run on a device.

    Raises:
        EnvironmentFault: they cannot; known before hours of work are lost to it.
    """
    if device == "cpu":
        return
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts that it has it
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise EnvironmentFault(f"the device {device} cannot be used: {why}. Use another one: --device cpu") from error


def on_processor(networks: str) -> bool:
    """Return whether networks run on processors, in whichever precision (`RunSpec.networks`)."""
    return networks.partition("+")[0] == "cpu"


def processes(device: str) -> int:
    """Return how many processes suit a device: one for each core, one for each GPU (`cuda`), or one (`cuda:1`).

    On processors there are no more than have `PROCESS_BYTES` of memory each: every one of them loads the networks.
    """
    if device == "cpu":
        return max(1, min(cores(), _memory() // PROCESS_BYTES))
    return max(1, len(_gpus())) if device == "cuda" else 1


def process_devices(device: str, count: int) -> list[str]:
    """Return for each of some processes the GPU that alone it is to see, as `CUDA_VISIBLE_DEVICES` has it.

    Empty where processes need not part: on a processor, and on one device that is named.
    """
    gpus = _gpus() if device == "cuda" else []
    return [gpus[place % len(gpus)] for place in range(count)] if len(gpus) > 1 else []


def _memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this process is in."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return there
    return min(there, int(limit)) if limit.isdigit() else there


def _gpus() -> list[str]:
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    import torch

    return [str(place) for place in range(torch.cuda.device_count())]
