"""The transformer with everything taken out of it that does not change along the path from noise to sound.

`FoldedDiT` gives the guided velocity of the latent alone, to float noise that of `guided_velocity` on the same
weights. What it saves:

* the two 1x1 convolutions at the ends are folded into the matrices beside them, and of the output only the latent
  rows are kept;
* the time-locked conditions are projected once per clip, and so are keys and values of cross-attention;
* the zero-condition branch has no cross-attention, which would add exactly nothing, and shares the projected latent;
* both branches run as one batch, and guidance is applied before the last matrix of the last block: from there on
  everything is linear, and one small matrix stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.networks.frozen_linear import FrozenLinear, FrozenNorm, frozen
from vssflow.dit import rotary_table

if TYPE_CHECKING:
    from vssflow.conditions import Conditions
    from vssflow.dit import Block, DiT, GatedLinear


class Context(NamedTuple):
    """What stays the same for a batch of clips along the whole path."""

    locked: Tensor
    """Time-locked conditions as the first block sees them, (batch, frames, width)."""
    keys: tuple[Tensor, ...]
    """Of cross-attention, one (batch, heads, tokens, head_width) per block."""
    values: tuple[Tensor, ...]
    table: tuple[Tensor, Tensor]
    """Cosines and sines of rotary position, (1 + frames, head_width / 4) each: one half, for both are equal."""
    mask: Tensor | None
    """Tokens of each clip that are not padding, (batch, 1, 1, 1 + frames); None where all clips are equally long."""


class FoldedDiT(nn.Module):
    """Guided velocity of the latent channels; a frozen copy of a `DiT`, which it does not hold on to."""

    frequencies: Tensor

    def __init__(self, dit: DiT, latent: int, *, dtype: torch.dtype) -> None:
        """Fold `dit`, whose first `latent` channels are the latent, with matrices in `dtype`.

        Between the matrices numbers stay in single precision.
        """
        super().__init__()
        self.width, self.rotary = dit.config.width, dit.config.head_width // 2
        inward, outward = folded_ends(dit, latent)
        self.latent_in = FrozenLinear(inward[:, :latent], dtype=dtype)
        # once per clip, so that the conditions can afford single precision
        self.locked_in = FrozenLinear(inward[:, latent:], dtype=torch.float32)
        self.latent_out = FrozenLinear(outward, dtype=dtype)
        self.register_buffer("frequencies", dit.time_proj.weight.detach().clone())
        self.time_in = frozen(dit.timestep_proj[0], torch.float32)
        self.time_out = frozen(dit.timestep_proj[2], torch.float32)
        blocks = [cast("Block", block) for block in dit.transformer_blocks]
        self.blocks = nn.ModuleList([FoldedBlock(block, dtype=dtype) for block in blocks[:-1]])
        self.last = FoldedBlock(blocks[-1], dtype=dtype, outward=outward)

    def time_token(self, time: float) -> Tensor:
        """Token of one flow time, (width,)."""
        angle = 2 * torch.pi * time * self.frequencies
        waves = torch.cat([angle.cos(), angle.sin()])
        token: Tensor = self.time_out(F.silu(self.time_in(waves[None])))[0]
        return token

    def prepare(self, conditions: Conditions, lengths: Sequence[int] | None = None) -> Context:
        """Compute what a batch of clips needs once; `lengths` says how many frames of each are not padding."""
        frames = conditions.locked.shape[-1]
        pairs = [block.keys_values(conditions.cross) for block in (*self._first(), self.last)]
        table = rotary_table(frames + 1, self.rotary, device=conditions.locked.device)
        mask = None
        if lengths is not None and any(length != frames for length in lengths):
            tokens = torch.arange(frames + 1, device=conditions.locked.device)
            limit = torch.tensor(list(lengths), device=tokens.device)
            mask = (tokens[None, :] <= limit[:, None])[:, None, None, :]
        return Context(
            locked=self.locked_in(conditions.locked.transpose(1, 2)),
            keys=tuple(key for key, _ in pairs),
            values=tuple(value for _, value in pairs),
            table=(table[0][:, : self.rotary // 2], table[1][:, : self.rotary // 2]),
            mask=mask,
        )

    def forward(self, latent: Tensor, time: Tensor, context: Context, guidance: float) -> Tensor:
        """Velocity of the latent (batch, latent, frames) at the time of the token `time` (width,)."""
        batch, _, frames = latent.shape
        guided = guidance != 1.0
        shared = self.latent_in(latent.transpose(1, 2)).float()
        tokens = shared.new_empty((2 * batch if guided else batch, frames + 1, self.width))
        tokens[:, 0] = time
        tokens[:batch, 1:] = shared + context.locked
        mask = context.mask
        if guided:
            tokens[batch:, 1:] = shared
            mask = None if mask is None else torch.cat([mask, mask])
        for block, key, value in zip(self._first(), context.keys[:-1], context.values[:-1], strict=True):
            block.attend(tokens, key, value, context.table, mask)
            tokens += block.ff_out(block.hidden(tokens))
        self.last.attend(tokens, context.keys[-1], context.values[-1], context.table, mask)
        ends = [part[:, 1:] for part in (tokens, self.last.hidden(tokens))]
        if guided:
            ends = [part[batch:] + guidance * (part[:batch] - part[batch:]) for part in ends]
        velocity: Tensor = self.latent_out(ends[0]).float() + self.last.ff_out(ends[1]).float()
        return velocity.transpose(1, 2)

    def _first(self) -> list[FoldedBlock]:
        return [cast("FoldedBlock", block) for block in self.blocks]


class FoldedBlock(nn.Module):
    """One block: queries, keys and values of self-attention in one matrix, cross-attention from given keys."""

    def __init__(self, block: Block, *, dtype: torch.dtype, outward: Tensor | None = None) -> None:
        """Fold `block`; in the last one the matrix `outward` (latent, width) takes the feed-forward out at once."""
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (FrozenNorm(norm) for norm in (block.norm1, block.norm2, block.norm3))
        own, cross = block.attn1, block.attn2
        self.heads, self.kv_heads = own.heads, cross.kv_heads
        self.qkv = FrozenLinear(torch.cat([own.to_q.weight, own.to_k.weight, own.to_v.weight]), dtype=dtype)
        self.own_out, self.cross_out = (frozen(attention.to_out[0], dtype) for attention in (own, cross))
        self.cross_q = frozen(cross.to_q, dtype)
        self.cross_kv = FrozenLinear(torch.cat([cross.to_k.weight, cross.to_v.weight]), dtype=dtype)
        self.ff_in = frozen(cast("GatedLinear", block.ff.net[0]).proj, dtype)
        outer = cast("nn.Linear", block.ff.net[2])
        weight, bias = outer.weight.detach(), outer.bias.detach()
        if outward is not None:
            weight, bias = ((outward.double() @ part.double()).float() for part in (weight, bias))
        self.ff_out = FrozenLinear(weight, bias, dtype=dtype)

    def keys_values(self, cross: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of semantic tokens (batch, tokens, cross_width), repeated to all query heads."""
        batch, tokens, _ = cross.shape
        both = self.cross_kv(cross).view(batch, tokens, 2, self.kv_heads, -1).permute(2, 0, 3, 1, 4)
        key, value = both.repeat_interleave(self.heads // self.kv_heads, dim=2)
        return key.contiguous(), value.contiguous()

    def attend(self, x: Tensor, key: Tensor, value: Tensor, table: tuple[Tensor, Tensor], mask: Tensor | None) -> None:
        """Add both attentions to x (branches * batch, length, width), in place.

        The first rows, as many as `key` has, are the conditional ones.
        """
        rows, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(rows, length, 3, self.heads, -1)
        apply_rotary(qkv[:, :, :2], table)
        asking, offered, held = (part.transpose(1, 2) for part in qkv.unbind(2))
        own = F.scaled_dot_product_attention(asking, offered, held, attn_mask=mask)
        x += self.own_out(own.transpose(1, 2).reshape(rows, length, width))
        conditional = x[: len(key)]
        query = self.cross_q(self.norm2(conditional)).view(len(key), length, 1, self.heads, -1)
        apply_rotary(query, table)
        mixed = F.scaled_dot_product_attention(
            query[:, :, 0].transpose(1, 2), key, value, attn_mask=None if mask is None else mask[: len(key)]
        )
        conditional += self.cross_out(mixed.transpose(1, 2).reshape(len(key), length, width))

    def hidden(self, x: Tensor) -> Tensor:
        """Feed-forward up to its last matrix: (..., width) to (..., 4 * width)."""
        both: Tensor = self.ff_in(self.norm3(x))
        plain, gate = both.chunk(2, dim=-1)
        return plain * F.silu(gate)


def folded_ends(dit: DiT, latent: int) -> tuple[Tensor, Tensor]:
    """Matrices (width, channels) and (latent, width) that stand for convolution and projection at each end."""
    before, after = (conv.weight.detach()[:, :, 0].double() for conv in (dit.preprocess_conv, dit.postprocess_conv))
    into, out = dit.proj_in.weight.detach().double(), dit.proj_out.weight.detach().double()
    return (into + into @ before).float(), (out[:latent] + after[:latent] @ out).float()


def apply_rotary(x: Tensor, table: tuple[Tensor, Tensor]) -> None:
    """Turn x (batch, length, parts, heads, head_width) by rotary position, in place: `vssflow.dit.rotate`."""
    cosine, sine = (half[:, None, None, :] for half in table)
    half = cosine.shape[-1]
    first, second = x[..., :half].float(), x[..., half : 2 * half].float()
    turned = first * cosine - second * sine, second * cosine + first * sine
    x[..., :half], x[..., half : 2 * half] = turned
