"""Weights that others published, into networks of our own: nothing in a file is executed, its keys say what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from vsseval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor, nn

NAMED = 5
"""Keys that an error message lists."""

Network = TypeVar("Network", bound="nn.Module")


def read(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors, .pt, .pth or .ckpt file, memory-mapped; nothing in it is executed.

    Raises:
        UsageError: the file cannot be read, or holds no tensors.
    """
    from vssflow.authors.weights import read_state_dict

    return read_state_dict(file)


def filled(build: Callable[[], Network], state: Mapping[str, Tensor], file: Path, what: str) -> Network:
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
    faults = {
        "missing": [key for key in expected if key not in state],
        "unexpected": [key for key in state if key not in expected],
        "of another shape": [
            f"{key} {tuple(value.shape)} instead of {tuple(expected[key].shape)}"
            for key, value in state.items()
            if key in expected and value.shape != expected[key].shape
        ],
    }
    found = [f"{len(keys)} {fault}: {_listed(keys)}" for fault, keys in faults.items() if keys]
    if found:
        raise UsageError(f"{file} does not hold the weights of {what}: {'; '.join(found)}")
    network.load_state_dict({key: value.to(expected[key].dtype) for key, value in state.items()}, assign=True)
    return network


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:NAMED]) + (" and more" if len(keys) > NAMED else "")
