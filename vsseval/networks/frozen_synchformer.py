"""Synchformer's visual half for a processor: the same numbers as `synchformer_vision`, sooner.

What is saved: matrices laid out for the processor, in bfloat16 where that is asked for; patches of frames that two
segments share; keys and values of the last layer, whose class token asks alone. Attention itself cannot be shared
between segments, for each token sees others in each. One segment goes through at a time: its numbers are then the
same bits whatever else is in the video, and it stays in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.networks.frozen_attention import AskedOnce
from vsseval.networks.frozen_linear import FrozenLinear, FrozenNorm, frozen
from vsseval.networks.synchformer_vision import (
    HEADS,
    HOP,
    PAIR,
    PATCH,
    SEGMENT,
    SPACE,
    TIME,
    WIDTH,
    different_segments,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.networks.synchformer_vision import Block, DividedAttention, Gather, SynchformerVision

_SIDE = 14
"""Patches along a side of a picture."""


class FrozenSynchformer(nn.Module):
    """A frozen copy of a `SynchformerVision` on a processor; `dtype` is that of the matrices of its blocks.

    Patches, normalisation, attention, the sums of the residual stream and the last layer are in single precision in any
    case.
    """

    first: Tensor
    positions: Tensor

    def __init__(self, network: SynchformerVision, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        convolution = network.patch_embed_3d.proj
        assert convolution.bias is not None
        self.patches = FrozenLinear(convolution.weight.flatten(1), convolution.bias, dtype=torch.float32)
        place, moment = network.pos_embed[0, 1:].repeat(TIME, 1), network.temp_embed[0].repeat_interleave(SPACE, 0)
        self.register_buffer("first", (network.cls_token + network.pos_embed[:, :1])[0].detach().clone())
        self.register_buffer("positions", (place + moment).detach().clone())
        self.blocks = nn.ModuleList(_Block(cast("Block", block), dtype) for block in network.blocks)
        self.norm = FrozenNorm(network.norm)
        self.gather = _Gather(network.spatial_attn_agg)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode a video as `SynchformerVision.encode` does: (T, 3, 224, 224) to (segments, 8, 768)."""
        todo, which = different_segments(frames)
        return torch.stack([self._segment(tokens) for tokens in self._embedded(frames, todo)])[which]

    def _embedded(self, frames: Tensor, starts: list[int]) -> Iterator[Tensor]:
        """Yield the tokens of each segment; patches are made once of each stretch that two of them share."""
        known: dict[int, Tensor] = {}
        for start in starts:
            halves = range(start, start + SEGMENT, HOP)
            known = {at: known[at] if at in known else self._patched(frames[at : at + HOP]) for at in halves}
            yield torch.cat([self.first, torch.cat([*known.values()]) + self.positions])

    def _patched(self, frames: Tensor) -> Tensor:
        """Cut frames (8, 3, 224, 224) into patches of two frames, (4 * 196, 768)."""
        cut = frames.float().reshape(-1, PAIR, 3, _SIDE, PATCH, _SIDE, PATCH)
        patches: Tensor = self.patches(cut.permute(0, 3, 5, 2, 1, 4, 6).reshape(-1, 3 * PAIR * PATCH * PATCH))
        return patches

    def _segment(self, x: Tensor) -> Tensor:
        """Send the tokens of a segment through, (1 + 8 * 196, 768) to (8, 768); they are overwritten."""
        for block in self.blocks:
            block(x)
        tokens: Tensor = self.gather(self.norm(x[1:]).view(TIME, SPACE, WIDTH))
        return tokens


class _Block(nn.Module):
    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        super().__init__()
        self.time_norm, self.space_norm, self.norm = (
            FrozenNorm(one) for one in (block.norm3, block.norm1, block.norm2)
        )
        self.time, self.space = (_Divided(one, dtype) for one in (block.timeattn, block.attn))
        self.into, self.out = frozen(block.mlp.fc1, dtype, "gelu"), frozen(block.mlp.fc2, dtype)

    def forward(self, x: Tensor) -> None:
        """Add to the tokens of a segment, (1 + 8 * 196, 768), in place."""
        x += self.time(self.time_norm(x))
        x += self.space(self.space_norm(x))
        x += self.out(self.into(self.norm(x)))


class _Divided(nn.Module):
    """`DividedAttention` of one segment; every group is written with its class token once, and none is repeated."""

    def __init__(self, attention: DividedAttention, dtype: torch.dtype) -> None:
        super().__init__()
        self.over_time = attention.over_time
        self.qkv, self.proj = frozen(attention.qkv, dtype), frozen(attention.proj, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map (1 + 8 * 196, 768) to the same shape."""
        # attention is quicker in single precision, and nearer to what it was trained in
        qkv = self.qkv(x).float().view(len(x), 3, HEADS, -1)
        query, key, value = qkv.unbind(1)
        mixed = torch.empty_like(query)
        mixed[0] = F.scaled_dot_product_attention(
            query[:1].transpose(0, 1)[None], key.transpose(0, 1)[None], value.transpose(0, 1)[None]
        )[0, :, 0]
        groups = self._groups(qkv[1:])
        with_class = qkv.new_empty((len(groups), 1 + groups.shape[1], 2, *qkv.shape[2:]))
        with_class[:, 0], with_class[:, 1:] = qkv[0, 1:], groups[:, :, 1:]
        parts = (groups[:, :, 0], *with_class.unbind(2))
        seen = F.scaled_dot_product_attention(*(part.transpose(1, 2) for part in parts))
        self._groups(mixed[1:])[:] = seen.transpose(1, 2)
        out: Tensor = self.proj(mixed.flatten(1))
        return out

    def _groups(self, patches: Tensor) -> Tensor:
        """View (8 * 196, ...) as groups of patches that see each other, (groups, patches, ...)."""
        grid = patches.view(TIME, SPACE, *patches.shape[1:])
        return grid.transpose(0, 1) if self.over_time else grid


class _Gather(nn.Module):
    token: Tensor

    def __init__(self, gather: Gather) -> None:
        super().__init__()
        whole = torch.float32
        self.register_buffer("token", gather.cls_token[0, 0].detach().clone())
        self.norm1, self.norm2 = FrozenNorm(gather.norm1), FrozenNorm(gather.norm2)
        asks = gather.self_attn
        self.attention = AskedOnce(asks.in_proj_weight, asks.in_proj_bias, frozen(asks.out_proj, whole), asks.heads)
        self.into, self.out = frozen(gather.linear1, whole, "gelu"), frozen(gather.linear2, whole)

    def forward(self, patches: Tensor) -> Tensor:
        """Map (groups, patches, 768) to (groups, 768)."""
        x = torch.cat([self.token.expand(len(patches), 1, -1), patches], dim=1)
        token = self.token + self.attention(self.norm1(x))
        out: Tensor = token + self.out(self.into(self.norm2(token)))
        return out
