"""Synchformer as a whole: two encoders, and the transformer that reads 14 segments of both and says the offset.

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', ICASSP 2024. The parameter names are those of
the checkpoint 24-01-04T16-39-21.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.networks.synchformer_audio import HIGH, SynchformerAudio
from vsseval.networks.synchformer_vision import TIME, SynchformerVision

WIDTH, HEADS, LAYERS = 768, 8, 3
CLASSES = 21
"""Offsets from -2 to 2 s."""
SEGMENTS = 14
"""Of each medium: the position table has 1 + 14 * 8 + 1 + 14 * 6 = 198 places, and every one must be taken."""


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.key = nn.Linear(WIDTH, WIDTH)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        parts = (one(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for one in (self.query, self.key, self.value))
        out: Tensor = self.proj(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))
        return out


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(WIDTH)
        self.ln2 = nn.LayerNorm(WIDTH)
        self.attn = _Attention()
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        out: Tensor = x + self.mlp(self.ln2(x))
        return out


class _Positions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pos_emb = nn.Parameter(torch.zeros(1, 2 + SEGMENTS * (TIME + HIGH), WIDTH))


class _GlobalTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.OFF_tok = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.MOD_tok = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.vis_in_lnorm = nn.LayerNorm(WIDTH)
        self.aud_in_lnorm = nn.LayerNorm(WIDTH)
        self.pos_emb_cfg = _Positions()
        self.blocks = nn.Sequential(*(_Block() for _ in range(LAYERS)))
        self.ln_f = nn.LayerNorm(WIDTH)
        self.off_head = nn.Linear(WIDTH, CLASSES)

    def forward(self, vision: Tensor, audio: Tensor) -> Tensor:
        asks, between = (token.expand(len(vision), -1, -1) for token in (self.OFF_tok, self.MOD_tok))
        x = torch.cat([asks, self.vis_in_lnorm(vision), between, self.aud_in_lnorm(audio)], dim=1)
        x = self.blocks(x + self.pos_emb_cfg.pos_emb)
        logits: Tensor = self.off_head(self.ln_f(x[:, 0]))
        return logits


class Synchformer(nn.Module):
    """All of it, key by key what the checkpoint holds."""

    def __init__(self) -> None:
        super().__init__()
        self.vfeat_extractor = SynchformerVision()
        self.afeat_extractor = SynchformerAudio()
        self.vproj = nn.Linear(WIDTH, WIDTH)
        self.aproj = nn.Linear(WIDTH, WIDTH)
        self.transformer = _GlobalTransformer()

    def compare(self, vision: Tensor, audio: Tensor) -> Tensor:
        """Say by how much picture and sound are apart.

        Args:
            vision: tokens of 14 segments of the picture, shape (n, 14, 8, 768).
            audio: tokens of 14 segments of the sound, shape (n, 14, 6, 768).

        Returns:
            Logits of the 21 offsets from -2 to 2 s, shape (n, 21).

        Raises:
            ValueError: there are more or fewer segments.
        """
        wanted = (SEGMENTS, TIME, WIDTH), (SEGMENTS, HIGH, WIDTH)
        if (vision.shape[1:], audio.shape[1:]) != wanted:
            raise ValueError(
                f"Synchformer compares {SEGMENTS} segments of each medium, {wanted[0]} with {wanted[1]}, "
                f"not {tuple(vision.shape[1:])} with {tuple(audio.shape[1:])}"
            )
        logits: Tensor = self.transformer(self.vproj(vision).flatten(1, 2), self.aproj(audio).flatten(1, 2))
        return logits
