"""Audiobox aesthetics: ten seconds of sound at 16 kHz to what listeners would say of it, on transformers' `WavLMModel`.

Tjandra et al., "Meta Audiobox Aesthetics: Unified Automatic Quality Assessment for Speech, Music, and Sound", 2025. All
layers of WavLM-base are weighed, averaged over time and brought to unit length, once for each of four questions.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks import optional_packages
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AXES = ("CE", "CU", "PC", "PQ")
"""Content enjoyment, content usefulness, production complexity, production quality."""
RATE = 16_000
WINDOW = 10 * RATE
"""Samples."""

_WIDTH, _DEPTH = 768, 12
_WAVLM = "wavlm_model."
_NAMES = (
    (r"^feature_extractor\.conv_layers\.(\d+)\.0\.", r"feature_extractor.conv_layers.\1.conv."),
    (r"^feature_extractor\.conv_layers\.(\d+)\.2\.", r"feature_extractor.conv_layers.\1.layer_norm."),
    (r"^layer_norm\.", "feature_projection.layer_norm."),
    (r"^post_extract_proj\.", "feature_projection.projection."),
    (r"^mask_emb$", "masked_spec_embed"),
    (r"\.pos_conv\.0\.weight_g$", ".pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"\.pos_conv\.0\.weight_v$", ".pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"\.pos_conv\.0\.", ".pos_conv_embed.conv."),
    (r"\.self_attn\.grep_a$", ".attention.gru_rel_pos_const"),
    (r"\.self_attn\.grep_linear\.", ".attention.gru_rel_pos_linear."),
    (r"\.self_attn\.relative_attention_bias\.", ".attention.rel_attn_embed."),
    (r"\.self_attn\.", ".attention."),
    (r"\.self_attn_layer_norm\.", ".layer_norm."),
    (r"\.fc1\.", ".feed_forward.intermediate_dense."),
    (r"\.fc2\.", ".feed_forward.output_dense."),
)


class Scale(NamedTuple):
    """From what the network says of one axis to the listeners' scale of 1 to 10."""

    mean: float
    deviation: float


class Aesthetics(nn.Module):
    """WavLM-base, and one small perceptron for each axis."""

    def __init__(self, layers: int, scales: tuple[Scale, ...]) -> None:
        """Build.

        Args:
            layers: linear layers of each perceptron.
            scales: of the axes, in their order.
        """
        super().__init__()
        from transformers import WavLMConfig, WavLMModel

        self.scales = scales
        self.wavlm = WavLMModel(WavLMConfig())
        self.layer_weights = nn.ParameterDict({axis: nn.Parameter(torch.zeros(_DEPTH + 1)) for axis in AXES})
        self.proj_layer = nn.ModuleDict({axis: _perceptron(layers) for axis in AXES})

    def forward(self, audio: Tensor, heard: Tensor) -> Tensor:
        """Map windows of sound (b, n), and where they are no filling (b, n, of ones and zeros), to answers (b, 4)."""
        states, counts = self._states(audio, heard.bool())
        total = counts.sum(1, keepdim=True).clamp(min=1)
        answers = []
        for axis, scale in zip(AXES, self.scales, strict=True):
            mixed = torch.einsum("lbtc,l->btc", states, self.layer_weights[axis].softmax(0))
            mean = (mixed * counts.unsqueeze(2)).sum(1) / total
            answer = self.proj_layer[axis](F.normalize(mean, dim=1)).squeeze(1)
            answers.append(answer * scale.deviation + scale.mean)
        return torch.stack(answers, dim=1)

    def _states(self, audio: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return WavLM's states around its layers, (13, b, frames, 768), and which of them count, (b, frames)."""
        frames, _ = self.wavlm.feature_projection(self.wavlm.feature_extractor(audio).transpose(1, 2))
        # a frame is filling where its equal share of the samples is; transformers counts by receptive fields instead
        share = heard.shape[1] // frames.shape[1]
        counts = heard[:, : share * frames.shape[1]].view(len(heard), -1, share).any(2)
        encoder = self.wavlm.encoder
        frames = frames * counts.unsqueeze(2)
        state = encoder.layer_norm(frames + encoder.pos_conv_embed(frames))
        # filling comes last, and nobody attends to it: what is filling in all windows need not be computed
        longest = int(counts.sum(1).max())
        state, counts = state[:, :longest], counts[:, :longest]
        mask = None if bool(counts.all()) else counts
        states, bias = [state], None
        for place, layer in enumerate(encoder.layers):
            with warnings.catch_warnings():
                # torch would rather have both masks of one type; transformers makes one of truth values
                warnings.filterwarnings("ignore", "Support for mismatched", UserWarning)
                state, bias = layer(state, attention_mask=mask, position_bias=bias, index=place)[:2]
            states.append(state)
        return torch.stack(states), counts.to(audio.dtype)


def _perceptron(layers: int) -> nn.Sequential:
    inner = [part for _ in range(layers - 1) for part in (nn.Linear(_WIDTH, _WIDTH), nn.LayerNorm(_WIDTH), nn.GELU())]
    return nn.Sequential(*inner, nn.Linear(_WIDTH, 1))


def build(state: Mapping[str, Tensor], file: Path, layers: int, scales: tuple[Scale, ...]) -> Aesthetics:
    """Return the network with Meta's weights.

    Args:
        state: what the published file holds.
        file: where it lies, for the message.
        layers: linear layers of each perceptron.
        scales: of the axes, in their order.

    Raises:
        UsageError: the weights are of another network.
        MissingExtra: transformers is not installed.
    """
    optional_packages.import_offline("transformers", "Audiobox aesthetics")
    with SkipInitialWeights():
        network = Aesthetics(layers, scales)
    found = {}
    for key, value in state.items():
        if not key.startswith(_WAVLM):
            found[key] = value
            continue
        name = key.removeprefix(_WAVLM)
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        found[f"wavlm.{name}"] = value
    return fill_network(lambda: network, found, file, "Audiobox aesthetics")
