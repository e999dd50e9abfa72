"""Weights from files that others wrote, into networks of our own; nothing in a file is executed.

Torch is imported where it is used: extractors name these functions, and declaring one takes no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from vsseval.errors import UsageError
from vsseval.networks.checkpoint_layout import read_layout
from vsseval.networks.safe_unpickle import ITEM_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from vsseval.networks.safe_unpickle import TensorEntry

NAMED = 5
"""Keys that an error message lists."""

Network = TypeVar("Network", bound="nn.Module")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a .safetensors, .pt, .pth or .ckpt file, or the one that a checkpoint holds.

    Nothing in the file is executed (`vsseval.networks.safe_unpickle`). The tensors lie on the file itself until
    they are touched, so that a checkpoint costs no memory beyond what is used of it; writing to them leaves the file as
    it is. Objects that are no tensors are left out.

    Args:
        path: a file that safetensors or any version of `torch.save` wrote. A checkpoint with the key `state_dict`
            (Lightning) or `model` stands for the state dict there.

    Raises:
        UsageError: there is no such file, it is cut short, or it holds no weights; the message says which.
    """
    import torch

    layout = read_layout(path)
    mapped: torch.UntypedStorage = torch.UntypedStorage.from_file(str(path), False, path.stat().st_size)  # type: ignore[assignment]
    return {key: _tensor(mapped, entry) for key, entry in layout.entries.items()}


def fill_network(build: Callable[[], Network], state: Mapping[str, Tensor], file: Path, what: str) -> Network:
    """Build a network and give it its weights, in the precision that it was built with.

    Args:
        build: makes the network; its buffers that are computed and not learned must be made non-persistent.
        state: exactly the keys of the network.
        file: where the state is from, for the message.
        what: name of the network, for the message.

    Raises:
        UsageError: keys are missing, unexpected or of another shape: it is the file of another network.
    """
    network = build()
    expected = network.state_dict()
    require_fit(state, {key: value.shape for key, value in expected.items()}, file, what)
    network.load_state_dict({key: value.to(expected[key].dtype) for key, value in state.items()}, assign=True)
    return network


def require_fit(
    state: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], file: Path, what: str, prefix: str = ""
) -> None:
    """See to it that a file holds exactly the tensors of a network.

    Args:
        state: what the file holds.
        shapes: what the network has.
        file: where the state is from, for the message.
        what: name of the network, for the message.
        prefix: what stands before these keys in the file, for the message.

    Raises:
        UsageError: keys are missing, unexpected or of another shape; the message counts them and names the first.
    """
    misshapen = (
        f"{prefix}{key} {tuple(state[key].shape)} instead of {tuple(shape)}"
        for key, shape in shapes.items()
        if key in state and state[key].shape != shape
    )
    faults = {
        "missing": _listed(prefix + key for key in shapes if key not in state),
        "unexpected": _listed(prefix + key for key in state if key not in shapes),
        "of another shape": _listed(misshapen),
    }
    found = "; ".join(f"{count} {fault}: {keys}" for fault, (count, keys) in faults.items() if count)
    if found:
        raise UsageError(f"{file} does not hold the weights of {what}: {found}, of {len(shapes)} tensors")


def _listed(keys: Iterable[str]) -> tuple[int, str]:
    """Return how many keys there are, and the first of them."""
    found = [*keys]
    return len(found), ", ".join(found[:NAMED]) + (" and more" if len(found) > NAMED else "")


def _tensor(mapped: torch.UntypedStorage, entry: TensorEntry) -> Tensor:
    import torch

    part = mapped[entry.start : entry.start + entry.size]
    if entry.start % ITEM_BYTES[entry.dtype]:
        # old files put their numbers at any byte
        part = part.clone()
    dtype: torch.dtype = getattr(torch, entry.dtype)
    return torch.empty(0, dtype=dtype).set_(part, 0, entry.shape, entry.stride)
