"""LAION-CLAP: sound and text to one space, on transformers' `ClapModel`.

Wu et al., "Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption Augmentation",
ICASSP 2023. The checkpoints without feature fusion; RoBERTa-base reads the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torch import Tensor, nn

from vsseval.networks import htsat, optional_packages
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import fill_network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEARING = htsat.Hearing(48_000, 480, 50.0, 14_000.0)
LONGEST = 480_000
"""Samples: ten seconds."""
DIMENSIONS = 512
PAD = 1
"""RoBERTa's number for what is no token."""

_UNUSED = ("text_transform.", "audio_transform.")
"""Heads of the training loss alone."""
_NAMES = (
    (r"^text_branch\.", "text_model."),
    (r"^(text|audio)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(text|audio)_projection\.2\.", r"\1_projection.linear2."),
)
_AUDIO = "audio_branch."


class LaionClap(nn.Module):
    """Both halves, each with its projection; every vector that leaves has the length 1."""

    def __init__(self, size: htsat.Size) -> None:
        super().__init__()
        from transformers import ClapConfig, ClapModel

        # RoBERTa-base's own epsilon: transformers' default for CLAP is 1e-12
        text = {"layer_norm_eps": 1e-5, "max_position_embeddings": 514}
        self.log_mel = htsat.LogMel(HEARING)
        self.clap = ClapModel(ClapConfig(audio_config=htsat.audio_config(size).to_dict(), text_config=text))

    def audio(self, sound: Tensor) -> Tensor:
        """Map sound (b, 480000) at 48 kHz to (b, 512)."""
        heard = self.clap.audio_model(input_features=self.log_mel(sound)).pooler_output
        vectors: Tensor = nn.functional.normalize(self.clap.audio_projection(heard), dim=-1)
        return vectors

    def text(self, tokens: Tensor) -> Tensor:
        """Map tokens (b, 2, n), numbers and which of them count, to (b, 512)."""
        # what is padding in all texts changes nothing, and costs most of the time
        longest = int(tokens[:, 1].sum(1).max())
        numbers, counts = tokens[:, 0, :longest], tokens[:, 1, :longest]
        read = self.clap.text_model(input_ids=numbers, attention_mask=counts).pooler_output
        vectors: Tensor = nn.functional.normalize(self.clap.text_projection(read), dim=-1)
        return vectors


def build(state: Mapping[str, Tensor], file: Path, size: htsat.Size) -> LaionClap:
    """Return the network with LAION's weights.

    Args:
        state: what the published file holds.
        file: where it lies, for the message.
        size: of the audio half.

    Raises:
        UsageError: the weights are of another network.
        MissingExtra: transformers is not installed.
    """
    optional_packages.import_offline("transformers", "LAION-CLAP")
    with SkipInitialWeights():
        network = LaionClap(size)
    known = {key.removeprefix("module."): value for key, value in state.items()}
    found = htsat.prefixed("audio_model.audio_encoder.", htsat.renamed(htsat.under(_AUDIO, known)))
    for key, value in htsat.without((_AUDIO, *_UNUSED), known).items():
        name = key
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        found[name] = value
    weights = htsat.prefixed("clap.", found) | htsat.computed(network)
    return fill_network(lambda: network, weights, file, "LAION-CLAP without feature fusion")
