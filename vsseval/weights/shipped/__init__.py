"""Weights that come with vsseval, verified by sha256 when they are loaded; README.md says where each is from."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault

if TYPE_CHECKING:
    import torch

AISFX = "b5e2103430c9712df73152419cde7e470fe9879e0aa0e4b5a8c6bcd0be156e0b"
"""sha256 of `aisfx.safetensors`, which an extractor and a bound read."""


def load(name: str, sha256: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a file in this folder.

    Args:
        name: file name, such as "ge2e.safetensors".
        sha256: of the file's bytes.

    Raises:
        EnvironmentFault: the file is missing, or not the one that was pinned.
    """
    from safetensors.torch import load as parse

    file = resources.files(__name__) / name
    if not file.is_file():
        raise EnvironmentFault(f"{name} is missing from the installation: pip install --force-reinstall vsseval")
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise EnvironmentFault(
            f"{name} is damaged or replaced (sha256 {found[:8]} instead of {sha256[:8]}): "
            "pip install --force-reinstall vsseval"
        )
    return dict(parse(content))
