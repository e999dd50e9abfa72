"""What the reference configuration is built from: shapes, files of trained and frozen weights, and what is written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vsseval.errors import UsageError
from vsseval.networks.state_dict import read_state_dict
from vsseval.text.readers import file_text, toml_tables
from vssflow.conditions import ConditionAssembly, ConditionConfig
from vssflow.dit import DiT, DiTConfig
from vssflow.reference.mel import MELS
from vssflow.reference.vae import MelVAE, VAEConfig
from vssflow.reference.vocoder import HifiGan, VocoderConfig

TRAINED = ("vaflow.", "cond_proj.", "ref_proj.", "synch_proj.", "lip_proj.", "phone_embedding.")
FROZEN = ("vae.", "vocoder.", "image_encoder.")
"""What the names of tensors in the authors' checkpoints begin with."""
BARE = {"quant_conv.weight": "vae.", "conv_pre.weight": "vocoder.", "visual.conv1.weight": "image_encoder."}
"""A tensor by which a file of one frozen network alone is known, and the prefix that it gets."""
RESHAPED = ("preprocess_conv.", "proj_in.", "proj_out.", "postprocess_conv.")
"""Layers of the transformer that Stable Audio has too, for another number of channels."""


@dataclass(frozen=True, kw_only=True)
class ReferenceShape:
    """Sizes of every network; the defaults are the authors'."""

    dit: DiTConfig = field(default_factory=DiTConfig)
    conditions: ConditionConfig = field(default_factory=ConditionConfig)
    vae: VAEConfig = field(default_factory=VAEConfig)
    vocoder: VocoderConfig = field(default_factory=VocoderConfig)

    def __post_init__(self) -> None:
        bands = MELS // 2 ** (len(self.vae.widths) - 1)
        needed = bands * self.vae.latent_channels + self.conditions.channels
        if self.dit.channels != needed:
            raise UsageError(f"dit.channels is {self.dit.channels}; latent and conditions need {needed}")

    @classmethod
    def from_file(cls, path: Path) -> ReferenceShape:
        """Read the tables `dit`, `conditions`, `vae` and `vocoder` of a TOML file; what is not there is the authors'.

        Raises:
            UsageError: no such file, no TOML, or an entry that no table has.
        """
        try:
            tables = toml_tables(file_text(path))
            parts: dict[str, Any] = {}
            for part in fields(cls):
                kind = type(getattr(cls(), part.name))
                entries = tables.pop(part.name, {})
                parts[part.name] = kind(**{key: _frozen(value) for key, value in entries.items()})
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"--config {path} is no configuration: {error}") from error
        if tables:
            raise UsageError(f"--config {path}: unknown tables {', '.join(tables)}")
        return cls(**parts)

    def of_depth(self, layers: int | None) -> ReferenceShape:
        """Return the same with another number of blocks: the authors trained 5, 10 and 15."""
        return self if layers is None else replace(self, dit=replace(self.dit, layers=layers))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def read_parts(paths: tuple[Path, ...]) -> dict[str, Tensor]:
    """Read files of weights under the names of the authors' checkpoints; of two files with a name, the first wins.

    A file is a checkpoint of the authors or of `vssflow train`, or one frozen network under the names of its makers:
    AudioLDM2's VAE or vocoder (diffusers, transformers), or CLIP.

    Raises:
        UsageError: a file cannot be read, or holds none of these.
    """
    found: dict[str, Tensor] = {}
    for path in paths:
        state = read_state_dict(path)
        bare = next((prefix for key, prefix in BARE.items() if key in state), None)
        if any(key.startswith((*TRAINED, *FROZEN)) for key in state):
            own = {key: value for key, value in state.items() if key.startswith((*TRAINED, *FROZEN))}
        elif bare == "image_encoder.":
            own = {bare + key: value for key, value in state.items() if key.startswith("visual.")}
        elif bare is not None:
            own = {bare + key: value for key, value in state.items()}
        else:
            raise UsageError(
                f"{path} holds neither a checkpoint of VSSFlow nor AudioLDM2's VAE, its vocoder or CLIP; "
                f"its first tensors are {', '.join(list(state)[:3])}"
            )
        found = own | found
    return found


class Networks(nn.Module):
    """All networks of a training, under the names of the authors' checkpoints but for `conditions`."""

    def __init__(self, shape: ReferenceShape, parts: dict[str, Tensor], *, source: str) -> None:
        super().__init__()
        self.vaflow = DiT(shape.dit)
        self.conditions = ConditionAssembly(shape.conditions)
        self.vae = MelVAE(shape.vae)
        self.vocoder = HifiGan(shape.vocoder) if any(key.startswith("vocoder.") for key in parts) else None
        self.passed = {key: value.clone() for key, value in parts.items() if key.startswith("image_encoder.")}
        """CLIP is not needed: its features are computed before. It is handed on for those who generate."""
        if not any(key.startswith("vae.") for key in parts):
            raise UsageError("the latents are those of AudioLDM2's VAE: give its weights by --frozen FILE")
        fill(self.vae, parts, "vae.", source)
        if self.vocoder is not None:
            fill(self.vocoder, parts, "vocoder.", source)
        if any(key.startswith(TRAINED) for key in parts):
            fill(self.vaflow, parts, "vaflow.", source)
            own = {f"conditions.{key}": value for key, value in parts.items() if key.startswith(TRAINED[1:])}
            fill(self.conditions, own, "conditions.", source)

    def checkpoint(self) -> dict[str, Tensor]:
        """Everything under the names of the authors' checkpoints, on the CPU."""
        state = {key.removeprefix("conditions."): value for key, value in self.state_dict().items()}
        return {key: value.detach().cpu().contiguous() for key, value in (state | self.passed).items()}


def fill(network: nn.Module, parts: dict[str, Tensor], prefix: str, source: str) -> None:
    """Load the tensors under `prefix`.

    Raises:
        UsageError: they are not those of the network; the message says which differ.
    """
    own = {key.removeprefix(prefix): value.float() for key, value in parts.items() if key.startswith(prefix)}
    try:
        network.load_state_dict(own)
    except RuntimeError as error:
        raise UsageError(f"{source}: {prefix}* does not fit this configuration: {error}") from error


@torch.no_grad()
def start_from_stable_audio(dit: DiT, path: Path) -> None:
    """Start the blocks and the time layers from Stable Audio Open's transformer, as the authors did.

    What depends on the number of channels stays random, and further blocks of the file are left out.

    Args:
        dit: is changed.
        path: `transformer/diffusion_pytorch_model.safetensors` of stabilityai/stable-audio-open-1.0.

    Raises:
        UsageError: the file lacks a tensor that should be there, or has it in another shape; the message names it.
    """
    state = read_state_dict(path)
    for key, value in dit.state_dict().items():
        if key.startswith(RESHAPED):
            continue
        if key not in state or state[key].shape != value.shape:
            have = tuple(state[key].shape) if key in state else "nothing"
            raise UsageError(f"--stable-audio {path}: {key} should be {tuple(value.shape)}, there is {have}")
        value.copy_(state[key])
