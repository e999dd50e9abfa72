"""Third stage: joint flow matching on video-to-sound, visual text-to-speech and text-to-speech."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vssflow.conditions import Features
from vssflow.flow import drop, flow_loss
from vssflow.small.model import VSSFlow
from vssflow.training.data import Split
from vssflow.training.features import Item
from vssflow.training.loop import Losses, Stage

DROP_ALL = 0.1
"""Share of clips without any condition: the unconditional branch of guidance (VSSFlow, section 3.4)."""
DROP_VIDEO = 0.05
"""Share of speech clips that keep transcript and voice only: text-to-speech."""


class FlowTraining:
    """Puts batches of cached features together and computes the flow-matching loss."""

    def __init__(self, model: VSSFlow, split: Split, items: list[Item], validation: Sequence[int]) -> None:
        self.model, self.split, self.items, self.validation = model, split, items, validation
        self.voices = split.voices()
        self.trained = nn.ModuleDict({"vaflow": model.vaflow, "conditions": model.conditions})

    def stage(self) -> Stage:
        """Return what the training loop needs; vision and codec stay as they are."""
        return Stage(self.trained, self.loss, self.validate)

    def speaker(self, index: int, generator: torch.Generator) -> Tensor:
        """Description of another utterance of the clip's voice; zeros for clips without speech."""
        voice = self.split.rows[index].voice
        others = [other for other in self.voices.get(voice or "", []) if other != index]
        if not others:
            return torch.zeros(self.model.config.conditions.speaker)
        return self.items[others[int(torch.randint(len(others), (), generator=generator))]]["speaker"].float()

    def gather(
        self, batch: Sequence[int], generator: torch.Generator, *, drop_video: float = 0.0
    ) -> tuple[Tensor, Features]:
        """Latents (batch, channels, T) and features; shorter clips are padded with silence.

        From a share `drop_video` of the speech clips the pictures are taken: what is left is text-to-speech.
        """
        items = [self.items[index] for index in batch]
        frames = max(len(item["phones"]) for item in items)
        silence = self.model.codec.encode(torch.zeros(1, 640))[0, :, 0]
        speech = torch.tensor([self.split.rows[index].task == "vtts" for index in batch])
        seen = (torch.rand(len(batch), generator=generator) >= drop_video) | ~speech

        def padded(key: str) -> Tensor:
            rows = [item[key].float() * sees for item, sees in zip(items, seen, strict=True)]
            return torch.stack([nn.functional.pad(row, (0, 0, 0, frames - len(row))) for row in rows])

        latent = silence[None, :, None].repeat(len(items), 1, frames)
        phones = torch.zeros(len(items), frames, dtype=torch.long)
        for place, item in enumerate(items):
            latent[place, :, : item["latent"].shape[1]] = item["latent"].float()
            laid = item["phones" if seen[place] else "phones_blind"]
            phones[place, : len(laid)] = laid.long()
        speaker = torch.stack([self.speaker(index, generator) for index in batch])
        return latent, Features(padded("lip"), phones, padded("sync"), padded("scene"), speaker)

    def loss(self, batch: Sequence[int], generator: torch.Generator) -> Losses:
        """Flow-matching loss of one batch."""
        latent, features = self.gather(batch, generator, drop_video=DROP_VIDEO)
        conditions = self.model.conditions(features)
        keep = torch.rand(len(batch), generator=generator) >= DROP_ALL
        noise = torch.randn(latent.shape, generator=generator)
        t = torch.rand(len(batch), generator=generator)
        return {"flow": flow_loss(self.model.vaflow, latent, drop(conditions, keep), noise=noise, t=t).mean()}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss on held-out clips, by task, at fixed noise and times."""
        sums: dict[str, list[float]] = {}
        for place in range(0, min(96, len(self.validation)), 24):
            batch = self.validation[place : place + 24]
            generator = torch.Generator().manual_seed(place)
            latent, features = self.gather(batch, generator)
            noise = torch.randn(latent.shape, generator=generator)
            t = torch.rand(len(batch), generator=generator)
            conditions = self.model.conditions(features)
            per_clip = flow_loss(self.model.vaflow, latent, conditions, noise=noise, t=t)
            for index, value in zip(batch, per_clip.tolist(), strict=True):
                sums.setdefault(f"val_{self.split.rows[index].task}", []).append(value)
        return {key: sum(values) / len(values) for key, values in sorted(sums.items())}
