"""Synchformer's hearing half: log-mel segments of 0.64 s to six vectors each.

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', ICASSP 2024: an audio spectrogram transformer
(Gong et al., Interspeech 2021), and one layer that gathers the twelve bands of each moment into a token.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.networks.synchformer_vision import Gather

WIDTH, HEADS, LAYERS = 768, 12, 12
EPSILON = 1e-12
PATCH, STRIDE = 16, 10
"""Side of a patch, and from one to the next, in mel bands and in frames: patches overlap."""
BANDS, FRAMES = 128, 66
"""Of one segment."""
LOW, HIGH = (BANDS - PATCH) // STRIDE + 1, (FRAMES - PATCH) // STRIDE + 1
"""Patches along the bands, and along time: 12 and 6."""
EXTRA = 2
"""Tokens before the patches: class and distillation."""


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({
            "attention": nn.ModuleDict({name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}),
            "output": nn.ModuleDict({"dense": nn.Linear(WIDTH, WIDTH)}),
        })  # fmt: skip
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, 4 * WIDTH)})
        self.output = nn.ModuleDict({"dense": nn.Linear(4 * WIDTH, WIDTH)})
        self.layernorm_before = nn.LayerNorm(WIDTH, EPSILON)
        self.layernorm_after = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.layernorm_before(x)
        asks = self.attention["attention"]
        parts = (asks[name](normed).unflatten(-1, (HEADS, -1)).transpose(1, 2) for name in ("query", "key", "value"))  # type: ignore[index]
        mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        x = x + self.attention["output"]["dense"](mixed)  # type: ignore[index]
        out: Tensor = x + self.output["dense"](F.gelu(self.intermediate["dense"](self.layernorm_after(x))))
        return out


class _Embeddings(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.distillation_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.position_embeddings = nn.Parameter(torch.zeros(1, EXTRA + LOW * HIGH, WIDTH))
        self.patch_embeddings = nn.ModuleDict({"projection": nn.Conv2d(1, WIDTH, PATCH, STRIDE)})

    def forward(self, mels: Tensor) -> Tensor:
        patches = self.patch_embeddings["projection"](mels[:, None]).flatten(2).transpose(1, 2)
        first = (token.expand(len(mels), -1, -1) for token in (self.cls_token, self.distillation_token))
        tokens: Tensor = torch.cat([*first, patches], dim=1) + self.position_embeddings
        return tokens


class _SpectrogramTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embeddings = _Embeddings()
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_Layer() for _ in range(LAYERS))})
        self.layernorm = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, mels: Tensor) -> Tensor:
        x = self.embeddings(mels)
        for layer in self.encoder["layer"]:  # type: ignore[attr-defined]
            x = layer(x)
        out: Tensor = self.layernorm(x)
        return out


class SynchformerAudio(nn.Module):
    """The audio encoder, with the parameter names of Synchformer's checkpoint under `afeat_extractor.`."""

    def __init__(self) -> None:
        super().__init__()
        self.ast = _SpectrogramTransformer()
        self.freq_attn_agg = Gather()

    def forward(self, mels: Tensor) -> Tensor:
        """Encode segments, each alone: normalised log mel (n, 128, 66) to (n, 6, 768)."""
        if mels.shape[1:] != (BANDS, FRAMES):
            raise ValueError(f"segments must be (n, {BANDS}, {FRAMES}), not {tuple(mels.shape)}")
        patches = self.ast(mels)[:, EXTRA:].unflatten(1, (LOW, HIGH))
        tokens: Tensor = self.freq_attn_agg(patches.transpose(1, 2).flatten(0, 1))
        return tokens.view(-1, HIGH, WIDTH)
