"""What a file of NISQA's weights says of its network: the makers' own names and numbers, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.types import Record

if TYPE_CHECKING:
    from pathlib import Path

SCORES = ("mos", "noisiness", "discontinuity", "coloration", "loudness")
"""What a network of all dimensions says, in the order of its pools; one of quality alone says the first."""

_FIXED = {"ms_n_mels": 48, "ms_seg_length": 15, "cnn_kernel_size": (3, 3)}
"""What convolutions without named sizes are made for."""

_LARGEST = 1 << 17
"""Number of any kind; the makers' greatest is a frequency of 20,000 Hz."""
_REPEATED, _DEEPEST = ("td_sa_num_layers", "td_lstm_num_layers"), 64

_ABSENT: dict[str, Any] = {
    "ms_sr": None,
    **dict.fromkeys(("cnn_pool_1", "cnn_pool_2", "cnn_pool_3"), (0, 0)),
    **dict.fromkeys(("td_sa_pos_enc", "td_lstm_bidirectional"), False),
}
"""What None stands for, where it is not 0."""


class Settings(Record, frozen=True, kw_only=True):
    """The numbers that a network is built with, and its spectrogram; those of the other form are zeros."""

    model: Literal["NISQA", "NISQA_DIM"]
    ms_sr: None
    """The rate that a sound is brought to: none, it is heard at its own."""
    ms_fmax: int
    """Hertz at which the last band ends."""
    ms_n_fft: int
    ms_hop_length: float
    """Seconds."""
    ms_win_length: float
    """Seconds."""
    ms_n_mels: int
    ms_seg_length: int
    """Frames of a window."""
    ms_seg_hop_length: int
    cnn_model: Literal["adapt", "standard"]
    cnn_c_out_1: int
    cnn_c_out_2: int
    cnn_c_out_3: int
    cnn_kernel_size: tuple[int, int]
    cnn_fc_out_h: int
    cnn_pool_1: tuple[int, int]
    """Bands and frames that are left."""
    cnn_pool_2: tuple[int, int]
    cnn_pool_3: tuple[int, int]
    td: Literal["self_att", "lstm"]
    td_2: Literal["skip"]
    td_sa_d_model: int
    td_sa_nhead: int
    td_sa_pos_enc: bool
    td_sa_num_layers: int
    td_sa_h: int
    td_lstm_h: int
    td_lstm_num_layers: int
    td_lstm_bidirectional: bool
    pool: Literal["att", "last_step_bi"]
    pool_att_h: int

    @property
    def scores(self) -> tuple[str, ...]:
        """What the network says."""
        return SCORES if self.model == "NISQA_DIM" else SCORES[:1]

    def samples(self, rate: int) -> tuple[int, int]:
        """Return the length of a window and the step to the next one, in samples at a rate."""
        return int(rate * self.ms_win_length), int(rate * self.ms_hop_length)


def settings(args: Mapping[str, Any], file: Path) -> Settings:
    """Return what a file says of its network.

    Args:
        args: as the file has them; None stands for a number of the form that the network is not of.
        file: where they are from, for the message.

    Raises:
        UsageError: something is missing, or of a form that is not known here; the message names it.
    """
    given = {key: _ABSENT.get(key, 0) if value is None else value for key, value in args.items()}
    try:
        made = msgspec.convert(given, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{file} holds a NISQA that is not known here: {error}") from error
    other = [name for name, value in _FIXED.items() if made.cnn_model == "standard" and getattr(made, name) != value]
    numbers = {name: value for name, value in msgspec.structs.asdict(made).items() if not isinstance(value, str | None)}
    other += [name for name, value in numbers.items() if not 0 <= np.max(value) <= _LARGEST]
    other += [name for name in _REPEATED if getattr(made, name) > _DEEPEST]
    other += ["td_sa_pos_enc"] if made.td_sa_pos_enc else []
    other += ["td_lstm_bidirectional"] if made.td == "lstm" and not made.td_lstm_bidirectional else []
    other += ["pool"] if (made.td == "lstm") != (made.pool == "last_step_bi") else []
    other += ["pool_att_h"] if made.pool == "att" and not made.pool_att_h else []
    if other:
        raise UsageError(f"{file} holds a NISQA that is not known here: its {', '.join(other)}")
    return made
