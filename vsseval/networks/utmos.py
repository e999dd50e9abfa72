"""UTMOS22, strong learner: speech at 16 kHz to the mean opinion score that listeners would give it.

Saeki et al., "UTMOS: UTokyo-SaruLab System for VoiceMOS Challenge 2022", Interspeech 2022, in the form without phonemes
of SpeechMOS v1.2.0 (tarepan). What follows wav2vec 2.0 has SpeechMOS's parameter names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsseval.networks.state_dict import fill_network
from vsseval.networks.wav2vec2 import BASE, Wav2Vec2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RATE = 16_000
LEAST = 400
"""Samples of the shortest sound that fills a frame (25 ms)."""

_CONDITION, _RECURRENT, _HIDDEN = 128, 512, 2048
_WAV2VEC = "wav2vec2."
_NAMES = (
    (r"^wav2vec2\.feature_extractor\.conv_layers\.(\d+)\.0\.", r"wav2vec2.feature_extractor.conv_layers.\1.conv."),
    (
        r"^wav2vec2\.feature_extractor\.conv_layers\.(\d+)\.2\.",
        r"wav2vec2.feature_extractor.conv_layers.\1.layer_norm.",
    ),
    (r"^wav2vec2\.layer_norm\.", "wav2vec2.encoder.feature_projection.layer_norm."),
    (r"^wav2vec2\.post_extract_proj\.", "wav2vec2.encoder.feature_projection.projection."),
    (r"\.encoder\.pos_conv\.0\.weight_g$", ".encoder.pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"\.encoder\.pos_conv\.0\.weight_v$", ".encoder.pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"\.encoder\.pos_conv\.0\.", ".encoder.pos_conv_embed.conv."),
    (r"\.encoder\.(layers|layer_norm|pos_conv_embed)\.", r".encoder.transformer.\1."),
    (r"\.self_attn\.", ".attention."),
    (r"\.self_attn_layer_norm\.", ".layer_norm."),
    (r"\.fc1\.", ".feed_forward.intermediate_dense."),
    (r"\.fc2\.", ".feed_forward.output_dense."),
)
_UNUSED = "wav2vec2.mask_emb"
"""Of training alone."""


class Utmos22Strong(nn.Module):
    """wav2vec 2.0, one judge and one corpus as constants, an LSTM in both directions, and the mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.wav2vec2 = Wav2Vec2(BASE)
        self.domain_emb = nn.Parameter(torch.zeros(1, _CONDITION))
        self.judge_emb = nn.Parameter(torch.zeros(1, _CONDITION))
        self.blstm = nn.LSTM(BASE.width + 2 * _CONDITION, _RECURRENT, batch_first=True, bidirectional=True)
        self.projection = nn.Sequential(nn.Linear(2 * _RECURRENT, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1))

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound at 16 kHz (b, n >= 400) to scores (b,), about 1 to 5."""
        frames: Tensor = self.wav2vec2(audio)
        given = torch.cat([self.domain_emb, self.judge_emb], dim=1).expand(*frames.shape[:2], -1)
        heard, _ = self.blstm(torch.cat([frames, given], dim=2))
        opinions: Tensor = self.projection(heard)
        # the network was trained on scores brought to -1..1
        return opinions.mean(dim=(1, 2)) * 2 + 3


def build(state: Mapping[str, Tensor], file: Path) -> Utmos22Strong:
    """Return the network with SpeechMOS's weights.

    Args:
        state: what the published file holds.
        file: where it lies, for the message.

    Raises:
        UsageError: the weights are of another network.
    """
    found = {}
    for key, value in state.items():
        name = key
        for old, new in _NAMES if key.startswith(_WAV2VEC) else ():
            name = re.sub(old, new, name)
        found[name] = value
    found.pop(_UNUSED, None)
    return fill_network(Utmos22Strong, found, file, "UTMOS22 (strong learner)")
