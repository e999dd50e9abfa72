"""HTSAT, the audio half of LAION-CLAP and MS-CLAP: its mel, and keys of its makers' files to those of transformers.

Chen et al., "HTS-AT: A Hierarchical Token-Semantic Audio Transformer", ICASSP 2022. The network is transformers' own
port of it (`ClapAudioModel`); its mel spectrogram and the names in published files are what differs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from vsseval.networks.spectrum import mel_filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transformers import ClapAudioConfig

BANDS = 64
WINDOW = 1024
FLOOR = 1e-10
"""Of mel powers, before their decibels."""

TABLES = ("relative_position_index", "position_ids", "token_type_ids")
"""Ends of keys whose tensors are computed when a network is built, whatever a file holds."""
_UNUSED = ("spectrogram_extractor.", "logmel_extractor.", "tscam_conv.", "head.", "attn_mask", TABLES[0])
"""What the makers' files hold besides: Fourier and mel tables, and the classifier that CLAP does not ask."""
_NAMES = (
    (r"^bn0\.", "batch_norm."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.", ".attention.self."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)


class Hearing(NamedTuple):
    """What one checkpoint hears."""

    hertz: int
    hop: int
    low: float
    high: float


class Size(NamedTuple):
    """How large one HTSAT is."""

    width: int
    depths: tuple[int, int, int, int]

    @property
    def features(self) -> int:
        """Numbers that leave the network."""
        return 8 * self.width


TINY = Size(96, (2, 2, 6, 2))
BASE = Size(128, (2, 2, 12, 2))


class LogMel(nn.Module):
    """Decibels of mel powers, as torchlibrosa gives them."""

    window: Tensor
    mel: Tensor

    def __init__(self, hearing: Hearing) -> None:
        super().__init__()
        self.hop = hearing.hop
        filters = mel_filters(hearing.hertz, WINDOW, BANDS, hearing.low, hearing.high, "slaney")
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("mel", torch.tensor(filters, dtype=torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound (b, n) to (b, 1, n // hop + 1, 64), at least -100."""
        spectrum = torch.stft(audio, WINDOW, self.hop, window=self.window, pad_mode="reflect", return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        bands = power.transpose(1, 2) @ self.mel
        return 10 * bands.clamp(min=FLOOR).log10().unsqueeze(1)


def audio_config(size: Size) -> ClapAudioConfig:
    """Return transformers' description of an HTSAT without feature fusion."""
    from transformers import ClapAudioConfig

    return ClapAudioConfig(
        patch_embeds_hidden_size=size.width, hidden_size=size.features, depths=list(size.depths), enable_fusion=False
    )


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a published HTSAT under the keys of transformers' `ClapAudioEncoder`; what is not used is left out.

    Args:
        state: keys as HTSAT's makers have them, without prefix.
    """
    found: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.startswith(_UNUSED) or key.endswith(_UNUSED):
            continue
        name = key
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        if ".self.qkv." in name:
            for part, piece in zip(("query", "key", "value"), value.chunk(3), strict=True):
                found[name.replace(".qkv.", f".{part}.")] = piece
        else:
            found[name] = value
    return found


def under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the part of a state below a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def prefixed(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state with a prefix to every key."""
    return {prefix + key: value for key, value in state.items()}


def without(starts: Iterable[str], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state without the keys that begin in one of several ways."""
    return {key: value for key, value in state.items() if not key.startswith(tuple(starts))}


def computed(network: nn.Module) -> dict[str, Tensor]:
    """Return the tables that a freshly built network holds among its weights."""
    return {key: value for key, value in network.state_dict().items() if key.endswith(TABLES)}
