"""CLIP's visual tower for a processor: the class token that `clip.ClipVision` gives, sooner.

Matrices laid out for the processor, in bfloat16 where that is asked for; no keys and values in the last block, of which
the class token alone is read; CLIP's approximation of the GELU computed within the product before it. One picture
goes through at a time: its numbers are then the same bits whatever else is in the video, and it stays in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.networks.clip import HEADS, PATCH, different_pictures
from vsseval.networks.frozen_attention import AskedOnce
from vsseval.networks.frozen_linear import FrozenLinear, FrozenNorm, frozen

if TYPE_CHECKING:
    from vsseval.networks.clip import Block, ClipVision

_SIDE = 14
"""Patches along a side of a picture."""
_SLOPE = 1.702
"""Of CLIP's approximation of the GELU, x * sigmoid(1.702 x)."""


class FrozenClip(nn.Module):
    """A frozen copy of a `ClipVision` on a processor; `dtype` is that of the matrices of its blocks.

    Patches, normalisation, attention, the sums of the residual stream and the last block are in single precision in any
    case.
    """

    first: Tensor
    positions: Tensor

    def __init__(self, network: ClipVision, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        tower = network.visual
        self.patches = FrozenLinear(tower.conv1.weight.flatten(1), dtype=torch.float32)
        self.register_buffer("first", (tower.class_embedding + tower.positional_embedding[0]).detach().clone())
        self.register_buffer("positions", tower.positional_embedding[1:].detach().clone())
        self.before = FrozenNorm(tower.ln_pre)
        *blocks, last = (cast("Block", block) for block in tower.transformer.resblocks)
        self.blocks = nn.ModuleList(_Block(block, dtype) for block in blocks)
        self.last = _LastBlock(last)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Return what `ClipVision.encode` does without `post_norm`: (n, 3, 224, 224) to (n, 768)."""
        new, which = different_pictures(frames)
        return torch.cat([self._picture(picture) for picture in frames[new]])[which]

    def _picture(self, picture: Tensor) -> Tensor:
        """Map (3, 224, 224) to (1, 768)."""
        cut = picture.float().reshape(3, _SIDE, PATCH, _SIDE, PATCH).permute(1, 3, 0, 2, 4)
        patches = self.patches(cut.reshape(_SIDE * _SIDE, -1)) + self.positions
        x = self.before(torch.cat([self.first[None], patches]))
        for block in self.blocks:
            block(x)
        token: Tensor = self.last(x[None])
        return token


class _Block(nn.Module):
    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        super().__init__()
        asks = block.attn
        self.norm1, self.norm2 = FrozenNorm(block.ln_1), FrozenNorm(block.ln_2)
        self.qkv = FrozenLinear(asks.in_proj_weight, asks.in_proj_bias, dtype=dtype)
        self.proj = frozen(asks.out_proj, dtype)
        self.mlp = _feed_forward(block, dtype)

    def forward(self, x: Tensor) -> None:
        """Add to the tokens of a picture, (197, 768), in place."""
        # attention is quicker in single precision, and nearer to what it was trained in
        qkv = self.qkv(self.norm1(x)).float().view(1, len(x), 3, HEADS, -1)
        mixed = F.scaled_dot_product_attention(*(part.transpose(1, 2) for part in qkv.unbind(2)))
        x += self.proj(mixed[0].transpose(0, 1).flatten(1))
        x += self.mlp(self.norm2(x))


class _LastBlock(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        asks, whole = block.attn, torch.float32
        self.norm1, self.norm2 = FrozenNorm(block.ln_1), FrozenNorm(block.ln_2)
        self.attention = AskedOnce(asks.in_proj_weight, asks.in_proj_bias, frozen(asks.out_proj, whole), asks.heads)
        self.mlp = _feed_forward(block, whole)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 197, 768) to the class tokens (n, 768)."""
        token = x[:, 0] + self.attention(self.norm1(x))
        out: Tensor = token + self.mlp(self.norm2(token))
        return out


def _feed_forward(block: Block, dtype: torch.dtype) -> nn.Sequential:
    """Both matrices, and between them x * sigmoid(s x), which is swish(s x) / s."""
    into, out = block.mlp.c_fc, block.mlp.c_proj
    return nn.Sequential(
        FrozenLinear(_SLOPE * into.weight, _SLOPE * into.bias, dtype=dtype, activation="swish"),
        FrozenLinear(out.weight / _SLOPE, out.bias, dtype=dtype),
    )
