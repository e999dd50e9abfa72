"""The weight rule of the golden numbers: each tensor is drawn from a generator seeded by the CRC-32 of its key."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import torch
from torch import nn

NORMALISATIONS = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm1d)


def seeded(key: str, shape: tuple[int, ...] | torch.Size) -> torch.Tensor:
    return drawn(key, torch.empty(tuple(shape)))


def drawn(key: str, into: torch.Tensor) -> torch.Tensor:
    """The same in memory that is there: of a network of a gigabyte, half the time goes into taking new memory."""
    return into.normal_(generator=torch.Generator("cpu").manual_seed(zlib.crc32(key.encode())))


@torch.no_grad()
def fill(module: nn.Module, prefix: str = "", scale: float = 0.02) -> None:
    norms = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, NORMALISATIONS)}
    for key, tensor in module.state_dict(keep_vars=True).items():
        if torch.is_floating_point(tensor):
            draw = drawn(prefix + key, tensor)
            draw.mul_(0.02).add_(1) if key in norms else draw.mul_(scale)


def seeded_input(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    return seeded(f"input:{key}", shape)


def listed_state(network: nn.Module, listing: Path, prefix: str = "", scale: float = 0.02) -> dict[str, torch.Tensor]:
    """The state by a list of keys, with the names and shapes of the list; what the list calls as built stays."""
    listed = {key: spec for key, spec in json.loads(listing.read_text()).items() if key.startswith(prefix)}
    own = {prefix + key: value for key, value in network.state_dict().items()}
    assert {key: list(value.shape) for key, value in own.items()} == {key: s["shape"] for key, s in listed.items()}
    state = {}
    for key, spec in listed.items():
        if spec["kind"] == "as_built":
            draw = own[key]
        else:
            draw = seeded(key, spec["shape"]).mul_(0.02 if spec["kind"] == "norm" else scale)
        state[key.removeprefix(prefix)] = draw.add_(1) if spec["kind"] == "norm" else draw
    return state
