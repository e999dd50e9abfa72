"""Speech at 16 kHz to frames that tell emotions apart: emotion2vec, a data2vec 2.0 taught on emotional speech.

Ma et al., "emotion2vec: Self-supervised pre-training for speech emotion representation", Findings of ACL 2024;
ddlBoJack/emotion2vec and FunASR, whose file both take. What served training alone (decoder, copies of averaged weights)
is left out of the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network
from vsseval.networks.wav2vec2 import BASE, FeedForward, FrontEnd, Projection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REACH, POSITIONS, GROUPS = 19, 5, 16
"""Frames that each convolution in the place of positions sees, how many there are, and their groups."""

_FRONT = BASE._replace(norm_first=True)
"""Of its sizes the front end's alone count: each convolution is normalised by itself."""
_AUDIO = "modality_encoders.AUDIO."
_NAMES = (
    (rf"^{re.escape(_AUDIO)}local_encoder\.conv_layers\.(\d+)\.0\.", r"front.conv_layers.\1.conv."),
    (rf"^{re.escape(_AUDIO)}local_encoder\.conv_layers\.(\d+)\.2\.1\.", r"front.conv_layers.\1.layer_norm."),
    (rf"^{re.escape(_AUDIO)}project_features\.1\.", "projection.layer_norm."),
    (rf"^{re.escape(_AUDIO)}project_features\.2\.", "projection.projection."),
    (rf"^{re.escape(_AUDIO)}relative_positional_encoder\.(\d+)\.0\.", r"positions.\1."),
    (rf"^{re.escape(_AUDIO)}context_encoder\.norm\.", "norm."),
    (rf"^{re.escape(_AUDIO)}context_encoder\.blocks\.", "context."),
    (rf"^{re.escape(_AUDIO)}(extra_tokens|alibi_scale)$", r"\1"),
    (r"\.mlp\.fc1\.", ".mlp.intermediate_dense."),
    (r"\.mlp\.fc2\.", ".mlp.output_dense."),
)
_PART = re.compile(r"^(front|projection|positions|norm|context|blocks|extra_tokens$|alibi_scale$)")


class Shape(NamedTuple):
    """Sizes of a network, as its file has them."""

    width: int
    inner: int
    heads: int
    context: int
    """Layers that follow the positions at once."""
    blocks: int
    """Layers behind those."""
    tokens: int
    """Learned vectors in front of the frames."""
    scale: tuple[int, ...]
    """Shape of what the slopes of distance are multiplied by: (layers or 1, 1, heads or 1, 1, 1)."""


HEADS = 12
"""Of the base size; no tensor of the file tells it where the slopes share one scale."""
BASE_SIZE = Shape(width=768, inner=3072, heads=HEADS, context=4, blocks=8, tokens=10, scale=(1, 1, HEADS, 1, 1))


class Emotion2Vec(nn.Module):
    """Sound to frames; every frame attends to all, the less the further they are apart."""

    slopes: Tensor

    def __init__(self, shape: Shape = BASE_SIZE) -> None:
        super().__init__()
        self.front = FrontEnd(_FRONT)
        self.projection = Projection(_FRONT.convolutions[-1][0], shape.width)
        # Counted from 1, as in the file, whose first place turns the axes.
        self.positions = nn.ModuleDict(
            {
                str(place + 1): nn.Conv1d(shape.width, shape.width, REACH, padding=REACH // 2, groups=GROUPS)
                for place in range(POSITIONS)
            }
        )
        self.extra_tokens = nn.Parameter(torch.zeros(1, shape.tokens, shape.width))
        self.alibi_scale = nn.Parameter(torch.ones(shape.scale))
        self.norm = nn.LayerNorm(shape.width)
        self.context = nn.ModuleList(Block(shape) for _ in range(shape.context))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.register_buffer("slopes", torch.tensor(slopes(shape.heads)), persistent=False)
        self._tokens = shape.tokens

    def forward(self, waves: Tensor) -> Tensor:
        """Map sound of mean 0 and variance 1, (b, n >= 400), to frames, (b, 50 a second, width)."""
        x = self.projection(self.front(waves))
        placed = x.transpose(1, 2)
        for convolution in self.positions.values():
            placed = F.gelu(F.layer_norm(convolution(placed).transpose(1, 2), x.shape[-1:]).transpose(1, 2))
        x = torch.cat([self.extra_tokens.expand(len(x), -1, -1), x + placed.transpose(1, 2)], dim=1)
        x = self.norm(x)
        distance = self._distances(x.shape[1])
        scale = self.alibi_scale.clamp_min(0)
        for place, block in enumerate([*self.context, *self.blocks]):
            of_layer = scale[place if len(scale) > 1 else 0].flatten()
            x = block(x, distance, self.slopes * of_layer)
        frames: Tensor = x[:, self._tokens :]
        return frames

    def _distances(self, places: int) -> Tensor:
        """Return how far frames are apart, (places, places); the learned vectors are near to all."""
        frames = torch.arange(places - self._tokens, device=self.slopes.device, dtype=torch.float32)
        return F.pad((frames[:, None] - frames).abs(), (self._tokens, 0, self._tokens, 0))


class Block(nn.Module):
    """Attention and two linear layers, each normalised together with the way past it."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attn = Attention(shape.width, shape.heads)
        self.norm1, self.norm2 = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.mlp = FeedForward(shape.width, shape.inner)

    def forward(self, x: Tensor, distance: Tensor, slope: Tensor) -> Tensor:
        """Map (b, places, width) to the same shape; `slope` (heads,) is what a place of distance costs."""
        x = self.norm1(x + self.attn(x, distance, slope))
        out: Tensor = self.norm2(x + self.mlp(x))
        return out


class Attention(nn.Module):
    """Every place attends to every place."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self._heads = heads

    def forward(self, x: Tensor, distance: Tensor, slope: Tensor) -> Tensor:
        """Map (b, places, width) to the same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, self._heads, -1)).permute(2, 3, 0, 1, 4)
        # One head at a time: the costs of all of them would be the greatest tensor of the network.
        heads = [
            F.scaled_dot_product_attention(q[head], k[head], v[head], attn_mask=-slope[head] * distance)
            for head in range(self._heads)
        ]
        out: Tensor = self.proj(torch.cat(heads, dim=2))
        return out


def slopes(heads: int) -> list[float]:
    """Return the slopes of "attention with linear biases" (Press et al., 2022), one for each head.

    A power of two has a geometric series; of other numbers, what is missing comes from every second of the next power.
    """
    power = 1 << (heads.bit_length() - 1)
    series = [2.0 ** (-8.0 * (place + 1) / power) for place in range(power)]
    if power < heads:
        series += slopes(2 * power)[0::2][: heads - power]
    return series


def build(state: Mapping[str, Tensor], file: Path) -> Emotion2Vec:
    """Return the network with its makers' weights, of as many layers as they have.

    Args:
        state: what the published file holds, with its decoder or without.
        file: where it lies, for the message.

    Raises:
        UsageError: the weights are of another network.
    """
    found = {}
    for key, value in state.items():
        name = key.removeprefix("d2v_model.")
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        if _PART.match(name):
            found[name] = value

    def built() -> Emotion2Vec:
        with SkipInitialWeights():
            return Emotion2Vec(_shape(found))

    return fill_network(built, found, file, "emotion2vec")


def _shape(found: Mapping[str, Tensor]) -> Shape:
    """Return the sizes that a file tells; where it lacks what tells them, those of the base size."""

    def layers(part: str, otherwise: int) -> int:
        places = [int(key.split(".")[1]) for key in found if key.startswith(f"{part}.")]
        return max(places, default=otherwise - 1) + 1

    shape = BASE_SIZE._replace(context=layers("context", 4), blocks=layers("blocks", 8))
    scale, tokens = found.get("alibi_scale"), found.get("extra_tokens")
    if scale is not None:
        shape = shape._replace(scale=tuple(scale.shape))
    if tokens is not None and tokens.ndim == 3:
        width = tokens.shape[2]
        shape = shape._replace(tokens=tokens.shape[1], width=width, inner=4 * width, heads=width // 64)
    return shape
