"""Weights from files that others wrote: read safely, and mapped into memory instead of copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vssflow.authors.inert import ITEM_BYTES, Entry
from vssflow.authors.layout import read_layout


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a .safetensors, .pt, .pth or .ckpt file, or the one that a checkpoint holds.

    Nothing in the file is executed (`vssflow.authors.inert`). The tensors lie on the file itself until they are
    touched, so that a checkpoint costs no memory beyond what is used of it; writing to them leaves the file as it is.
    Objects that are no tensors are left out.

    Args:
        path: a file that safetensors or any version of `torch.save` wrote. A checkpoint with the key `state_dict`
            (Lightning) or `model` stands for the state dict there.

    Raises:
        UsageError: there is no such file, it is cut short, or it holds no weights; the message says which.
    """
    layout = read_layout(path)
    mapped = cast("torch.UntypedStorage", torch.UntypedStorage.from_file(str(path), False, path.stat().st_size))
    return {key: _tensor(mapped, entry) for key, entry in layout.entries.items()}


def _tensor(mapped: torch.UntypedStorage, entry: Entry) -> Tensor:
    part = mapped[entry.start : entry.start + entry.size]
    if entry.start % ITEM_BYTES[entry.dtype]:
        # old files put their numbers at any byte
        part = part.clone()
    dtype: torch.dtype = getattr(torch, entry.dtype)
    return torch.empty(0, dtype=dtype).set_(part, 0, entry.shape, entry.stride)


class Unfilled(TorchFunctionMode):
    """Within it, networks are built without initial weights: for those that are loaded from a file next.

    Nothing is drawn, and memory that is never written to is never taken. (The meta device would do as well, but its
    first use imports two thousand modules.)

    >>> with Unfilled():
    ...     network = nn.Linear(1000, 1000)
    >>> network.load_state_dict(read_state_dict(path), assign=True)
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        _types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> Any:
        """Leave a tensor as it is where `torch.nn.init` would fill it; call anything else."""
        options = kwargs or {}
        if getattr(func, "__module__", None) == torch.nn.init.__name__:
            return options["tensor"] if "tensor" in options else args[0]
        return func(*args, **options)
