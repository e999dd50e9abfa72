"""Flow matching of the reference configuration: batches of cached features, the frozen VAE's latents, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vssflow.conditions import ConditionAssembly, ConditionConfig, Conditions, Features
from vssflow.dit import DiT
from vssflow.flow import drop, flow_loss
from vssflow.reference.mel import training_mel
from vssflow.reference.vae import MelVAE, latent_to_vae, vae_to_latent
from vssflow.reference.vocoder import HifiGan
from vssflow.sampling.fast import FastSampler
from vssflow.training.loop import Losses, Stage
from vssflow.training.mixing import Clip, Mode, Rates, draw, mixed
from vssflow.training.monitor import SoundSample
from vssflow.training.rows import SECONDS, Durations, ReferenceRow, load_row

DROP_ALL = 0.1
"""Probability that a batch has no condition at all."""
VALIDATION_BATCH = 4


@dataclass(frozen=True)
class Mixture:
    """Mixing for joint generation: from which rows, how, and how often."""

    rows: tuple[ReferenceRow, ...]
    """Those that speak are laid over those that do not."""
    modes: tuple[Mode, ...]
    share: float


class ReferenceBatch(NamedTuple):
    """A batch of one process."""

    sound: Tensor
    """(batch, 160000)."""
    features: Features
    keep: bool
    """Whether the batch has conditions."""
    mask: float
    """Probability that a frame of lips or motion is dropped."""


class ReferenceTraining:
    """Puts batches together and computes the loss; VAE and vocoder are frozen."""

    def __init__(
        self,
        dit: DiT,
        conditions: ConditionAssembly,
        config: ConditionConfig,
        vae: MelVAE,
        rows: Sequence[ReferenceRow],
        *,
        validation: Sequence[int] = (),
        masks: Sequence[float] = (0.0,),
        mixture: Mixture | None = None,
        vocoder: HifiGan | None = None,
        mel: Callable[[Tensor], Tensor] = training_mel,
    ) -> None:
        self.dit, self.conditions, self.config = dit, conditions, config
        self.vae, self.vocoder, self.mel = vae.eval().requires_grad_(requires_grad=False), vocoder, mel
        self.rows, self.validation, self.masks, self.mixture = rows, validation, masks, mixture
        speech = tuple(row for row in mixture.rows if row.speaks) if mixture else ()
        sound = tuple(row for row in mixture.rows if not row.speaks) if mixture else ()
        self.speech, self.sound = speech, sound

    def stage(self) -> Stage:
        """Return what the training loop needs."""
        trained = nn.ModuleDict({"vaflow": self.dit, "conditions": self.conditions})
        listen = None if self.vocoder is None else self.listen
        return Stage(trained, self.loss, self.validate, self.training_batch, listen)

    @property
    def device(self) -> torch.device:
        """Where everything is computed."""
        return self.dit.time_proj.weight.device

    def training_batch(self, batch: Sequence[int], generator: torch.Generator) -> ReferenceBatch:
        """Read clips, mix some, and draw what the whole batch is denied, once for all of it, as the authors do."""
        random = Random(int(torch.randint(2**62, (), generator=generator)))  # noqa: S311 - no secret
        clips = [self._clip(index, random) for index in batch]
        keep = random.random() >= DROP_ALL
        return gathered(clips)._replace(keep=keep, mask=random.choice(self.masks))

    def _clip(self, index: int, random: Random) -> Clip:
        if self.mixture is not None:
            lengths = Durations(self.speech), Durations(self.sound)
            mix = draw(random, self.mixture.share, *lengths, self.mixture.modes)
            if mix is not None:
                pair = load_row(self.speech[mix.speech], self.config), load_row(self.sound[mix.sound], self.config)
                return mixed(*pair, mix, lengths[0][mix.speech], Rates())
        return load_row(self.rows[index], self.config)

    @torch.no_grad()
    def latent(self, sound: Tensor, generator: torch.Generator) -> Tensor:
        """Draw latents of sounds (batch, samples) from the VAE's posterior: (batch, channels, 250)."""
        posterior = self.vae.encode(self.mel(sound.to(self.device)).unsqueeze(1))
        noise = torch.randn(posterior.mean.shape, generator=generator).to(self.device)
        return vae_to_latent(posterior.sample(noise))

    def clip_losses(self, inputs: ReferenceBatch, generator: torch.Generator) -> Tensor:
        """Flow-matching loss of each clip, (batch,).

        The draws are the authors', in their order: the posterior's, the noise (in the memory order of a tensor that
        is frames by channels), the times.
        """
        latent = self.latent(inputs.sound, generator)
        batch, channels, frames = latent.shape
        noise = torch.empty(batch, frames, channels).transpose(1, 2).normal_(generator=generator)
        t = torch.rand(batch, generator=generator)
        conditions = self.conditions(Features(*(feature.to(self.device) for feature in inputs.features)))
        conditions = self._masked(conditions, inputs.mask, generator)
        conditions = drop(conditions, torch.full((batch,), inputs.keep, device=self.device))
        return flow_loss(self.dit, latent, conditions, noise=noise.to(self.device), t=t.to(self.device))

    def _masked(self, conditions: Conditions, share: float, generator: torch.Generator) -> Conditions:
        """Drop frames of lips and of motion after their projection, each with probability `share`."""
        if share == 0:
            return conditions
        batch, _, frames = conditions.locked.shape
        lip, sync = ((torch.rand(batch, 1, frames, generator=generator) >= share).to(self.device) for _ in range(2))
        names = self.config.locked
        parts = torch.split(conditions.locked, [self.config.width(name) for name in names], dim=1)
        kept = [part * {"lip": lip, "sync": sync}.get(name, 1) for name, part in zip(names, parts, strict=True)]
        return conditions._replace(locked=torch.cat(kept, dim=1))

    def loss(self, inputs: ReferenceBatch, generator: torch.Generator) -> Losses:
        """Flow-matching loss of one batch."""
        return {"flow": self.clip_losses(inputs, generator).mean()}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss on held-out clips at fixed noise and times: those that speak, and those that do not."""
        sums: dict[str, list[float]] = {}
        for place in range(0, len(self.validation), VALIDATION_BATCH):
            batch = self.validation[place : place + VALIDATION_BATCH]
            inputs = gathered([load_row(self.rows[index], self.config) for index in batch])
            per_clip = self.clip_losses(inputs, torch.Generator().manual_seed(place))
            for index, value in zip(batch, per_clip.tolist(), strict=True):
                sums.setdefault("val_speech" if self.rows[index].speaks else "val_sound", []).append(value)
        return {key: sum(values) / len(values) for key, values in sorted(sums.items())}

    @torch.no_grad()
    def listen(self) -> Iterator[SoundSample]:
        """Generate the first held-out clip that speaks and the first that does not."""
        if self.vocoder is None:
            return
        firsts = {self.rows[index].speaks: index for index in reversed(self.validation)}
        for speaks, index in sorted(firsts.items()):
            inputs = gathered([load_row(self.rows[index], self.config)])
            generator = torch.Generator().manual_seed(index)
            noise = torch.randn(self.latent(inputs.sound, generator).shape, generator=generator).to(self.device)
            conditions = self.conditions(Features(*(feature.to(self.device) for feature in inputs.features)))
            sampler = FastSampler(self.dit, noise.shape[1], backend=None)
            latent = sampler.sample(conditions, noise).latent.float()
            channels = self.vae.post_quant_conv.in_channels
            sound = self.vocoder(self.vae.decode(latent_to_vae(latent, channels))[:, 0])[0]
            yield SoundSample("speech" if speaks else "sound", sound.cpu())


def gathered(clips: Sequence[Clip]) -> ReferenceBatch:
    """Pad clips to ten seconds and stack them: with all conditions and no mask."""

    def stacked(rows: Sequence[Tensor], count: int) -> Tensor:
        return torch.stack([F.pad(row[:count], (0, 0, 0, max(0, count - len(row)))) for row in rows])

    phones = stacked([clip.phones[:, None] for clip in clips], SECONDS * Rates().phones)[..., 0]
    features = Features(
        lip=stacked([clip.lip for clip in clips], SECONDS * Rates().lip),
        phones=phones,
        sync=torch.stack([clip.sync for clip in clips]),
        scene=torch.stack([clip.scene for clip in clips]),
        speaker=torch.stack([clip.speaker for clip in clips]),
    )
    return ReferenceBatch(torch.stack([clip.sound for clip in clips]), features, keep=True, mask=0.0)
