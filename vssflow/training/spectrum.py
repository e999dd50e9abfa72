"""Beside the second stage: a small network learns the lines of the spectrum from its mel bands.

It hears the bands as the decoder will give them: through the principal components, and a little wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vssflow.small.audio import SAMPLES_PER_LATENT
from vssflow.small.model import VSSFlow
from vssflow.small.spectrum import FLOOR
from vssflow.training.data import Split
from vssflow.training.features import sound_of
from vssflow.training.loop import Losses, Stage

WINDOW = 25
"""Latent frames of a training window (1 s)."""
WRONG = 0.2
"""Largest standard deviation of the noise on the latents, whose own variance is about one."""
_POWER = 0.3
"""Exponent of the magnitudes in the second loss, which hears loud lines rather than quiet ones."""


class SpectrumTraining:
    """Cuts windows out of sounds and compares lines."""

    def __init__(self, split: Split, model: VSSFlow, validation: Sequence[int]) -> None:
        self.split, self.model, self.validation = split, model, validation

    def stage(self) -> Stage:
        """Return what the training loop needs; the codec stays as it is."""
        return Stage(self.model.lines, self.loss, self.validate, self.windows)

    def windows(self, batch: Sequence[int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Cut one second out of each clip: log-mel (batch, 100, 80), log magnitudes (batch, 100, 513)."""
        codec, sounds = self.model.codec, []
        for index in batch:
            sound = sound_of(self.split.sound(self.split.rows[index]))
            start = int(torch.randint(0, len(sound) // SAMPLES_PER_LATENT - WINDOW + 1, (), generator=generator))
            sounds.append(sound[start * SAMPLES_PER_LATENT : (start + WINDOW) * SAMPLES_PER_LATENT])
        audio = torch.stack(sounds)
        latent = codec.encode(audio)
        wrong = WRONG * torch.rand(len(latent), 1, 1, generator=generator)
        heard = codec.decode(latent + wrong * torch.randn(latent.shape, generator=generator))
        lines = (codec.mel.spectrum(audio)[..., :-1].abs() + FLOOR).log().transpose(1, 2)
        return heard, lines

    def loss(self, inputs: tuple[Tensor, Tensor], generator: torch.Generator) -> Losses:
        """Distances of logarithms and of compressed magnitudes."""
        del generator
        device = self.model.lines.out.weight.device
        heard, lines = (tensor.to(device) for tensor in inputs)
        drawn = self.model.lines(heard)
        return {
            "log": (drawn - lines).abs().mean(),
            "loud": 2.0 * ((_POWER * drawn).exp() - (_POWER * lines).exp()).abs().mean(),
        }

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses on the held-out clips."""
        generator = torch.Generator().manual_seed(0)
        found = self.loss(self.windows(self.validation[:64], generator), generator)
        return {f"val_{key}": float(value) for key, value in found.items()}
