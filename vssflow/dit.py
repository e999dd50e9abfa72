"""The diffusion transformer of VSSFlow: noisy latent and time-locked conditions in, velocity out.

Ten pre-norm blocks of the Stable Audio Open transformer (arXiv 2407.14358) with the changes of VSSFlow
(arXiv 2509.24773, section 3): the time-locked conditions ride on the channel axis, the semantic ones are
keys and values of cross-attention, and the flow time is one token in front of the sequence. There is no
adaptive normalisation and no global vector. Parameter names are those of the authors' checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class DiTConfig:
    """Shape of the transformer; the defaults are the authors' (463.6 million parameters with the projections)."""

    channels: int = 1952
    """Latent plus time-locked conditions; input and output alike."""
    width: int = 1536
    layers: int = 10
    heads: int = 24
    kv_heads: int = 12
    """Key and value heads of cross-attention only; self-attention uses `heads`."""
    cross_width: int = 768
    time_width: int = 256
    """Fourier features of the flow time."""

    @property
    def head_width(self) -> int:
        """Channels of one attention head."""
        return self.width // self.heads


def rotary_table(length: int, width: int, *, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary position embedding, each of shape (length, width), theta 10000.

    Halves, not interleaved pairs: channel k turns together with channel k + width / 2.
    """
    inverse = 1.0 / 10000.0 ** (torch.arange(0, width, 2, dtype=torch.float32, device=device) / width)
    angle = torch.arange(length, dtype=torch.float32, device=device)[:, None] * inverse[None, :]
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the first channels of each head by position; x is (batch, heads, length, head_width)."""
    cosine, sine = table
    width = cosine.shape[-1]
    turned, kept = x[..., :width], x[..., width:]
    first, second = turned.chunk(2, dim=-1)
    turned = turned * cosine.to(x.dtype) + torch.cat([-second, first], dim=-1) * sine.to(x.dtype)
    return torch.cat([turned, kept], dim=-1)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention, all (batch, heads, length, head_width); on CPUs at least in single precision.

    There the way back takes three times as long in bfloat16 as in float32.
    """
    if query.device.type != "cpu" or query.dtype not in {torch.bfloat16, torch.float16}:
        return F.scaled_dot_product_attention(query, key, value)
    with torch.autocast("cpu", enabled=False):
        mixed = F.scaled_dot_product_attention(query.float(), key.float(), value.float())
    return mixed.to(query.dtype)


class Attention(nn.Module):
    """Multi-head attention without biases; used for self- and for cross-attention."""

    def __init__(self, config: DiTConfig, *, cross: bool) -> None:
        super().__init__()
        self.heads = config.heads
        self.kv_heads = config.kv_heads if cross else config.heads
        source = config.cross_width if cross else config.width
        self.to_q = nn.Linear(config.width, config.width, bias=False)
        self.to_k = nn.Linear(source, self.kv_heads * config.head_width, bias=False)
        self.to_v = nn.Linear(source, self.kv_heads * config.head_width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(config.width, config.width, bias=False)])

    def keys_values(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of `source` (batch, length, channels), each (batch, heads, length, head_width).

        Key head j serves the query heads j * r .. j * r + r - 1, r = heads / kv_heads.
        """
        repeat = self.heads // self.kv_heads
        key, value = (self._split(layer(source), self.kv_heads) for layer in (self.to_k, self.to_v))
        return key.repeat_interleave(repeat, dim=1), value.repeat_interleave(repeat, dim=1)

    def forward(self, x: Tensor, source: Tensor, table: tuple[Tensor, Tensor], *, rotate_keys: bool) -> Tensor:
        """Attend from x (batch, length, width) to `source`."""
        query = rotate(self._split(self.to_q(x), self.heads), table)
        key, value = self.keys_values(source)
        if rotate_keys:
            key = rotate(key, table)
        mixed = attend(query, key, value)
        return self.to_out[0](mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    @staticmethod
    def _split(x: Tensor, heads: int) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, heads, width // heads).transpose(1, 2)


class GatedLinear(nn.Module):
    """One linear layer split in (value, gate); returns value * SiLU(gate)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to (..., inner)."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.silu(gate)  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """SwiGLU feed-forward of four times the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # index 1 was a dropout in the original, and has no parameters
        self.net = nn.ModuleList([GatedLinear(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to (..., width)."""
        for layer in self.net:
            x = layer(x)
        return x


class Block(nn.Module):
    """Self-attention, cross-attention and feed-forward, each pre-normalised and residual."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=1e-5)
        self.attn1 = Attention(config, cross=False)
        self.norm2 = nn.LayerNorm(config.width, eps=1e-5)
        self.attn2 = Attention(config, cross=True)
        self.norm3 = nn.LayerNorm(config.width, eps=1e-5)
        self.ff = FeedForward(config.width)

    def forward(self, x: Tensor, cross: Tensor | None, table: tuple[Tensor, Tensor]) -> Tensor:
        """Refine x (batch, length, width); `cross` None stands for all-zero conditions, which add nothing."""
        normed = self.norm1(x)
        x = x + self.attn1(normed, normed, table, rotate_keys=True)
        if cross is not None:
            # the original turns the queries here and leaves the keys unturned
            x = x + self.attn2(self.norm2(x), cross, table, rotate_keys=False)
        return x + self.ff(self.norm3(x))  # type: ignore[no-any-return]


class FourierTime(nn.Module):
    """Random Fourier features of the flow time; the frequencies are frozen and stored."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width // 2), requires_grad=False)

    def forward(self, t: Tensor) -> Tensor:
        """Map times in [0, 1], shape (batch,), to (batch, width): cosines, then sines."""
        angle = 2 * math.pi * t[:, None] * self.weight[None, :]
        return torch.cat([angle.cos(), angle.sin()], dim=-1)


class DiT(nn.Module):
    """Velocity field of VSSFlow over the state [latent | time-locked conditions]."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        self.time_proj = FourierTime(config.time_width)
        self.timestep_proj = nn.Sequential(
            nn.Linear(config.time_width, config.width), nn.SiLU(), nn.Linear(config.width, config.width)
        )
        self.preprocess_conv = nn.Conv1d(config.channels, config.channels, 1, bias=False)
        self.proj_in = nn.Linear(config.channels, config.width, bias=False)
        self.transformer_blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.proj_out = nn.Linear(config.width, config.channels, bias=False)
        self.postprocess_conv = nn.Conv1d(config.channels, config.channels, 1, bias=False)

    def forward(self, x: Tensor, t: Tensor, cross: Tensor | None) -> Tensor:
        """Predict the velocity.

        Args:
            x: state, shape (batch, channels, frames).
            t: flow time in [0, 1], shape (batch,).
            cross: semantic tokens, shape (batch, tokens, cross_width), or None for all zeros.

        Returns:
            Velocity, shape (batch, channels, frames); only the latent channels carry meaning.
        """
        x = x + self.preprocess_conv(x)
        tokens = self.proj_in(x.transpose(1, 2))
        tokens = torch.cat([self.timestep_proj(self.time_proj(t)).unsqueeze(1), tokens], dim=1)
        table = rotary_table(tokens.shape[1], self.config.head_width // 2, device=x.device)
        for block in self.transformer_blocks:
            tokens = block(tokens, cross, table)
        y = self.proj_out(tokens)[:, 1:].transpose(1, 2)
        return y + self.postprocess_conv(y)  # type: ignore[no-any-return]
