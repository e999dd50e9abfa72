"""Condition assembly: features of video, text and voice become channels and tokens of the transformer.

Time-locked features (lips, phones, visual motion) are laid on the channel axis beside the latent; semantic ones
(scene frames, one speaker token) become keys and values of cross-attention (VSSFlow, arXiv 2509.24773, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vsseval.errors import UsageError

STREAMS = ("lip", "phone", "sync", "scene")
"""Conditions with a value for each moment, in the order in which they lie on the channel axis."""
SCHEMES = {
    "paper": ("lip", "phone", "sync"),
    "none": (),
    "lip-sync": ("lip", "sync"),
    "phone-scene": ("phone", "scene"),
    "all": STREAMS,
}
"""What rides on the channel axis in the paper and in its ablation; the rest goes to cross-attention."""


@dataclass(frozen=True, kw_only=True)
class ConditionConfig:
    """Widths of the features and of their projections; the defaults are the authors'."""

    lip: int = 1024
    phone: int = 32
    sync: int = 768
    scene: int = 768
    speaker: int = 256
    cross: int = 768
    scene_hidden: int = 1536
    sync_hidden: int = 1536
    lip_hidden: int = 2048
    phones: int = 200
    """Rows of the phone table; row 0 means "no speech" and is learned."""
    lip_out: int | None = None
    """Channels of the lips after projection; None for as many as before it."""
    sync_out: int | None = None
    """Channels of motion after projection; None for as many as before it."""
    scheme: str = "paper"
    """Which conditions ride on the channel axis: a name of `SCHEMES`."""

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise UsageError(f"scheme '{self.scheme}' is unknown; there is {', '.join(SCHEMES)}")

    def width(self, stream: str) -> int:
        """Channels of a stream after its projection, where it rides on the channel axis; else those of a token."""
        if stream not in self.locked:
            return self.cross
        out = {"lip": self.lip_out, "sync": self.sync_out}.get(stream)
        before: int = getattr(self, stream)
        return before if out is None else out

    @property
    def locked(self) -> tuple[str, ...]:
        """Streams on the channel axis, in their order."""
        return SCHEMES[self.scheme]

    @property
    def channels(self) -> int:
        """Channels of all time-locked conditions."""
        return sum(map(self.width, self.locked))


class Conditions(NamedTuple):
    """What the transformer is conditioned on."""

    locked: Tensor
    """(batch, channels, frames): lip, phone, sync, unless another scheme is chosen."""
    cross: Tensor
    """(batch, 1 + frames, cross): the speaker token, then the scene; each further stream takes as many tokens."""

    def dropped(self) -> Conditions:
        """The unconditional branch: zeros after projection, not projections of zeros."""
        return Conditions(torch.zeros_like(self.locked), torch.zeros_like(self.cross))


class Features(NamedTuple):
    """Inputs of the assembly, one row per clip."""

    lip: Tensor
    """(batch, frames, lip)."""
    phones: Tensor
    """(batch, frames) integer ids."""
    sync: Tensor
    """(batch, tokens, sync), stretched to the frames."""
    scene: Tensor
    """(batch, tokens, scene), stretched to the frames."""
    speaker: Tensor
    """(batch, speaker); zeros where no voice is asked for."""


def nearest(x: Tensor, frames: int) -> Tensor:
    """Stretch (batch, tokens, channels) to `frames` rows by source index floor(i * tokens / frames)."""
    return nn.functional.interpolate(x.transpose(1, 2), size=frames, mode="nearest").transpose(1, 2)


def nearest_centre(x: Tensor, frames: int) -> Tensor:
    """Stretch (batch, tokens, channels) to `frames` rows by source index floor((i + 0.5) * tokens / frames)."""
    return nn.functional.interpolate(x.transpose(1, 2), size=frames, mode="nearest-exact").transpose(1, 2)


def projection(source: int, hidden: int, target: int) -> nn.Sequential:
    """Two linear layers without biases around a SiLU: zeros stay exactly zeros."""
    return nn.Sequential(nn.Linear(source, hidden, bias=False), nn.SiLU(), nn.Linear(hidden, target, bias=False))


class ConditionAssembly(nn.Module):
    """Projects every feature and puts it in its place; parameter names are those of the authors' checkpoints."""

    def __init__(self, config: ConditionConfig) -> None:
        super().__init__()
        self.locked = config.locked
        self.cond_proj = projection(config.scene, config.scene_hidden, config.width("scene"))
        self.ref_proj = projection(config.speaker, config.scene_hidden, config.cross)
        self.synch_proj = projection(config.sync, config.sync_hidden, config.width("sync"))
        self.lip_proj = projection(config.lip, config.lip_hidden, config.width("lip"))
        self.phone_embedding = nn.Embedding(config.phones, config.width("phone"))

    def forward(self, features: Features) -> Conditions:
        """Assemble the conditions of a batch; the number of frames is that of `features.phones`."""
        frames = features.phones.shape[1]
        streams = {
            "lip": self.lip_proj(features.lip),
            "phone": self.phone_embedding(features.phones),
            "sync": self.synch_proj(nearest_centre(features.sync, frames)),
            "scene": self.cond_proj(nearest(features.scene, frames)),
        }
        speaker = self.ref_proj(features.speaker.unsqueeze(1))
        empty = speaker.new_zeros(len(speaker), frames, 0)
        locked = torch.cat([empty, *(streams[name] for name in self.locked)], dim=-1)
        # the scene first: with the paper's scheme it is alone there
        crossed = [streams[name] for name in reversed(STREAMS) if name not in self.locked]
        return Conditions(locked.transpose(1, 2), torch.cat([speaker, *crossed], dim=1))
