"""PaSST-S: sound to the logits of AudioSet's 527 classes, and the 768 numbers before them.

Koutini et al., "Efficient Training of Audio Transformers with Patchout", Interspeech 2022; the network
passt_s_swa_p16_128_ap476, with the parameter names of its makers' checkpoint. Without patchout, as in evaluation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks.mel import kaldi_filters

RATE = 32_000
LONGEST = 10 * RATE
"""Samples: the table of times ends there."""
CLASSES, WIDTH, DEPTH, HEADS = 527, 768, 12, 12
BANDS, N_FFT, WINDOW, HOP = 128, 1024, 800, 320
LOW, HIGH = 0.0, 15_000.0
"""Hertz: ends of the mel scale; the middle of those that training drew."""
PATCH, STRIDE = 16, 10
"""Frames, and bands."""
ROWS, COLUMNS = 12, 99
"""Patches along the bands, and along ten seconds."""
LEAST = 1 + (PATCH - 1) * HOP
"""Samples of the shortest sound that fills a patch (0.15 s)."""

_PRE_EMPHASIS = 0.97
_FLOOR = 1e-5
_MEAN, _DEVIATION = -4.5, 5.0
"""Of the log-mel powers, as training has it."""


class PaSST(nn.Module):
    """A vision transformer on overlapping patches of a mel spectrogram."""

    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW, periodic=False), persistent=False)
        self.register_buffer("mel", _mel_filters(), persistent=False)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.new_pos_embed = nn.Parameter(torch.zeros(1, 2, WIDTH))
        self.freq_new_pos_embed = nn.Parameter(torch.zeros(1, WIDTH, ROWS, 1))
        self.time_new_pos_embed = nn.Parameter(torch.zeros(1, WIDTH, 1, COLUMNS))
        self.patch_embed = PatchEmbedding()
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES))
        # of training alone: its makers average the two tokens and ask the first head
        self.head_dist = nn.Linear(WIDTH, CLASSES)

    def log_mel(self, audio: Tensor) -> Tensor:
        """Map sound (b, n) to normalised log-mel powers (b, 128, 1 + (n - 1) // 320)."""
        sharpened = audio[:, 1:] - _PRE_EMPHASIS * audio[:, :-1]
        spectrum = torch.stft(sharpened, N_FFT, HOP, WINDOW, self.window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        normalised: Tensor = ((self.mel @ power + _FLOOR).log() - _MEAN) / _DEVIATION
        return normalised

    def tokens(self, log_mel: Tensor) -> Tensor:
        """Map log-mel powers (b, 128, frames) to tokens (b, 2 + 12 columns, 768): class, distillation, patches."""
        patches: Tensor = self.patch_embed(log_mel)
        patches = patches + self.time_new_pos_embed[..., : patches.shape[3]] + self.freq_new_pos_embed
        firsts = torch.cat([self.cls_token, self.dist_token], dim=1) + self.new_pos_embed
        return torch.cat([firsts.expand(len(patches), -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Map sound at 32 kHz (b, n), 0.15 to 10 s, to the embedding (b, 768) and the logits (b, 527)."""
        tokens = self.blocks[:-1](self.tokens(self.log_mel(audio)))
        # of the last layer, only the two first tokens are asked for
        embedding = self.norm(self.blocks[-1](tokens, 2)).mean(dim=1)
        return embedding, self.head(embedding)


class PatchEmbedding(nn.Module):
    """Patches of 16 by 16, every 10."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, WIDTH, PATCH, STRIDE)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Map (b, 128, frames) to (b, 768, 12, columns)."""
        patches: Tensor = self.proj(log_mel.unsqueeze(1))
        return patches


class Block(nn.Module):
    """One layer of the transformer, normalised before each of its halves."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.mlp = FeedForward()

    def forward(self, tokens: Tensor, first: int | None = None) -> Tensor:
        """Map (b, n, 768) to the same shape, or to (b, first, 768): what it makes of the first tokens alone."""
        kept = tokens[:, :first] + self.attn(self.norm1(tokens), first)
        out: Tensor = kept + self.mlp(self.norm2(kept))
        return out


class Attention(nn.Module):
    """Twelve heads."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, tokens: Tensor, first: int | None = None) -> Tensor:
        """Map (b, n, 768) to the same shape, or to (b, first, 768): what the first tokens gather from all."""
        b, n, _ = tokens.shape
        q, k, v = self.qkv(tokens).view(b, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q[:, :, :first], k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (b, n, 768) to the same shape."""
        out: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return out


def unwrapped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict of hear21passt's wrapper (keys `net.*`) as that of the network; others as they are."""
    prefix = "net."
    if not any(key.startswith(prefix) for key in state):
        return state
    return {key.removeprefix(prefix): value for key, value in state.items() if key != "device_proxy"}


def _mel_filters() -> Tensor:
    """Return Kaldi's mel filters, shape (128, 513): none hears the last bin."""
    return F.pad(kaldi_filters(BANDS, N_FFT, RATE, LOW, HIGH), (0, 1))
