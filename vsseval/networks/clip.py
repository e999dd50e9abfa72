"""The visual half of OpenAI's CLIP ViT-B/16: pictures to one vector each.

Radford et al., 'Learning transferable visual models from natural language supervision', 2021. VSSFlow takes the class
token as it leaves the last block, before the last normalisation and the projection to the space shared with text.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, HEADS, LAYERS = 768, 12, 12
PATCH, TOKENS = 16, 197
"""Pixels along a patch; one class token and 14 x 14 patches."""
JOINT_WIDTH = 512
"""Of the space shared with text: its projection is in every checkpoint, and unused here."""
AT_ONCE = 10
"""Pictures to a batch: more is no faster on a processor, and needs more memory."""


class Attention(nn.Module):
    """Self-attention with the parameters of `nn.MultiheadAttention`, which lets the first tokens alone ask."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x: Tensor, asking: int | None = None) -> Tensor:
        """Attend from the first `asking` tokens (None: from all) to all: (n, tokens, width) to (n, asking, width)."""
        width = x.shape[-1]
        query = F.linear(x[:, :asking], self.in_proj_weight[:width], self.in_proj_bias[:width])
        both = F.linear(x, self.in_proj_weight[width:], self.in_proj_bias[width:])
        parts = (query, *both.chunk(2, dim=-1))
        q, k, v = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in parts)
        mixed: Tensor = self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return mixed


class _MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c_fc = nn.Linear(WIDTH, 4 * WIDTH)
        self.c_proj = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.c_fc(x)
        # CLIP's approximation of the GELU
        out: Tensor = self.c_proj(hidden * torch.sigmoid(1.702 * hidden))
        return out


class Block(nn.Module):
    """A block of the tower."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = Attention(WIDTH, HEADS)
        self.ln_1 = nn.LayerNorm(WIDTH)
        self.mlp = _MLP()
        self.ln_2 = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, asking: int | None = None) -> Tensor:
        """Map (n, tokens, 768) to the first `asking` tokens (None: all) after the block."""
        x = x[:, :asking] + self.attn(self.ln_1(x), asking)
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class _Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block() for _ in range(LAYERS))

    def forward(self, x: Tensor) -> Tensor:
        """Return the class token alone: nothing reads the patches that leave the last block."""
        for block in self.resblocks[:-1]:
            x = block(x)
        last: Tensor = self.resblocks[-1](x, 1)
        return last[:, 0]


class _Tower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.zeros(WIDTH))
        self.positional_embedding = nn.Parameter(torch.zeros(TOKENS, WIDTH))
        self.proj = nn.Parameter(torch.zeros(WIDTH, JOINT_WIDTH))
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.ln_pre = nn.LayerNorm(WIDTH)
        self.transformer = _Transformer()
        self.ln_post = nn.LayerNorm(WIDTH)

    def forward(self, images: Tensor, *, post_norm: bool) -> Tensor:
        patches = self.conv1(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_embedding.expand(len(images), 1, -1), patches], dim=1)
        feature: Tensor = self.transformer(self.ln_pre(tokens + self.positional_embedding))
        return self.ln_post(feature) if post_norm else feature


class ClipVision(nn.Module):
    """CLIP's visual tower, with the parameter names of the authors' checkpoint under `image_encoder.`."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = _Tower()

    def forward(self, images: Tensor, *, post_norm: bool = False) -> Tensor:
        """Turn pictures into features.

        Args:
            images: shape (n, 3, 224, 224), normalised as by `vssflow.reference.frames.clip_frames`.
            post_norm: apply the last layer normalisation. VSSFlow's features are those without it.

        Returns:
            Shape (n, 768).
        """
        feature: Tensor = self.visual(images, post_norm=post_norm)
        return feature

    @torch.no_grad()
    def encode(self, frames: Tensor, *, post_norm: bool = False) -> Tensor:
        """Return what `forward` does, in little memory, and each run of equal pictures once (black ones, say).

        Args:
            frames: shape (n, 3, 224, 224), on any device.
            post_norm: as in `forward`.

        Returns:
            Shape (n, 768), on the network's device.
        """
        new, which = different_pictures(frames)
        kind = self.visual.proj
        parts = [self(part.to(kind), post_norm=post_norm) for part in torch.split(frames[new], AT_ONCE)]
        return torch.cat(parts)[which.to(kind.device)]


def different_pictures(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Find the pictures (n, ...) that are not equal to the one before.

    Returns:
        Which they are, (n,), and for each picture the number of the one that stands for it, (n,).

    Raises:
        ValueError: there is none.
    """
    if not len(frames):
        raise ValueError("there are no frames to encode")
    new = torch.ones(len(frames), dtype=torch.bool, device=frames.device)
    new[1:] = (frames[1:] != frames[:-1]).flatten(1).any(1)
    return new, new.cumsum(0) - 1
