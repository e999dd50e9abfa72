"""ImageBind-huge for pictures, sounds and texts: three transformers whose vectors lie in one space.

Girdhar et al., 'ImageBind: one embedding space to bind them all', CVPR 2023. The parameter names are those of the
checkpoint; its towers for depth, heat and motion sensors are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

JOINT = 1024
"""Length of a vector in the common space."""
EPSILON = 1e-6
"""Of the layer normalisations, except the one after the audio patches."""
GREATEST_SCALE = 100.0
VOCABULARY, CONTEXT = 49_408, 77
"""Of CLIP's texts."""


class Shape(NamedTuple):
    """Size of one tower."""

    width: int
    heads: int
    blocks: int
    patches: int = 0


VISION = Shape(1280, 16, 32, 16 * 16)
AUDIO = Shape(768, 12, 12, 12 * 19)
TEXT = Shape(1024, 16, 24)


class _Attention(nn.Module):
    """Attention with the parameters of `nn.MultiheadAttention`; for sounds, with one learned key and value more."""

    def __init__(self, width: int, heads: int, *, extra: bool) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        if extra:
            self.bias_k = nn.Parameter(torch.zeros(1, 1, width))
            self.bias_v = nn.Parameter(torch.zeros(1, 1, width))
        self.extra = extra
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, asking: int | None, *, causal: bool) -> Tensor:
        """Attend from the first `asking` tokens (None: from all): (n, tokens, width) to (n, asking, width)."""
        width = x.shape[-1]
        query = F.linear(x[:, :asking], self.in_proj_weight[:width], self.in_proj_bias[:width])
        key, value = F.linear(x, self.in_proj_weight[width:], self.in_proj_bias[width:]).chunk(2, dim=-1)
        if self.extra:
            key, value = (
                torch.cat([part, more.expand(len(x), -1, -1)], dim=1)
                for part, more in ((key, self.bias_k), (value, self.bias_v))
            )
        q, k, v = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in (query, key, value))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return out


class _Block(nn.Module):
    def __init__(self, shape: Shape, *, extra: bool) -> None:
        super().__init__()
        width = shape.width
        self.attn = _Attention(width, shape.heads, extra=extra)
        self.norm_1 = nn.LayerNorm(width, EPSILON)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.norm_2 = nn.LayerNorm(width, EPSILON)

    def forward(self, x: Tensor, asking: int | None = None, *, causal: bool = False) -> Tensor:
        x = x[:, :asking] + self.attn(self.norm_1(x), asking, causal=causal)
        out: Tensor = x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm_2(x))))
        return out


class _Trunk(nn.Module):
    def __init__(self, shape: Shape, *, norm: bool = False, extra: bool = False) -> None:
        super().__init__()
        self.pre_transformer_layer = nn.Sequential(nn.LayerNorm(shape.width, EPSILON) if norm else nn.Identity())
        self.blocks = nn.ModuleList(_Block(shape, extra=extra) for _ in range(shape.blocks))

    def first(self, tokens: Tensor) -> Tensor:
        """Return the first token as it leaves the last block, (n, width): nothing reads the others."""
        x = self.pre_transformer_layer(tokens)
        for block in self.blocks[:-1]:
            x = block(x)
        last: Tensor = self.blocks[-1](x, 1)
        return last[:, 0]

    def causal(self, tokens: Tensor) -> Tensor:
        """Return all tokens, each of which has seen those before it."""
        x: Tensor = self.pre_transformer_layer(tokens)
        for block in self.blocks:
            x = block(x, causal=True)
        return x


class _Positions(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + shape.patches, shape.width))


class _Patches(nn.Module):
    """Cuts a medium into patches, with a class token before them and their positions added."""

    def __init__(self, shape: Shape, stem: dict[str, nn.Module]) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.rgbt_stem = nn.ModuleDict(stem)
        self.pos_embedding_helper = _Positions(shape)

    def forward(self, medium: Tensor) -> Tensor:
        patches = self.rgbt_stem["proj"](medium).flatten(2).transpose(1, 2)
        if "norm_layer" in self.rgbt_stem:
            patches = self.rgbt_stem["norm_layer"](patches)
        tokens = torch.cat([self.cls_token.expand(len(medium), -1, -1), patches], dim=1)
        return tokens + self.pos_embedding_helper.pos_embed


class _Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY, TEXT.width)
        self.pos_embed = nn.Parameter(torch.zeros(1, CONTEXT, TEXT.width))

    def forward(self, words: Tensor) -> Tensor:
        tokens: Tensor = self.token_embedding(words) + self.pos_embed
        return tokens


class _Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.zeros(()))

    def forward(self, vectors: Tensor) -> Tensor:
        return torch.clip(self.log_logit_scale.exp(), max=GREATEST_SCALE) * vectors


class ImageBind(nn.Module):
    """Three of ImageBind-huge's towers."""

    def __init__(self) -> None:
        super().__init__()
        pixels = nn.Sequential(nn.Identity(), nn.Conv3d(3, VISION.width, (2, 14, 14), (2, 14, 14), bias=False))
        bands: dict[str, nn.Module] = {
            "proj": nn.Conv2d(1, AUDIO.width, 16, 10, bias=False),
            "norm_layer": nn.LayerNorm(AUDIO.width),
        }
        self.modality_preprocessors = nn.ModuleDict({
            "vision": _Patches(VISION, {"proj": pixels}),
            "text": _Words(),
            "audio": _Patches(AUDIO, bands),
        })  # fmt: skip
        self.modality_trunks = nn.ModuleDict({
            "vision": _Trunk(VISION, norm=True),
            "text": _Trunk(TEXT),
            "audio": _Trunk(AUDIO, extra=True),
        })  # fmt: skip
        self.modality_heads = nn.ModuleDict({
            "vision": _head(VISION.width, nn.Identity()),
            "text": nn.ModuleDict({"proj": _head(TEXT.width)}),
            "audio": _head(AUDIO.width, nn.Identity()),
        })  # fmt: skip
        self.modality_postprocessors = nn.ModuleDict({
            "text": nn.Sequential(nn.Identity(), _Scale()),
            "audio": nn.Sequential(nn.Identity(), _Scale()),
        })  # fmt: skip

    def vision(self, clips: Tensor) -> Tensor:
        """Embed clips of two pictures, normalised as for CLIP: (n, 3, 2, 224, 224) to unit vectors (n, 1024)."""
        first = self.modality_trunks["vision"].first(self.modality_preprocessors["vision"](clips))  # type: ignore[operator]
        return F.normalize(self.modality_heads["vision"](first), dim=-1)

    def audio(self, mels: Tensor) -> Tensor:
        """Embed clips of 2 s, normalised log mel: (n, 1, 128, 204) to vectors (n, 1024) of one length (20)."""
        first = self.modality_trunks["audio"].first(self.modality_preprocessors["audio"](mels))  # type: ignore[operator]
        vectors: Tensor = self.modality_postprocessors["audio"](
            F.normalize(self.modality_heads["audio"](first), dim=-1)
        )
        return vectors

    def text(self, words: Tensor) -> Tensor:
        """Embed texts as CLIP's numbers, (n, 77) with zeros at the end, to vectors (n, 1024) of one length."""
        tokens = self.modality_trunks["text"].causal(self.modality_preprocessors["text"](words))  # type: ignore[operator]
        # the token that ends a text has the greatest number
        ends = tokens[torch.arange(len(words), device=words.device), words.argmax(dim=-1)]
        head = self.modality_heads["text"]["proj"]  # type: ignore[index]
        vectors: Tensor = self.modality_postprocessors["text"](F.normalize(head(ends), dim=-1))
        return vectors


def _head(width: int, *between: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width, EPSILON), *between, nn.Linear(width, JOINT, bias=False))
