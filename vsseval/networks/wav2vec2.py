"""wav2vec 2.0 and HuBERT: a convolutional front end, and a transformer over its frames, with letters on top or without.

Baevski et al., "wav2vec 2.0", NeurIPS 2020; Hsu et al., "HuBERT", TASLP 2021. The parameters have the names of
torchaudio's published files.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

CONVOLUTIONS = ((512, 10, 5), *4 * ((512, 3, 2),), *2 * ((512, 2, 2),))
"""Width, kernel and stride of each layer of the front end: a frame of 25 ms every 20 ms at 16 kHz."""


class Shape(NamedTuple):
    """Sizes of a network, and where it normalises."""

    width: int
    inner: int
    layers: int
    heads: int
    norm_first: bool
    """Normalise before attention and before the inner layers, and each convolution by itself; else after them, and of
    the convolutions the first alone, over time."""
    convolutions: tuple[tuple[int, int, int], ...] = CONVOLUTIONS
    reach: int = 128
    """Frames that the convolution in the place of positions sees."""
    groups: int = 16
    """Of that convolution."""
    bias: bool = False
    """Of the convolutions of the front end."""


BASE = Shape(width=768, inner=3072, layers=12, heads=12, norm_first=False)
"""wav2vec 2.0, base size."""
LARGE = Shape(width=1024, inner=4096, layers=24, heads=16, norm_first=True)
"""HuBERT, large size."""
ROBUST = LARGE._replace(layers=12, bias=True)
"""wav2vec 2.0, large size, of which twelve of 24 layers are left, as audEERING fine-tuned it."""


class Wav2Vec2(nn.Module):
    """Sound to frames, or to the scores of letters.

    Args:
        shape: sizes.
        letters: classes on top; None: the frames themselves.
    """

    def __init__(self, shape: Shape, letters: int | None = None) -> None:
        super().__init__()
        self.feature_extractor = FrontEnd(shape)
        self.encoder = Encoder(shape)
        self.aux = None if letters is None else nn.Linear(shape.width, letters)

    def forward(self, waves: Tensor) -> Tensor:
        """Map sound at 16 kHz (batch, n >= 400) to (batch, frames, width or letters), without a softmax."""
        frames: Tensor = self.encoder(self.feature_extractor(waves))
        return frames if self.aux is None else self.aux(frames)


class FrontEnd(nn.Module):
    """Convolutions over sound."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = [1, *(width for width, _, _ in shape.convolutions)]
        self.conv_layers = nn.ModuleList(
            Convolution(
                before, *sizes, norm="layer" if shape.norm_first else "time" if place == 0 else "", bias=shape.bias
            )
            for place, (before, sizes) in enumerate(zip(widths[:-1], shape.convolutions, strict=True))
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Map (batch, n) to (batch, frames, width)."""
        found = waves.unsqueeze(1)
        for layer in self.conv_layers:
            found = layer(found)
        return found.transpose(1, 2)


class Convolution(nn.Module):
    """A convolution, a normalisation ("layer": of each frame; "time": of each channel; "": none), and a GELU."""

    def __init__(self, before: int, width: int, kernel: int, stride: int, *, norm: str, bias: bool) -> None:
        super().__init__()
        self.layer_norm: nn.Module | None = None
        if norm:
            self.layer_norm = nn.LayerNorm(width) if norm == "layer" else nn.GroupNorm(width, width)
        self.conv = nn.Conv1d(before, width, kernel, stride, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, before, n) to (batch, width, frames)."""
        x = self.conv(x)
        if isinstance(self.layer_norm, nn.LayerNorm):
            x = self.layer_norm(x.transpose(-2, -1)).transpose(-2, -1)
        elif self.layer_norm is not None:
            x = self.layer_norm(x)
        return F.gelu(x)


class Encoder(nn.Module):
    """Frames of the front end through the transformer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.feature_projection = Projection(shape.convolutions[-1][0], shape.width)
        self.transformer = Transformer(shape)

    def forward(self, frames: Tensor) -> Tensor:
        """Map (batch, frames, the front end's width) to (batch, frames, width)."""
        found: Tensor = self.transformer(self.feature_projection(frames))
        return found


class Projection(nn.Module):
    """A normalisation and a linear layer."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(before)
        self.projection = nn.Linear(before, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, before) to (batch, frames, width)."""
        out: Tensor = self.projection(self.layer_norm(x))
        return out


class Transformer(nn.Module):
    """Positions by a convolution, and layers; normalised before them or, where each does so first, after them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.pos_conv_embed = Positions(shape)
        self.layer_norm = nn.LayerNorm(shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self._norm_first = shape.norm_first

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, width) to the same shape."""
        x = x + self.pos_conv_embed(x)
        if not self._norm_first:
            x = self.layer_norm(x)
        for layer in self.layers:
            x = layer(x)
        return self.layer_norm(x) if self._norm_first else x


class Positions(nn.Module):
    """What a wide convolution in groups makes of the frames around each frame, in the place of positions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        conv = nn.Conv1d(shape.width, shape.width, shape.reach, padding=shape.reach // 2, groups=shape.groups)
        self.conv = weight_norm(conv, name="weight", dim=2)
        self._surplus = 1 - shape.reach % 2

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, width) to the same shape."""
        found = self.conv(x.transpose(-2, -1))
        found = found[..., : found.shape[-1] - self._surplus]
        return F.gelu(found).transpose(-2, -1)


class Layer(nn.Module):
    """Attention and two linear layers, each beside a way past it."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = Attention(shape.width, shape.heads)
        self.layer_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape.width, shape.inner)
        self.final_layer_norm = nn.LayerNorm(shape.width)
        self._norm_first = shape.norm_first

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, width) to the same shape."""
        out: Tensor
        if self._norm_first:
            x = x + self.attention(self.layer_norm(x))
            out = x + self.feed_forward(self.final_layer_norm(x))
        else:
            x = self.layer_norm(x + self.attention(x))
            out = self.final_layer_norm(x + self.feed_forward(x))
        return out


class Attention(nn.Module):
    """Every frame attends to every frame."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))
        self._heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, width) to the same shape."""
        q, k, v = (
            projection(x).unflatten(2, (self._heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        found = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(width, inner)
        self.output_dense = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to the same shape."""
        out: Tensor = self.output_dense(F.gelu(self.intermediate_dense(x)))
        return out
