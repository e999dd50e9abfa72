"""The small video encoder: one trunk, three feature streams that stand for AV-HuBERT, Synchformer and CLIP.

Frames of 64 x 64 pixels and their differences go through three strided convolutions and a temporal stack. Lips and
motion are read out frame by frame, the scene as an average over a second. Each stream is a narrow layer with heads
behind it: mouth shapes, event onsets and loudness, the class of the scene are used in training only, the phones also
to lay a transcript along the lips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

FRAME_SIZE = 64
"""Pixels of a side of the square that the encoder sees."""


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """Widths of the encoder and of its streams."""

    width: int = 192
    lip: int = 32
    sync: int = 32
    scene: int = 64
    visemes: int = 20
    phones: int = 41
    bands: int = 8
    labels: tuple[str, ...] = ()


class Streams(NamedTuple):
    """Features of a clip, each (batch, frames, width of the stream)."""

    lip: Tensor
    sync: Tensor
    scene: Tensor


class Readout(NamedTuple):
    """Outputs of the training heads."""

    viseme: Tensor
    """(batch, frames, visemes) logits."""
    phone: Tensor
    """(batch, frames, phones) logits of what is being said."""
    mouth: Tensor
    """(batch, frames, 3): opening, width, teeth and tongue."""
    onset: Tensor
    """(batch, frames) logits of an event of the sounding object."""
    bands: Tensor
    """(batch, frames, bands) log-mel level of the clip's sound, in coarse bands."""
    label: Tensor
    """(batch, frames, labels) logits of the scene."""


class TemporalBlock(nn.Module):
    """Residual convolution over five frames (0.2 s)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.mix = nn.Conv1d(width, width, 5, padding=2)
        self.out = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames) to the same."""
        return x + self.out(nn.functional.gelu(self.mix(self.norm(x))))  # type: ignore[no-any-return]


class VideoEncoder(nn.Module):
    """Frames to lip, motion and scene features."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = nn.Sequential(
            nn.Conv2d(6, 64, 4, stride=4), nn.GELU(),
            nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(96, 96, 3, stride=2, padding=1), nn.GELU(),
            nn.Flatten(), nn.Linear(96 * 16, config.width),
        )  # fmt: skip
        self.temporal = nn.Sequential(*[TemporalBlock(config.width) for _ in range(3)])
        self.to_lip = nn.Linear(config.width, config.lip)
        self.to_sync = nn.Linear(config.width, config.sync)
        self.to_scene = nn.Linear(config.width, config.scene)
        self.heads = nn.ModuleDict({
            "viseme": nn.Linear(config.lip, config.visemes),
            "phone": nn.Linear(config.lip, config.phones),
            "mouth": nn.Linear(config.lip, 3),
            "onset": nn.Linear(config.sync, 1),
            "bands": nn.Linear(config.sync, config.bands),
            "label": nn.Linear(config.scene, max(1, len(config.labels))),
        })  # fmt: skip

    def forward(self, frames: Tensor) -> Streams:
        """Encode frames uint8 (batch, frames, 64, 64, 3)."""
        batch, length = frames.shape[:2]
        x = frames.permute(0, 1, 4, 2, 3).float() / 127.5 - 1.0
        change = torch.diff(x, dim=1, prepend=x[:, :1]) * 4.0  # motion is small against the picture
        # channels-last convolutions are markedly quicker on CPUs
        pixels = torch.cat([x, change], dim=2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = self.trunk(pixels).view(batch, length, -1)
        features = self.temporal(features.transpose(1, 2))
        pooled = nn.functional.avg_pool1d(features, 25, stride=1, padding=12, count_include_pad=False)
        features, pooled = features.transpose(1, 2), pooled.transpose(1, 2)
        return Streams(
            torch.tanh(self.to_lip(features)),
            torch.tanh(self.to_sync(features)),
            torch.tanh(self.to_scene(pooled)),
        )

    def read(self, streams: Streams) -> Readout:
        """Apply the training heads."""
        return Readout(
            self.heads["viseme"](streams.lip),
            self.heads["phone"](streams.lip),
            self.heads["mouth"](streams.lip),
            self.heads["onset"](streams.sync).squeeze(-1),
            self.heads["bands"](streams.sync),
            self.heads["label"](streams.scene),
        )
