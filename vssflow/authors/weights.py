"""Weights from files that others wrote: read safely, and mapped into memory instead of copied."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor

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
