"""The authors' Lightning checkpoint taken apart: transformer, projections, CLIP, VAE and vocoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vsseval.errors import UsageError
from vsseval.networks.clip import ClipVision
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import read_state_dict
from vssflow.conditions import ConditionAssembly, ConditionConfig
from vssflow.dit import DiT, DiTConfig
from vssflow.reference.checkpoint_networks import blocks, require_parts
from vssflow.reference.vae import MelVAE, current_names
from vssflow.reference.vocoder import HifiGan, join_weight_norm

_SHOWN = 5
"""Keys that a message names before it counts the rest."""


class ReferenceParts(NamedTuple):
    """The networks of a checkpoint, in evaluation mode and without gradients."""

    dit: DiT
    conditions: ConditionAssembly
    clip: ClipVision
    vae: MelVAE
    vocoder: HifiGan


def load_checkpoint(path: Path) -> ReferenceParts:
    """Load the authors' checkpoint: 750 tensors for 10 blocks, of any depth.

    The weights lie on the file until they are used (`read_state_dict`), so that loading takes neither time nor memory;
    the file must not be overwritten in place while the networks live. Numbers of half precision are widened to float32.
    Older names of the VAE's attention and weight normalisation in the vocoder are understood.

    Raises:
        UsageError: the file cannot be read, or its keys or shapes are not those of this network; the message names the
            first of each kind, and counts them.
    """
    state = read_state_dict(path)
    require_parts(path, state.keys())
    state = _with_part(state, "vae.", current_names)
    state = _with_part(state, "vocoder.", join_weight_norm)
    depth = blocks(state.keys())
    with SkipInitialWeights():
        parts = ReferenceParts(
            dit=DiT(DiTConfig(layers=depth)),
            conditions=ConditionAssembly(ConditionConfig()),
            clip=ClipVision(),
            vae=MelVAE(),
            vocoder=HifiGan(),
        )
    networks = {
        "vaflow.": parts.dit,
        "": parts.conditions,
        "image_encoder.": parts.clip,
        "vae.": parts.vae,
        "vocoder.": parts.vocoder,
    }
    _require_fit(path, state, {key: value.shape for key, value in _named(networks).items()}, depth)
    for prefix, network in networks.items():
        own = {key: state[prefix + key].float() for key in network.state_dict()}
        network.load_state_dict(own, assign=True)
        network.requires_grad_(requires_grad=False).eval()
    return parts


def _named(networks: dict[str, nn.Module]) -> dict[str, Tensor]:
    return {prefix + key: value for prefix, network in networks.items() for key, value in network.state_dict().items()}


def _with_part(
    state: dict[str, Tensor], prefix: str, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Pass the tensors under `prefix` through a map of names."""
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    rest = {key: value for key, value in state.items() if not key.startswith(prefix)}
    return rest | {prefix + key: value for key, value in change(own).items()}


def _require_fit(path: Path, state: dict[str, Tensor], expected: dict[str, torch.Size], depth: int) -> None:
    reshaped = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(shape)}"
        for key, shape in expected.items()
        if key in state and state[key].shape != shape
    ]
    faults = (
        ("missing", [key for key in expected if key not in state]),
        ("unexpected", [key for key in state if key not in expected]),
        ("of another shape", reshaped),
    )
    found = [
        f"{len(keys)} {fault}: {', '.join(keys[:_SHOWN])}{', ...' if len(keys) > _SHOWN else ''}"
        for fault, keys in faults
        if keys
    ]
    if found:
        raise UsageError(
            f"{path} cannot be loaded: it does not fit the reference configuration of {depth} blocks, "
            f"{len(expected)} tensors; {'; '.join(found)}"
        )
