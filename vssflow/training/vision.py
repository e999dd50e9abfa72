"""First stage: the video encoder learns mouth shapes, event onsets, loudness and scenes from rendered clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vssflow.small.audio import MELS, SAMPLES_PER_LATENT, STACK, MelSpectrogram
from vssflow.small.vision import Readout, VideoEncoder
from vssflow.training.data import Split
from vssflow.training.features import label_phones
from vssflow.training.loop import Losses, Stage

WINDOW = 32
"""Frames of a training window (1.3 s)."""


class VisionLabels(NamedTuple):
    """Labels of a batch of windows."""

    viseme: Tensor
    phone: Tensor
    mouth: Tensor
    onset: Tensor
    bands: Tensor
    label: Tensor

    def to(self, device: torch.device) -> VisionLabels:
        """Move all of them."""
        return VisionLabels(*(target.to(device) for target in self))


def coarse_bands(audio: Tensor, mel: MelSpectrogram, bands: int) -> Tensor:
    """Level of the sound per video frame in `bands` groups of mel bands: (batch, frames, bands), order of one."""
    levels: Tensor = mel(audio)
    coarse = levels.view(len(audio), -1, STACK, bands, MELS // bands).mean(dim=(2, 4))
    # the logarithm of a mel magnitude lies around -6, give or take 3
    return (coarse + 6.0) / 3.0


def jitter(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Vary position, mirror, brightness, contrast and noise of each window of uint8 frames (batch, T, S, S, 3)."""
    batch = frames.shape[0]
    out = []
    for window in frames:
        shift = torch.randint(-3, 4, (2,), generator=generator).tolist()
        moved = torch.roll(window, shift, dims=(1, 2))
        out.append(moved.flip(2) if torch.rand((), generator=generator) < 0.5 else moved)
    x = torch.stack(out).float()
    shape = (batch, 1, 1, 1, 1)
    contrast = 1 + 0.3 * (torch.rand(shape, generator=generator) - 0.5)
    brightness = 50 * (torch.rand(shape, generator=generator) - 0.5)
    noise = 4 * torch.rand(shape, generator=generator) * torch.randn(x.shape, generator=generator)
    return ((x - 128) * contrast + 128 + brightness + noise).clamp(0, 255).to(torch.uint8)


class VisionTraining:
    """Loads windows and computes the losses of all heads."""

    def __init__(self, split: Split, encoder: VideoEncoder, validation: Sequence[int]) -> None:
        self.split, self.encoder, self.validation = split, encoder, validation
        self.mel = MelSpectrogram()
        self.labels = {label: place for place, label in enumerate(encoder.config.labels)}

    def stage(self) -> Stage:
        """Return what the training loop needs."""
        return Stage(self.encoder, self.loss, self.validate)

    def windows(self, batch: Sequence[int], generator: torch.Generator) -> tuple[Tensor, VisionLabels]:
        """Cut one window out of each clip."""
        parts = []
        for index in batch:
            row = self.split.rows[index]
            arrays = self.split.arrays(row)
            start = int(torch.randint(0, max(1, len(arrays["frames"]) - WINDOW + 1), (), generator=generator))
            cut = slice(start, start + WINDOW)
            sound = arrays["audio"][start * SAMPLES_PER_LATENT : (start + WINDOW) * SAMPLES_PER_LATENT]
            phones = label_phones(row, len(arrays["frames"]))
            parts.append((
                torch.from_numpy(arrays["frames"][cut]),
                torch.from_numpy(arrays["viseme"][cut]).long(),
                phones[cut],
                torch.from_numpy(arrays["mouth"][cut]),
                torch.from_numpy(arrays["onset"][cut]),
                torch.from_numpy(sound).float() / 32768,
                torch.tensor(self.labels[row.label or "speech"]),
            ))  # fmt: skip
        frames, viseme, phone, mouth, onset, audio, label = (torch.stack(column) for column in zip(*parts, strict=True))
        bands = coarse_bands(audio, self.mel, self.encoder.config.bands)
        return frames, VisionLabels(viseme, phone, mouth, onset, bands, label)

    def loss(self, batch: Sequence[int], generator: torch.Generator) -> Losses:
        """Losses of one batch of augmented windows."""
        frames, targets = self.windows(batch, generator)
        return losses(self.read(jitter(frames, generator)), targets.to(self.device))

    @property
    def device(self) -> torch.device:
        """Where the encoder is."""
        return self.encoder.to_lip.weight.device

    def read(self, frames: Tensor) -> Readout:
        """What the heads say of windows of frames."""
        return self.encoder.read(self.encoder(frames.to(self.device)))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses and accuracies on the held-out clips."""
        generator = torch.Generator().manual_seed(0)
        frames, targets = self.windows(self.validation[:64], generator)
        readout, targets = self.read(frames), targets.to(self.device)
        result = {f"val_{key}": float(value) for key, value in losses(readout, targets).items()}
        speaking = targets.viseme > 0
        result["val_viseme_accuracy"] = float((readout.viseme.argmax(-1) == targets.viseme)[speaking].float().mean())
        result["val_phone_accuracy"] = float((readout.phone.argmax(-1) == targets.phone)[speaking].float().mean())
        label = readout.label.mean(1).argmax(-1)
        result["val_label_accuracy"] = float((label == targets.label).float().mean())
        return result


def losses(readout: Readout, targets: VisionLabels) -> Losses:
    """One loss a head, weighted to be of like size."""
    # an onset is one frame in a hundred: its neighbours count half, and positives weigh more
    near = F.max_pool1d(targets.onset.unsqueeze(1), 3, 1, 1).squeeze(1)
    onset = 0.5 * (targets.onset + near)
    labels = targets.label[:, None].expand(-1, readout.label.shape[1])
    return {
        "viseme": F.cross_entropy(readout.viseme.flatten(0, 1), targets.viseme.flatten()),
        "phone": 0.5 * F.cross_entropy(readout.phone.flatten(0, 1), targets.phone.flatten()),
        "mouth": 5.0 * F.mse_loss(readout.mouth, targets.mouth),
        "onset": F.binary_cross_entropy_with_logits(readout.onset, onset, pos_weight=torch.tensor(5.0)),
        "bands": F.mse_loss(readout.bands, targets.bands),
        "label": 0.3 * F.cross_entropy(readout.label.flatten(0, 1), labels.flatten()),
    }
