"""Between the first stage and the second: a small network learns to read lips off two curves, opening and width.

The curves are those that the rendered mouths were drawn by, made as poor as landmarks are. No picture is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vssflow.small.model import VSSFlow
from vssflow.training.data import Split
from vssflow.training.features import label_phones
from vssflow.training.landmarks import imitated, speech_frames
from vssflow.training.loop import Losses, Stage

WINDOW = 64
"""Frames of a training window (2.6 s)."""


class MouthLabels(NamedTuple):
    """Labels of a batch of windows, (batch, frames) and (batch, frames, 3)."""

    viseme: Tensor
    phone: Tensor
    mouth: Tensor


class MouthTraining:
    """Draws windows of imitated curves, and computes the losses of the encoder's own heads."""

    def __init__(self, split: Split, model: VSSFlow, validation: Sequence[int]) -> None:
        self.split, self.model = split, model
        self.validation = [index for index in validation if split.rows[index].voice is not None]

    def stage(self) -> Stage:
        """Return what the training loop needs; the heads stay as they are."""
        return Stage(self.model.mouth, self.loss, self.validate)

    def windows(self, batch: Sequence[int], generator: torch.Generator) -> tuple[Tensor, MouthLabels]:
        """Cut one window out of each clip: curves (batch, frames, 2) and labels."""
        parts = []
        for index in batch:
            row = self.split.rows[index]
            mouth, viseme = self.split.mouth(row)
            curves = imitated(torch.from_numpy(mouth), generator, speech_frames(row))
            start = int(torch.randint(0, max(1, len(curves) - WINDOW + 1), (), generator=generator))
            cut = slice(start, start + WINDOW)
            labels = torch.from_numpy(viseme).long(), label_phones(row, len(viseme)), torch.from_numpy(mouth)
            parts.append((curves[cut], *(label[cut] for label in labels)))
        curves, *known = (torch.stack(column) for column in zip(*parts, strict=True))
        return curves, MouthLabels(*known)

    def loss(self, batch: Sequence[int], generator: torch.Generator) -> Losses:
        """Losses of one batch."""
        return self._losses(*self.windows(batch, generator))[0]

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses and accuracies on the held-out clips."""
        curves, labels = self.windows(self.validation[:64], torch.Generator().manual_seed(0))
        losses, (viseme, phone) = self._losses(curves, labels)
        speaking = labels.viseme > 0
        return {f"val_{key}": float(value) for key, value in losses.items()} | {
            "val_viseme_accuracy": float((viseme.argmax(-1).cpu() == labels.viseme)[speaking].float().mean()),
            "val_phone_accuracy": float((phone.argmax(-1).cpu() == labels.phone)[speaking].float().mean()),
        }

    def _losses(self, curves: Tensor, labels: MouthLabels) -> tuple[Losses, tuple[Tensor, Tensor]]:
        heads = self.model.vision.heads
        lip = self.model.mouth(curves)
        viseme, phone, mouth = (heads[name](lip) for name in ("viseme", "phone", "mouth"))
        return {
            "viseme": F.cross_entropy(viseme.flatten(0, 1), labels.viseme.flatten()),
            "phone": 0.5 * F.cross_entropy(phone.flatten(0, 1), labels.phone.flatten()),
            "mouth": 5.0 * F.mse_loss(mouth, labels.mouth),
        }, (viseme, phone)
