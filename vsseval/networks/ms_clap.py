"""MS-CLAP of 2023: sound and text to one space, on transformers' `ClapAudioModel` and `GPT2Model`.

Elizalde et al., "Natural Language Supervision for General-Purpose Audio Representations", ICASSP 2024. A small HTSAT
hears, GPT-2 reads, and each has a projection of its own kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.networks import htsat, optional_packages
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEARING = htsat.Hearing(32_000, 320, 50.0, 14_000.0)
"""HTSAT's own constants: those of MS-CLAP's configuration (44.1 kHz, up to 8 kHz) never reach it, so that the mel bands
lie 1.38 times higher than they say. Training and evaluation agree in this."""
DIMENSIONS = 1024
LONGEST_TEXT = 1024
"""Tokens: GPT-2's table of positions ends there."""

_AUDIO, _TEXT = "audio_encoder.base.htsat.", "caption_encoder.base."
_MASKS = (".attn.bias", ".attn.masked_bias")
"""Tables of GPT-2 that older versions of transformers kept among the weights."""


class Projection(nn.Module):
    """Two linear layers, the second of them around a shortcut."""

    def __init__(self, inward: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(inward, DIMENSIONS, bias=False)
        self.linear2 = nn.Linear(DIMENSIONS, DIMENSIONS, bias=False)
        self.layer_norm = nn.LayerNorm(DIMENSIONS)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, inward) to (b, 1024)."""
        first = self.linear1(x)
        out: Tensor = self.layer_norm(first + self.linear2(F.gelu(first)))
        return out


class MsClap(nn.Module):
    """Both halves, each with its projection; every vector that leaves has the length 1."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import ClapAudioModel, GPT2Config, GPT2Model

        self.log_mel = htsat.LogMel(HEARING)
        self.ears = ClapAudioModel(htsat.audio_config(htsat.TINY))
        self.ears_projection = Projection(htsat.TINY.features)
        self.reader = GPT2Model(GPT2Config(n_positions=LONGEST_TEXT))
        self.reader_projection = Projection(self.reader.config.n_embd)

    def audio(self, sound: Tensor) -> Tensor:
        """Map sound (b, 308700) at 44.1 kHz to (b, 1024)."""
        heard = self.ears(input_features=self.log_mel(sound)).pooler_output
        return F.normalize(self.ears_projection(heard), dim=-1)

    def text(self, tokens: Tensor) -> Tensor:
        """Map token numbers (b, n), padded with zeros, to (b, 1024).

        The makers take the state at the last token by counting the numbers that are not 0, and 0 is also "!": each one
        in a caption moves the place that is read to the left by one. So it is here.
        """
        last = tokens.ne(0).sum(1) - 1
        # nothing to the right of a token changes its state
        read = self.reader(input_ids=tokens[:, : int(last.max()) + 1]).last_hidden_state
        return F.normalize(self.reader_projection(read[torch.arange(len(read), device=last.device), last]), dim=-1)


def build(state: Mapping[str, Tensor], file: Path) -> MsClap:
    """Return the network with Microsoft's weights.

    Args:
        state: what the published file holds.
        file: where it lies, for the message.

    Raises:
        UsageError: the weights are of another network.
        MissingExtra: transformers is not installed.
    """
    optional_packages.import_offline("transformers", "MS-CLAP")
    with SkipInitialWeights():
        network = MsClap()
    parts = {
        "ears.audio_encoder.": htsat.renamed(htsat.under(_AUDIO, state)),
        "ears_projection.": htsat.under("audio_encoder.projection.", state),
        "reader.": {key: value for key, value in htsat.under(_TEXT, state).items() if not key.endswith(_MASKS)},
        "reader_projection.": htsat.under("caption_encoder.projection.", state),
    }
    weights = {name: value for prefix, part in parts.items() for name, value in htsat.prefixed(prefix, part).items()}
    return fill_network(lambda: network, weights | htsat.computed(network), file, "MS-CLAP of 2023")
