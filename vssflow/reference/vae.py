"""Log-mel spectrogram to latent and back: AudioLDM2's variational auto-encoder, under the names of diffusers.

Rombach et al. 2022 (arXiv 2112.10752), appendix G, with images of one channel whose axes are time and mel band; as
used by Liu et al. 2023, "AudioLDM 2" (arXiv 2308.05734). No scaling factor is applied anywhere: VSSFlow's latents
are the posterior's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

_EPSILON = 1e-6
_LEAST_LOGVAR, _GREATEST_LOGVAR = -30.0, 20.0
_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


@dataclass(frozen=True)
class VAEConfig:
    """Sizes; the defaults are AudioLDM2's."""

    channels: int = 1
    """Of the spectrogram."""
    latent_channels: int = 8
    widths: tuple[int, ...] = (128, 256, 512)
    """Channels from the finest level to the coarsest; each level halves time and band."""
    layers: int = 2
    """Residual blocks of a level; the decoder has one more."""
    groups: int = 32


class Posterior(NamedTuple):
    """A diagonal Gaussian over latents."""

    mean: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Draw with standard normal `noise` of the same shape, as training does."""
        return self.mean + (0.5 * self.logvar).exp() * noise


def latent_to_vae(latent: Tensor, channels: int = 8) -> Tensor:
    """Lay the transformer's latent out for the decoder.

    Args:
        latent: (batch, bands * channels, frames); channel f * 8 + c is channel c of latent band f.
        channels: of the VAE's latent.

    Returns:
        Shape (batch, channels, frames, bands): (b, 128, 250) becomes (b, 8, 250, 16).
    """
    batch, _, frames = latent.shape
    return latent.view(batch, -1, channels, frames).permute(0, 2, 3, 1)


def vae_to_latent(latent: Tensor) -> Tensor:
    """Undo `latent_to_vae`: (batch, channels, frames, bands) to (batch, bands * channels, frames)."""
    return latent.permute(0, 3, 1, 2).flatten(1, 2)


class MelVAE(nn.Module):
    """The auto-encoder, with the names that diffusers has today; `current_names` makes them of older ones."""

    def __init__(self, config: VAEConfig | None = None) -> None:
        super().__init__()
        config = config or VAEConfig()
        latent = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1)
        self.post_quant_conv = nn.Conv2d(latent, latent, 1)

    def encode(self, mel: Tensor) -> Posterior:
        """Map log-mel (batch, 1, frames, bands), multiples of 4, to a posterior of (batch, 8, frames/4, bands/4)."""
        mean, logvar = self.quant_conv(self.encoder(mel)).chunk(2, 1)
        return Posterior(mean, logvar.clamp(_LEAST_LOGVAR, _GREATEST_LOGVAR))

    def decode(self, latent: Tensor) -> Tensor:
        """Map a latent (batch, 8, frames, bands) to log-mel (batch, 1, 4 * frames, 4 * bands)."""
        mel: Tensor = self.decoder(self.post_quant_conv(latent))
        return mel


def current_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the attention's weights their current names: query, key, value, proj_attn are to_q, to_k, to_v, to_out.0.

    The older ones were linear layers or convolutions of one pixel; both become linear. Other keys stay.
    """
    renamed = {}
    for key, value in state.items():
        *path, layer, kind = key.split(".") if ".attentions." in key and key.count(".") > 1 else ("", key)
        if layer in _OLD_NAMES:
            renamed[".".join([*path, _OLD_NAMES[layer], kind])] = value.flatten(1) if kind == "weight" else value
        else:
            renamed[key] = value
    return renamed


class ResnetBlock(nn.Module):
    """Two convolutions, each after a group normalisation and SiLU, beside a shortcut."""

    def __init__(self, width_in: int, width: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, width_in, eps=_EPSILON)
        self.conv1 = nn.Conv2d(width_in, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, width, eps=_EPSILON)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        if width_in != width:
            self.conv_shortcut = nn.Conv2d(width_in, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width_in, frames, bands) to (batch, width, frames, bands)."""
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y)))
        out: Tensor = y + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)
        return out


class Attention(nn.Module):
    """Self-attention with one head over all places of the image."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, width, eps=_EPSILON)
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames, bands) to the same shape."""
        places = self.group_norm(x).flatten(2).transpose(1, 2).unsqueeze(1)
        mixed = F.scaled_dot_product_attention(self.to_q(places), self.to_k(places), self.to_v(places))
        out: Tensor = self.to_out[0](mixed.squeeze(1))
        return x + out.transpose(1, 2).reshape(x.shape)


class MidBlock(nn.Module):
    """The coarsest level: residual block, attention, residual block."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([Attention(width, groups)])
        self.resnets = nn.ModuleList([ResnetBlock(width, width, groups) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames, bands) to the same shape."""
        out: Tensor = self.resnets[1](self.attentions[0](self.resnets[0](x)))
        return out


class Downsample(nn.Module):
    """Halves both axes; the padding is on the far sides only."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames, bands) to (batch, width, frames // 2, bands // 2)."""
        out: Tensor = self.conv(F.pad(x, (0, 1, 0, 1)))
        return out


class Upsample(nn.Module):
    """Doubles both axes by repetition, then convolves."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames, bands) to (batch, width, 2 * frames, 2 * bands)."""
        out: Tensor = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out


class Level(nn.Module):
    """Residual blocks of one resolution, and the change to the next."""

    def __init__(self, width_in: int, width: int, layers: int, groups: int) -> None:
        super().__init__()
        widths = [width_in, *[width] * layers]
        self.resnets = nn.ModuleList(ResnetBlock(before, after, groups) for before, after in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width_in, frames, bands) to (batch, width, ...) at the next resolution."""
        for block in self.resnets:
            x = block(x)
        for change in ("downsamplers", "upsamplers"):
            if hasattr(self, change):
                x = getattr(self, change)[0](x)
        return x


class Encoder(nn.Module):
    """Spectrogram to twice as many channels as the latent has, for mean and log-variance."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, coarsest = config.widths, config.widths[-1]
        self.conv_in = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            Level(before, after, config.layers, config.groups) for before, after in pairwise([widths[0], *widths])
        )
        for level, width in zip(self.down_blocks[:-1], widths[:-1], strict=True):
            level.downsamplers = nn.ModuleList([Downsample(width)])
        self.mid_block = MidBlock(coarsest, config.groups)
        self.conv_norm_out = nn.GroupNorm(config.groups, coarsest, eps=_EPSILON)
        self.conv_out = nn.Conv2d(coarsest, 2 * config.latent_channels, 3, padding=1)

    def forward(self, mel: Tensor) -> Tensor:
        """Map (batch, 1, frames, bands) to (batch, 16, frames / 4, bands / 4)."""
        x = self.conv_in(mel)
        for level in self.down_blocks:
            x = level(x)
        out: Tensor = self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))
        return out


class Decoder(nn.Module):
    """Latent to spectrogram."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths = config.widths[::-1]
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = MidBlock(widths[0], config.groups)
        self.up_blocks = nn.ModuleList(
            Level(before, after, config.layers + 1, config.groups) for before, after in pairwise([widths[0], *widths])
        )
        for level, width in zip(self.up_blocks[:-1], widths[:-1], strict=True):
            level.upsamplers = nn.ModuleList([Upsample(width)])
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[-1], eps=_EPSILON)
        self.conv_out = nn.Conv2d(widths[-1], config.channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        """Map (batch, 8, frames, bands) to (batch, 1, 4 * frames, 4 * bands)."""
        x = self.mid_block(self.conv_in(latent))
        for level in self.up_blocks:
            x = level(x)
        out: Tensor = self.conv_out(F.silu(self.conv_norm_out(x)))
        return out
