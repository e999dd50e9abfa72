"""NISQA: speech to what listeners would say of it, and NISQA-TTS: how natural synthesised speech is.

Mittag et al., "NISQA: A deep CNN-self-attention model for multidimensional speech quality prediction with crowdsourced
datasets", Interspeech 2021; Mittag and Möller, "Deep learning based assessment of synthetic speech naturalness",
Interspeech 2020. Both as in gabrielmittag/NISQA fe84f0f: convolutions over windows of a mel spectrogram, then
self-attention or an LSTM over the windows, then one pool to each score. A file of weights says which, and how wide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.errors import UsageError
from vsseval.networks.checkpoint_layout import read_layout
from vsseval.networks.nisqa_settings import Settings, settings
from vsseval.networks.spectrum import mel_filters, power
from vsseval.networks.state_dict import fill_network, read_state_dict, require_fit

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 512
"""Windows that go through the convolutions together: a minute of sound would take half a gigabyte."""
_LEAST_MAGNITUDE, _RANGE = 1e-4, 80.0
"""Of the spectrogram, and of its decibels below the loudest."""
_FIXED_BANDS, _FIXED_FRAMES = 6, 2
"""What three halvings leave of 48 bands and 15 frames."""
_NAMES = (
    (r"^cnn\.model\.conv(\d)\.", lambda found: f"frames.convolutions.{int(found[1]) - 1}."),
    (r"^cnn\.model\.bn(\d)\.", lambda found: f"frames.norms.{int(found[1]) - 1}."),
    (r"^cnn\.model\.(?:fc|fc_out)\.", lambda _: "frames.projection."),
    (r"^time_dependency\.model\.", lambda _: "context."),
    (r"\.self_attn\.in_proj_", lambda _: ".to_attention."),
    (r"\.self_attn\.out_proj\.", lambda _: ".from_attention."),
    (r"^pool\.model\.", lambda _: "pools.0."),
    (r"^pool_layers\.(\d)\.model\.", lambda found: f"pools.{found[1]}."),
)


class Nisqa(nn.Module):
    """A mel spectrogram to scores."""

    def __init__(self, made: Settings) -> None:
        super().__init__()
        self.settings = made
        self.frames = Adaptive(made) if made.cnn_model == "adapt" else Fixed(made)
        self.context = (Attention if made.td == "self_att" else Recurrent)(self.frames.width, made)
        width = made.td_sa_d_model if made.td == "self_att" else 2 * made.td_lstm_h
        pool = (lambda: Weighted(width, made.pool_att_h)) if made.pool == "att" else (lambda: Ends(width))
        self.pools = nn.ModuleList(pool() for _ in made.scores)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Map decibels (b, bands, frames >= 15) to scores (b, k), about 1 to 5, in the order of `settings.scores`."""
        windows = spectrograms.unfold(2, self.settings.ms_seg_length, self.settings.ms_seg_hop_length).transpose(1, 2)
        parts = torch.split(windows.flatten(0, 1)[:, None], _AT_ONCE)
        seen = torch.cat([self.frames(part) for part in parts])
        heard = self.context(seen.reshape(*windows.shape[:2], -1))
        return torch.cat([pool(heard) for pool in self.pools], dim=1)


class Convolutions(nn.Module):
    """Six convolutions, each normalised."""

    def __init__(self, made: Settings, last: tuple[int, int], beside: tuple[int, int]) -> None:
        super().__init__()
        channels = (1, made.cnn_c_out_1, made.cnn_c_out_2, *4 * (made.cnn_c_out_3,))
        pairs = [*pairwise(channels)]
        self.convolutions = nn.ModuleList(nn.Conv2d(*pair, made.cnn_kernel_size, padding=1) for pair in pairs[:-1])
        self.convolutions.append(nn.Conv2d(*pairs[-1], last, padding=beside))
        self.norms = nn.ModuleList(nn.BatchNorm2d(wide) for wide in channels[1:])

    def project(self, have: int, want: int) -> None:
        """Let a linear layer follow, where it is wanted."""
        self.width = want or have
        self.projection = nn.Linear(have, want) if want else nn.Identity()

    def step(self, x: Tensor, number: int) -> Tensor:
        """Convolve, normalise and rectify."""
        return F.relu(self.norms[number](self.convolutions[number](x)))


class Adaptive(Convolutions):
    """Pools to sizes that the settings name; the last convolution is as wide as what is left, and leaves one column."""

    def __init__(self, made: Settings) -> None:
        super().__init__(made, (made.cnn_kernel_size[0], made.cnn_pool_3[1]), (1, 0))
        self._sizes = (made.cnn_pool_1, made.cnn_pool_2, made.cnn_pool_3)
        self.project(made.cnn_c_out_3 * made.cnn_pool_3[0], made.cnn_fc_out_h)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (n, 1, bands, frames) to (n, width)."""
        first, second, third = self._sizes
        x = F.adaptive_max_pool2d(self.step(x, 0), first)
        x = F.adaptive_max_pool2d(self.step(x, 1), second)
        x = F.adaptive_max_pool2d(self.step(self.step(x, 2), 3), third)
        out: Tensor = self.projection(self.step(self.step(x, 4), 5).flatten(1))
        return out


class Fixed(Convolutions):
    """Halves 48 bands and 15 frames three times."""

    def __init__(self, made: Settings) -> None:
        super().__init__(made, made.cnn_kernel_size, (1, 1))
        self.project(made.cnn_c_out_3 * _FIXED_BANDS * _FIXED_FRAMES, made.cnn_fc_out_h)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (n, 1, 48, 15) to (n, width)."""
        x = F.max_pool2d(self.step(x, 0), 2, padding=(0, 1))
        x = F.max_pool2d(self.step(x, 1), 2)
        x = F.max_pool2d(self.step(self.step(x, 2), 3), 2)
        out: Tensor = self.projection(self.step(self.step(x, 4), 5).flatten(1))
        return out


class Attention(nn.Module):
    """Self-attention over the windows of a clip, without positions."""

    def __init__(self, have: int, made: Settings) -> None:
        super().__init__()
        self.linear, self.norm1 = nn.Linear(have, made.td_sa_d_model), nn.LayerNorm(made.td_sa_d_model)
        self.layers = nn.ModuleList(
            AttentionLayer(made.td_sa_d_model, made.td_sa_nhead, made.td_sa_h) for _ in range(made.td_sa_num_layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, windows, have) to (b, windows, width)."""
        x = self.norm1(self.linear(x))
        for layer in self.layers:
            x = layer(x)
        return x


class AttentionLayer(nn.Module):
    """Attention and two linear layers, each added to what came in, and normalised after it."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self._heads = heads
        self.to_attention, self.from_attention = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, windows, width) to the same shape."""
        q, k, v = self.to_attention(x).unflatten(2, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = self.norm1(x + self.from_attention(seen))
        out: Tensor = self.norm2(x + self.linear2(F.relu(self.linear1(x))))
        return out


class Recurrent(nn.Module):
    """An LSTM in both directions."""

    def __init__(self, have: int, made: Settings) -> None:
        super().__init__()
        self.lstm = nn.LSTM(have, made.td_lstm_h, made.td_lstm_num_layers, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, windows, have) to (b, windows, 2 * hidden)."""
        heard: Tensor = self.lstm(x)[0]
        return heard


class Weighted(nn.Module):
    """The mean over windows, each weighted by what a small network says of it, and one number of that."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.linear1, self.linear2, self.linear3 = nn.Linear(width, hidden), nn.Linear(hidden, 1), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, windows, width) to (b, 1)."""
        weights = self.linear2(F.relu(self.linear1(x))).softmax(dim=1)
        out: Tensor = self.linear3((weights * x).sum(dim=1))
        return out


class Ends(nn.Module):
    """What an LSTM says at the end of the clip, and backwards at its beginning, and one number of that."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, windows, width) to (b, 1)."""
        half = x.shape[2] // 2
        out: Tensor = self.linear(torch.cat([x[:, -1, :half], x[:, 0, half:]], dim=1))
        return out


def log_mel(samples: np.ndarray, rate: int, made: Settings) -> np.ndarray:
    """Return the decibels of a sound's mel magnitudes, float32, (bands, 1 + n // hop), at most 80 below the loudest.

    The window and the step are of fixed duration, the transform is of fixed length: what the network sees depends on
    the rate of the sound, and bands above half of it are empty.

    Args:
        samples: mono, (n,), mirrored at its ends.
        rate: samples per second.
        made: what the network was built with.
    """
    window, hop = made.samples(rate)
    padded = np.pad(samples, ((window + 1) // 2, window // 2), mode="reflect")
    magnitude = np.sqrt(power(padded, window, hop, made.ms_n_fft))
    bands = magnitude @ mel_filters(rate, made.ms_n_fft, made.ms_n_mels, 0.0, float(made.ms_fmax), "slaney")
    decibels = 20 * np.log10(np.maximum(bands, _LEAST_MAGNITUDE))
    return np.asarray(np.maximum(decibels, decibels.max() - _RANGE).T, np.float32)


def build(file: Path) -> Nisqa:
    """Return the network of a file of the makers, with its weights.

    Raises:
        UsageError: it is of another network, or of a form of this one that is not known here; the message says which.
    """
    args = read_layout(file).beside.get("args")
    if not isinstance(args, Mapping):
        raise UsageError(f"{file} does not hold the weights of NISQA: it does not say what the network is built like")
    made = settings(args, file)
    state = _renamed(read_state_dict(file))
    with torch.device("meta"):  # sizes that the file only says are not made room for
        shapes = {key: value.shape for key, value in Nisqa(made).state_dict().items()}
    require_fit(state, shapes, file, "NISQA")
    return fill_network(lambda: Nisqa(made), state, file, "NISQA")


def _renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found: dict[str, Any] = {}
    for key, value in state.items():
        name = key
        for old, new in _NAMES:
            name = re.sub(old, new, name)
        found[name] = value
    return found
