"""WavLM's hidden states, weighted, to a speaker embedding by a small ECAPA-TDNN: the network of seed-tts-eval.

Chen et al., "WavLM", JSTSP 2022, section V-B; Desplanques et al., "ECAPA-TDNN", Interspeech 2020. WavLM is that of
transformers; its parameters carry other names than in the published file, see `renamed`. The names of all others are
those of the file.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, WIDEST, EMBEDDING = 512, 1536, 256
_GROUPS = 8
_BOTTLENECK = 128
_LEAST_VARIANCE = 1e-9


class Conv1dReluBn(nn.Module):
    """Convolution, ReLU, batch normalisation: in this order."""

    def __init__(self, width_in: int, width: int, kernel: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width_in, width, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width_in, frames) to (batch, width, frames)."""
        out: Tensor = self.bn(self.conv(x).relu())
        return out


class Res2Conv1dReluBn(nn.Module):
    """Eight groups of channels; each but the last is convolved after the one before was added to it."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        group, steps = width // _GROUPS, _GROUPS - 1
        self.convs = nn.ModuleList(
            nn.Conv1d(group, group, 3, dilation=dilation, padding=dilation) for _ in range(steps)
        )
        self.bns = nn.ModuleList(nn.BatchNorm1d(group) for _ in range(steps))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames) to the same shape."""
        *groups, last = x.chunk(_GROUPS, 1)
        done: list[Tensor] = []
        for group, conv, norm in zip(groups, self.convs, self.bns, strict=True):
            done.append(norm(conv(group + done[-1] if done else group).relu()))
        return torch.cat([*done, last], 1)


class Gate(nn.Module):
    """Channels weighed by a gate on their means (squeeze and excitation)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, _BOTTLENECK)
        self.linear2 = nn.Linear(_BOTTLENECK, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames) to the same shape."""
        weights: Tensor = self.linear2(self.linear1(x.mean(2)).relu()).sigmoid()
        return x * weights.unsqueeze(2)


class Block(nn.Module):
    """Two convolutions around a Res2Net step, a gate, and the way past them."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.Conv1dReluBn1 = Conv1dReluBn(width, width)
        self.Res2Conv1dReluBn = Res2Conv1dReluBn(width, dilation)
        self.Conv1dReluBn2 = Conv1dReluBn(width, width)
        self.SE_Connect = Gate(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames) to the same shape."""
        out: Tensor = self.SE_Connect(self.Conv1dReluBn2(self.Res2Conv1dReluBn(self.Conv1dReluBn1(x))))
        return out + x


class Pooling(nn.Module):
    """Mean and deviation over time, weighted by an attention of each channel's own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear1 = nn.Conv1d(width, _BOTTLENECK, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width, frames) to (batch, 2 * width)."""
        weights: Tensor = self.linear2(self.linear1(x).tanh()).softmax(2)
        mean = (weights * x).sum(2)
        variance = (weights * x.square()).sum(2) - mean.square()
        return torch.cat([mean, variance.clamp(min=_LEAST_VARIANCE).sqrt()], 1)


class WavLMECAPA(nn.Module):
    """Waveform to embedding.

    Args:
        wavlm: transformers' WavLMModel, which gives `states` hidden states of `width` numbers.
        states: its number of layers and one.
        width: its width.
    """

    def __init__(self, wavlm: nn.Module, states: int, width: int) -> None:
        super().__init__()
        self.wavlm = wavlm
        self.feature_weight = nn.Parameter(torch.zeros(states))
        self.layer1 = Conv1dReluBn(width, WIDTH, kernel=5)
        self.layer2 = Block(WIDTH, dilation=2)
        self.layer3 = Block(WIDTH, dilation=3)
        self.layer4 = Block(WIDTH, dilation=4)
        self.conv = nn.Conv1d(3 * WIDTH, WIDEST, 1)
        self.pooling = Pooling(WIDEST)
        self.bn = nn.BatchNorm1d(2 * WIDEST)
        self.linear = nn.Linear(2 * WIDEST, EMBEDDING)

    def forward(self, waves: Tensor) -> Tensor:
        """Map sound (batch, samples) at 16 kHz, of mean 0 and variance 1, to embeddings (batch, 256)."""
        found = self.wavlm(waves, output_hidden_states=True)
        # The last state is the one behind the last normalisation, which some versions of transformers leave out here.
        states = torch.stack([*found.hidden_states[:-1], found.last_hidden_state])
        weights = self.feature_weight.softmax(-1).view(-1, 1, 1, 1)
        x = (weights * states).sum(0).transpose(1, 2) + 1e-6
        first = self.layer1(F.instance_norm(x))
        second = self.layer2(first)
        third = self.layer3(second)
        joined = torch.cat([second, third, self.layer4(third)], 1)
        out: Tensor = self.linear(self.bn(self.pooling(self.conv(joined).relu())))
        return out


_NAMES = (
    (r"^feature_extract\.model\.", "wavlm."),
    (r"^wavlm\.mask_emb$", "wavlm.masked_spec_embed"),
    (r"^wavlm\.layer_norm\.", "wavlm.feature_projection.layer_norm."),
    (r"^wavlm\.post_extract_proj\.", "wavlm.feature_projection.projection."),
    (r"(conv_layers\.\d+)\.0\.", r"\1.conv."),
    (r"(conv_layers\.\d+)\.2\.1\.", r"\1.layer_norm."),
    (r"(conv_layers\.\d+)\.2\.", r"\1.layer_norm."),
    (r"encoder\.pos_conv\.0\.weight_g", "encoder.pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"encoder\.pos_conv\.0\.weight_v", "encoder.pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"encoder\.pos_conv\.0\.", "encoder.pos_conv_embed.conv."),
    (r"(encoder\.layers\.\d+)\.self_attn_layer_norm\.", r"\1.layer_norm."),
    (r"(encoder\.layers\.\d+)\.fc1\.", r"\1.feed_forward.intermediate_dense."),
    (r"(encoder\.layers\.\d+)\.fc2\.", r"\1.feed_forward.output_dense."),
    (r"self_attn\.relative_attention_bias\.", "attention.rel_attn_embed."),
    (r"self_attn\.grep_linear\.", "attention.gru_rel_pos_linear."),
    (r"self_attn\.grep_a$", "attention.gru_rel_pos_const"),
    (r"self_attn\.", "attention."),
)


def renamed(key: str) -> str:
    """Return the name in `WavLMECAPA` of a parameter of the published file, where WavLM is that of its authors."""
    if not key.startswith("feature_extract."):
        return key
    for pattern, name in _NAMES:
        key = re.sub(pattern, name, key)
    return key
