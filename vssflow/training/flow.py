"""Third stage: joint flow matching on video-to-sound, visual text-to-speech and text-to-speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vssflow.conditions import Conditions, Features
from vssflow.flow import between, drop, flow_loss, velocity
from vssflow.small.model import VSSFlow
from vssflow.training.data import Split
from vssflow.training.features import Item
from vssflow.training.loop import Losses, Stage
from vssflow.training.mixtures import Mixtures
from vssflow.training.monitor import SoundSample
from vssflow.training.resized import resize

DROP_ALL = 0.1
"""Share of clips without any condition: the unconditional branch of guidance (VSSFlow, section 3.4)."""
DROP_VIDEO = 0.05
"""Share of speech clips that keep transcript and voice only: text-to-speech."""
LANDMARKS = 0.15
"""Share of speech clips of which the curves of the mouth alone are seen, as of a face that is not rendered."""
DROP_SCENE = 0.05
"""Share of sound clips of which the motion alone is seen, as of a scene that is not known."""
RESIZED_BY = 12
"""Batches of 16 clips by which a transformer is brought to another size."""
STREAMS_SEEN = {
    "rendered": ("lip", "sync", "scene"), "mouth": ("lip",), "motion": ("sync",), "nothing": (),
}  # fmt: skip
"""What is given of a video that is seen as `vssflow.small.model.Sight` has it; the rest is zeros."""


class BatchClip(NamedTuple):
    """One clip of a batch."""

    item: Item
    voice: int
    """Index of the clip whose voice is spoken with."""
    sight: str = "rendered"
    """What is seen of it: a key of `STREAMS_SEEN`."""

    def key(self, stream: str) -> str:
        """Where the item holds a stream: that of the curves of the mouth, where these alone are seen."""
        return f"{stream}_measured" if self.sight == "mouth" and stream in {"lip", "phones"} else stream


class Drawn(NamedTuple):
    """A batch on the device, and what is drawn for it."""

    features: Features
    latent: Tensor
    keep: Tensor
    """(batch,), false where a clip loses all conditions."""
    noise: Tensor
    t: Tensor


class FlowTraining:
    """Puts batches of cached features together and computes the flow-matching loss."""

    def __init__(
        self,
        model: VSSFlow,
        split: Split,
        items: list[Item],
        validation: Sequence[int],
        mixtures: Mixtures | None = None,
        teacher: VSSFlow | None = None,
    ) -> None:
        self.model, self.split, self.items, self.validation = model, split, items, validation
        self.mixtures, self.teacher = mixtures, teacher
        self.voices = split.voices()
        self.trained = nn.ModuleDict({"vaflow": model.vaflow, "conditions": model.conditions})
        self.silence = model.codec.encode(torch.zeros(1, 640))[0, :, 0]

    def start_from(self, given: VSSFlow, learn: Sequence[int]) -> None:
        """Start the transformer from a trained one of another size; a few of the clips show what matters in it."""

        def seen() -> Iterator[tuple[Tensor, Conditions, Tensor]]:
            for place in range(RESIZED_BY):
                generator = torch.Generator().manual_seed(place)
                batch = torch.randint(len(learn), (16,), generator=generator).tolist()
                inputs = self.training_batch([learn[index] for index in batch], generator)
                at = self.drawn(inputs, generator, share_dropped=DROP_ALL)
                yield between(at.latent, at.noise, at.t), drop(given.conditions(at.features), at.keep), at.t

        given = given.to(self.device)
        resize(self.model.vaflow, given.vaflow, seen())
        self.model.conditions.load_state_dict(given.conditions.state_dict())

    def stage(self) -> Stage:
        """Return what the training loop needs; vision and codec stay as they are."""
        return Stage(self.trained, self.loss, self.validate, self.training_batch, self.listen)

    @property
    def device(self) -> torch.device:
        """Where the transformer is; features and codec stay on the CPU."""
        return self.model.vaflow.time_proj.weight.device

    def speaker(self, index: int, generator: torch.Generator) -> Tensor:
        """Description of another utterance of the clip's voice; zeros for clips without speech."""
        voice = self.split.rows[index].voice
        others = [other for other in self.voices.get(voice or "", []) if other != index]
        if not others:
            return torch.zeros(self.model.config.conditions.speaker)
        return self.items[others[int(torch.randint(len(others), (), generator=generator))]]["speaker"].float()

    def training_batch(self, batch: Sequence[int], generator: torch.Generator) -> tuple[Tensor, Features]:
        """Put a batch together: mixtures in the place of some clips, and no pictures for some of the speech."""
        chosen = [BatchClip(self.items[index], index, self.sight(index, generator)) for index in batch]
        if self.mixtures is not None:
            random = Random(int(torch.randint(2**62, (), generator=generator)))  # noqa: S311 - no secret
            drawn = [self.mixtures.draw(random) for _ in batch]
            chosen = [BatchClip(*mix) if mix else kept for mix, kept in zip(drawn, chosen, strict=True)]
        return self.gather(chosen, generator)

    def sight(self, index: int, generator: torch.Generator) -> str:
        """Draw what is seen of a clip."""
        chance = float(torch.rand((), generator=generator))
        if self.split.rows[index].task == "v2s":
            return "motion" if chance < DROP_SCENE else "rendered"
        if self.split.rows[index].task == "joint" or chance >= DROP_VIDEO + LANDMARKS:
            return "rendered"
        return "nothing" if chance < DROP_VIDEO else "mouth"

    def gather(self, chosen: Sequence[BatchClip], generator: torch.Generator) -> tuple[Tensor, Features]:
        """Latents (batch, channels, T) and features; shorter clips are padded with silence."""
        frames = max(len(clip.item["phones"]) for clip in chosen)

        def padded(key: str) -> Tensor:
            rows = [clip.item[clip.key(key)].float() * (key in STREAMS_SEEN[clip.sight]) for clip in chosen]
            return torch.stack([nn.functional.pad(row, (0, 0, 0, frames - len(row))) for row in rows])

        latent = self.silence[None, :, None].repeat(len(chosen), 1, frames)
        phones = torch.zeros(len(chosen), frames, dtype=torch.long)
        for place, clip in enumerate(chosen):
            latent[place, :, : clip.item["latent"].shape[1]] = clip.item["latent"].float()
            laid = clip.item["phones_blind" if clip.sight == "nothing" else clip.key("phones")]
            phones[place, : len(laid)] = laid.long()
        speaker = torch.stack([self.speaker(clip.voice, generator) for clip in chosen])
        return latent, Features(padded("lip"), phones, padded("sync"), padded("scene"), speaker)

    def drawn(self, inputs: tuple[Tensor, Features], generator: torch.Generator, *, share_dropped: float) -> Drawn:
        """Draw which clips lose their conditions, the noise and the times."""
        latent, features = inputs
        keep = torch.rand(len(latent), generator=generator) >= share_dropped
        noise, t = torch.randn(latent.shape, generator=generator), torch.rand(len(latent), generator=generator)
        features = Features(*(feature.to(self.device) for feature in features))
        return Drawn(features, *(tensor.to(self.device) for tensor in (latent, keep, noise, t)))

    def clip_losses(
        self, inputs: tuple[Tensor, Features], generator: torch.Generator, *, share_dropped: float
    ) -> Tensor:
        """Flow-matching loss of each clip, (batch,), at noise and times drawn from `generator`."""
        at = self.drawn(inputs, generator, share_dropped=share_dropped)
        conditions = drop(self.model.conditions(at.features), at.keep)
        return flow_loss(self.model.vaflow, at.latent, conditions, noise=at.noise, t=at.t)

    def taught_losses(self, inputs: tuple[Tensor, Features], teacher: VSSFlow, generator: torch.Generator) -> Tensor:
        """Mean squared distance to a teacher's velocity of each clip, (batch,)."""
        at = self.drawn(inputs, generator, share_dropped=DROP_ALL)
        point = between(at.latent, at.noise, at.t)
        with torch.no_grad():
            wanted = velocity(teacher.vaflow, point, drop(teacher.conditions(at.features), at.keep), at.t)
        found = velocity(self.model.vaflow, point, drop(self.model.conditions(at.features), at.keep), at.t)
        return (found - wanted).square().mean(dim=(1, 2))

    def loss(self, inputs: tuple[Tensor, Features], generator: torch.Generator) -> Losses:
        """Flow-matching loss of one batch; beside a teacher, the distance to the teacher's velocity."""
        if self.teacher is not None:
            return {"taught": self.taught_losses(inputs, self.teacher, generator).mean()}
        return {"flow": self.clip_losses(inputs, generator, share_dropped=DROP_ALL).mean()}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss on held-out clips, by task, at fixed noise and times."""
        sums: dict[str, list[float]] = {}
        for place in range(0, min(96, len(self.validation)), 24):
            batch = self.validation[place : place + 24]
            generator = torch.Generator().manual_seed(place)
            inputs = self.gather([BatchClip(self.items[index], index) for index in batch], generator)
            per_clip = self.clip_losses(inputs, generator, share_dropped=0.0)
            for index, value in zip(batch, per_clip.tolist(), strict=True):
                sums.setdefault(f"val_{self.split.rows[index].task}", []).append(value)
        return {key: sum(values) / len(values) for key, values in sorted(sums.items())}

    @torch.no_grad()
    def listen(self) -> Iterator[SoundSample]:
        """Generate the first held-out clip of each task, each time from the same noise."""
        firsts = {self.split.rows[index].task: index for index in reversed(self.validation)}
        for _task, index in sorted(firsts.items()):
            generator = torch.Generator().manual_seed(index)
            _latent, features = self.gather([BatchClip(self.items[index], index)], generator)
            yield SoundSample(self.split.rows[index].id, self.model.sample(features, seed=index))
