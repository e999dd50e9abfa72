"""Sound to latent and back: log-mel spectrogram, principal components, Griffin-Lim.

The small configuration uses this, and the network of `small/spectrum.py`, in the place of the mel VAE and the vocoder.
Four mel frames of 10 ms make one latent frame of 40 ms, so that latents and video frames share the clock of 25 per
second.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsseval.networks.mel import mel_filters
from vssflow.prompt import SAMPLE_RATE

LATENT_RATE = 25
"""Latent frames a second."""
HOP = 160
MELS = 80
STACK = 4
"""Mel frames in one latent frame."""
SAMPLES_PER_LATENT = HOP * STACK
_FFT = 1024
_WINDOW = 640
_FLOOR = 1e-5
_SCALE_POWER = 0.5


def frames_of(seconds: float) -> int:
    """Latent frames that hold `seconds` of sound, at least one."""
    return max(1, round(seconds * LATENT_RATE))


def fit(audio: Tensor, samples: int) -> Tensor:
    """Cut (..., n) to `samples`, or pad it with zeros."""
    return nn.functional.pad(audio[..., :samples], (0, max(0, samples - audio.shape[-1])))


class MelSpectrogram(nn.Module):
    """Natural logarithm of an 80-band Slaney mel magnitude spectrogram, 40 ms Hann window, 10 ms hop."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = mel_filters(_FFT // 2 + 1, MELS, SAMPLE_RATE, SAMPLE_RATE / 2, "slaney")
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(_WINDOW), persistent=False)

    def spectrum(self, audio: Tensor) -> Tensor:
        """Complex spectrum of (batch, n), shape (batch, bins, n / 160 + 1); frame i is centred on sample 160 i."""
        return torch.stft(audio, _FFT, HOP, _WINDOW, self.window, center=True, pad_mode="constant", return_complex=True)

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound (batch, n), n a multiple of 160, to (batch, n / 160, 80)."""
        magnitude = self.spectrum(audio)[..., :-1].abs()
        return (magnitude.transpose(1, 2) @ self.filters).clamp_min(_FLOOR).log()

    def sound_of(self, magnitude: Tensor, *, seed: int, iterations: int = 48) -> Tensor:
        """Sound (frames * 160,) whose spectrum has nearly these magnitudes (frames, 513).

        Fast Griffin-Lim (Perraudin et al. 2013, momentum 0.99) from a phase drawn with `seed`.
        """
        samples = magnitude.shape[0] * HOP
        magnitude = torch.cat([magnitude, magnitude[-1:]]).T
        generator = torch.Generator().manual_seed(seed)
        angle = torch.rand(magnitude.shape, generator=generator) * 2 * torch.pi
        phase, previous = torch.polar(torch.ones_like(angle), angle), torch.zeros(())
        for _ in range(iterations):
            rebuilt = self.spectrum(self._signal(magnitude * phase, samples).unsqueeze(0))[0]
            phase = rebuilt - 0.99 / 1.99 * previous
            phase = phase / phase.abs().clamp_min(1e-12)
            previous = rebuilt
        return self._signal(magnitude * phase, samples)

    def _signal(self, spectrum: Tensor, samples: int) -> Tensor:
        return torch.istft(spectrum, _FFT, HOP, _WINDOW, self.window, center=True, length=samples)


class LatentCodec(nn.Module):
    """Log-mel blocks of 4 x 80 numbers to principal components and back.

    Component i is divided by the square root of its standard deviation: between raw components (the last ones would
    be lost in the noise of sampling) and whitened ones (they would weigh as much as the first).
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.mel = MelSpectrogram()
        self.register_buffer("mean", torch.zeros(STACK * MELS))
        self.register_buffer("basis", torch.zeros(STACK * MELS, channels))
        self.register_buffer("scale", torch.ones(channels))

    @torch.no_grad()
    def fit_components(self, blocks: Tensor) -> None:
        """Learn mean, basis and scale from blocks of log-mel, shape (n, 320)."""
        blocks = blocks.double()
        mean = blocks.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((blocks - mean).T))
        order = values.argsort(descending=True)[: self.channels]
        deviation = values[order].clamp_min(1e-8).sqrt()
        scale = deviation**_SCALE_POWER
        # one common factor brings the mean variance of a channel to one, as the noise has it
        scale = scale * ((deviation / scale).square().mean().sqrt())
        self.mean.copy_(mean)
        self.basis.copy_(vectors[:, order])
        self.scale.copy_(scale)

    def encode(self, audio: Tensor) -> Tensor:
        """Map sound (batch, frames * 640) to latents (batch, channels, frames)."""
        blocks = self.mel(audio).unflatten(1, (-1, STACK)).flatten(2)
        latent: Tensor = (blocks - self.mean) @ self.basis / self.scale
        return latent.transpose(1, 2)

    def decode(self, latent: Tensor) -> Tensor:
        """Map latents (batch, channels, frames) to log-mel (batch, frames * 4, 80)."""
        blocks = (latent.transpose(1, 2) * self.scale) @ self.basis.T + self.mean
        return blocks.view(len(blocks), -1, MELS)
