"""Speech at 16 kHz to how aroused, dominant and glad it sounds, by wav2vec 2.0 fine-tuned on MSP-Podcast.

Wagner et al., "Dawn of the transformer era in speech emotion recognition: closing the valence gap", TPAMI 2023;
audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim, whose names are those of transformers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network
from vsseval.networks.wav2vec2 import ROBUST, Shape, Wav2Vec2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIMENSIONS = ("arousal", "dominance", "valence")
"""In the order of the outputs, about 0 to 1 each."""

_NAMES = (
    (r"^wav2vec2\.feature_projection\.", "wav2vec2.encoder.feature_projection."),
    (r"^wav2vec2\.encoder\.(layers|layer_norm|pos_conv_embed)\.", r"wav2vec2.encoder.transformer.\1."),
    (r"\.conv\.weight_g$", ".conv.parametrizations.weight.original0"),
    (r"\.conv\.weight_v$", ".conv.parametrizations.weight.original1"),
)
_UNUSED = "wav2vec2.masked_spec_embed"
"""Of training alone."""
_LAYER = re.compile(r"^wav2vec2\.encoder\.layers\.(\d+)\.")


class EmotionDimensions(nn.Module):
    """wav2vec 2.0, the mean of its frames, and two linear layers."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.wav2vec2 = Wav2Vec2(shape)
        self.dense, self.out_proj = nn.Linear(shape.width, shape.width), nn.Linear(shape.width, len(DIMENSIONS))

    def forward(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Map sound of mean 0 and variance 1, (b, n >= 400), to means of frames (b, 1024) and dimensions (b, 3)."""
        heard = self.wav2vec2(waves).mean(dim=1)
        return heard, self.out_proj(torch.tanh(self.dense(heard)))


def build(state: Mapping[str, Tensor], file: Path) -> EmotionDimensions:
    """Return the network with its makers' weights, of as many layers as they have.

    Args:
        state: what the published file holds.
        file: where it lies, for the message.

    Raises:
        UsageError: the weights are of another network.
    """
    found = {}
    for key, value in state.items():
        name = key.removeprefix("classifier.")
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        found[name] = value
    found.pop(_UNUSED, None)
    layers = [int(match[1]) + 1 for key in state if (match := _LAYER.match(key))]
    shape = ROBUST._replace(layers=max(layers, default=ROBUST.layers))

    def built() -> EmotionDimensions:
        with SkipInitialWeights():
            return EmotionDimensions(shape)

    return fill_network(built, found, file, "wav2vec 2.0 for emotion (MSP-dim)")
