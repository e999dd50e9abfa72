"""A voice to one speaker embedding: RawNet3, from the waveform.

Jung et al. 2022, "Pushing the limits of raw waveform speaker recognition" (arXiv 2203.08488), with parameter names
of its makers. VSSFlow takes the mean over ten windows of three seconds, not normalised, as the speaker token.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsseval.errors import UsageError
from vssflow.authors.weights import Unfilled, read_state_dict
from vssflow.prompt import SAMPLE_RATE

WIDTH = 256
"""Numbers in a speaker embedding."""
WINDOW = 3 * SAMPLE_RATE
"""Samples of one window."""
WINDOWS = 10
SILENCE = 1e-4
"""Standard deviation below which a prompt is silent: -80 dB of full scale, under the last bit of 16."""

_PRE_EMPHASIS = 0.97
_KERNEL, _STRIDE = 251, 10
"""Samples: length and hop of the sinc filters."""
_LOWEST_HZ, _NARROWEST_HZ = 50.0, 50.0
_LOG_FLOOR = 1e-6
_LEAST_VARIANCE, _GREATEST_VARIANCE = 1e-4, 1e4
_CHANNELS, _SCALE = 1024, 8
_POOLED = 1536


def load_rawnet3(path: Path) -> RawNet3:
    """Read the network from a file of weights, its makers' `model.pt` or a plain state dict.

    Raises:
        UsageError: the file cannot be read, or it is not this network; the message names the keys.
    """
    state = read_state_dict(path)
    with Unfilled():
        network = RawNet3()
    expected = network.state_dict()
    missing, unexpected = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing or unexpected:
        raise UsageError(f"{path} is not RawNet3: missing {_some(missing)}; unexpected {_some(unexpected)}")
    misshapen = [key for key, value in expected.items() if value.shape != state[key].shape]
    if misshapen:
        raise UsageError(f"{path} is not RawNet3 as VSSFlow uses it: of another shape are {_some(misshapen)}")
    network.load_state_dict({key: state[key].to(value.dtype) for key, value in expected.items()}, assign=True)
    return network.requires_grad_(False)


def _some(keys: list[str]) -> str:
    shown = ", ".join(keys[:5]) or "nothing"
    return f"{shown} and {len(keys) - 5} more" if len(keys) > 5 else shown


@torch.no_grad()
def embed(network: RawNet3, audio: Tensor | None) -> Tensor:
    """Describe a voice.

    No prompt, an empty one and a silent one (`SILENCE`) give zeros, which is what the authors use for "no voice in
    particular": the projection has no bias, so the speaker token is exactly zero. RawNet3 itself would give some
    voice for silence.

    Args:
        network: with weights.
        audio: another utterance of the voice at 16 kHz, shape (samples,), of any length.

    Returns:
        Shape (256,), on the network's device: the mean over ten windows.

    Raises:
        UsageError: the prompt is not one channel, or it holds NaN, infinite or enormous samples.
    """
    device = network.fc6.weight.device
    if audio is None or audio.numel() == 0:
        return torch.zeros(WIDTH, device=device)
    if audio.ndim != 1:
        raise UsageError(f"the voice prompt must be one channel of shape (samples,), not {tuple(audio.shape)}")
    audio = audio.to(device, torch.float32)
    if not audio.isfinite().all():
        raise UsageError("the voice prompt holds samples that are NaN or infinite; record or convert it again")
    if audio.std(correction=0) < SILENCE:
        return torch.zeros(WIDTH, device=device)
    # one at a time: ten at once take 1.5 GB and are no quicker
    windows, which = torch.unique_consecutive(voice_windows(audio), dim=0, return_inverse=True)
    embeddings = torch.cat([network(window.unsqueeze(0)) for window in windows])
    embedding = embeddings[which].mean(0)
    if not embedding.isfinite().all():
        raise UsageError(f"the voice prompt is too loud to be sound: its peak is {float(audio.abs().max()):.3g}")
    return embedding


def voice_windows(audio: Tensor) -> Tensor:
    """Cut (samples,) into ten windows (10, 48000), evenly spread; shorter sound is repeated to 3 s and one sample."""
    if len(audio) < WINDOW:
        audio = audio.repeat(math.ceil((WINDOW + 1) / len(audio)))[: WINDOW + 1]
    starts = np.linspace(0, len(audio) - WINDOW, WINDOWS).astype(int)
    return torch.stack([audio[start : start + WINDOW] for start in starts.tolist()])


class PreEmphasis(nn.Module):
    """First difference y[i] = x[i] - 0.97 x[i-1], the sample before the first being the second."""

    flipped_filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("flipped_filter", torch.tensor([[[-_PRE_EMPHASIS, 1.0]]]))

    def forward(self, audio: Tensor) -> Tensor:
        """Map (batch, 1, samples) to the same shape."""
        return F.conv1d(F.pad(audio, (1, 0), "reflect"), self.flipped_filter)


class SincFilters(nn.Module):
    """Band-pass filters with learned edges: 128 even ones (cosine) and 128 odd ones (sine).

    Ravanelli and Bengio 2018, "Speaker recognition from raw waveform with SincNet"; the analytic pair as in
    Pariente et al. 2020, "Filterbank design for end-to-end speech separation".
    """

    window_: Tensor
    n_: Tensor

    def __init__(self, filters: int = WIDTH) -> None:
        super().__init__()
        half = _KERNEL // 2
        highest = SAMPLE_RATE / 2 - (_LOWEST_HZ + _NARROWEST_HZ)
        edges = _mel_to_hertz(np.linspace(_hertz_to_mel(30.0), _hertz_to_mel(highest), filters // 2 + 1))
        self.low_hz_ = nn.Parameter(torch.tensor(edges[:-1]).unsqueeze(1))
        self.band_hz_ = nn.Parameter(torch.tensor(np.diff(edges)).unsqueeze(1))
        self.register_buffer("window_", torch.tensor(np.hamming(_KERNEL)[:half], dtype=torch.float32))
        # the log of a nearly silent band shows the last bit of these: they are rounded as the authors' are
        self.register_buffer("n_", 2 * math.pi * (torch.arange(-half, 0).unsqueeze(0) / SAMPLE_RATE))

    def forward(self) -> Tensor:
        """Build the filters, shape (256, 1, 251)."""
        low = _LOWEST_HZ + self.low_hz_.abs()
        high = (low + _NARROWEST_HZ + self.band_hz_.abs()).clamp(_LOWEST_HZ, SAMPLE_RATE / 2)
        below, above = low @ self.n_, high @ self.n_
        even = (above.sin() - below.sin()) / (self.n_ / 2) * self.window_
        odd = (below.cos() - above.cos()) / (self.n_ / 2) * self.window_
        band = high - low
        cosine = torch.cat([even, 2 * band, even.flip(1)], 1)
        sine = torch.cat([odd, torch.zeros_like(band), -odd.flip(1)], 1)
        return (torch.cat([cosine, sine]) / (2 * band).repeat(2, 1)).unsqueeze(1)


def _hertz_to_mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700 * (10 ** (mel.astype(np.float32) / 2595) - 1))


class SincConvolution(nn.Module):
    """The filter bank, every ten samples."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters()

    def forward(self, audio: Tensor) -> Tensor:
        """Map (batch, 1, samples) to (batch, 256, (samples - 251) // 10 + 1)."""
        return F.conv1d(audio, self.filterbank(), stride=_STRIDE)


class FeatureMapScaling(nn.Module):
    """Channels shifted, then weighed by a gate on their means ("AFMS", Jung et al. 2020)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels, 1))
        self.fc = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, frames) to the same shape."""
        gate: Tensor = self.fc(x.mean(-1)).sigmoid().unsqueeze(-1)
        return (x + self.alpha) * gate


class Bottle2neck(nn.Module):
    """Res2Net block: eight groups of channels, each convolved after the one before was added to it."""

    def __init__(self, width_in: int, width: int, dilation: int, pool: int | None) -> None:
        super().__init__()
        group, steps = width // _SCALE, _SCALE - 1
        self.conv1 = nn.Conv1d(width_in, width, 1)
        self.bn1 = nn.BatchNorm1d(width)
        self.convs = nn.ModuleList(
            nn.Conv1d(group, group, 3, dilation=dilation, padding=dilation) for _ in range(steps)
        )
        self.bns = nn.ModuleList(nn.BatchNorm1d(group) for _ in range(steps))
        self.conv3 = nn.Conv1d(width, width, 1)
        self.bn3 = nn.BatchNorm1d(width)
        self.afms = FeatureMapScaling(width)
        self.mp = nn.MaxPool1d(pool) if pool else nn.Identity()
        narrow = width_in != width
        self.residual = nn.Sequential(nn.Conv1d(width_in, width, 1, bias=False)) if narrow else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width_in, frames) to (batch, width, frames // pool)."""
        *groups, last = self.bn1(self.conv1(x).relu()).chunk(_SCALE, 1)
        done: list[Tensor] = []
        for group, convolution, norm in zip(groups, self.convs, self.bns, strict=True):
            carried = group + done[-1] if done else group
            done.append(norm(convolution(carried).relu()))
        out = self.bn3(self.conv3(torch.cat([*done, last], 1)).relu())
        pooled: Tensor = self.afms(self.mp(out + self.residual(x)))
        return pooled


class RawNet3(nn.Module):
    """Waveform to speaker embedding, C = 1024, with context attention and 256 outputs.

    It is a frozen front end: it stays in evaluation mode unless it is told otherwise. `bn1` and `bn6` are in every
    file of its weights and in none of its outputs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = nn.Sequential(PreEmphasis(), nn.InstanceNorm1d(1, eps=1e-4, affine=True))
        self.conv1 = SincConvolution()
        self.bn1 = nn.BatchNorm1d(WIDTH)
        self.layer1 = Bottle2neck(WIDTH, _CHANNELS, dilation=2, pool=5)
        self.layer2 = Bottle2neck(_CHANNELS, _CHANNELS, dilation=3, pool=3)
        self.layer3 = Bottle2neck(_CHANNELS, _CHANNELS, dilation=4, pool=None)
        self.layer4 = nn.Conv1d(3 * _CHANNELS, _POOLED, 1)
        self.attention = nn.Sequential(
            nn.Conv1d(3 * _POOLED, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, _POOLED, 1), nn.Softmax(2)
        )
        self.bn5 = nn.BatchNorm1d(2 * _POOLED)
        self.fc6 = nn.Linear(2 * _POOLED, WIDTH)
        self.bn6 = nn.BatchNorm1d(WIDTH)
        self.eval()

    def forward(self, audio: Tensor) -> Tensor:
        """Map sound (batch, samples) at 16 kHz, at least a second, to embeddings (batch, 256)."""
        x = self.conv1(self.preprocess(audio.unsqueeze(1))).abs().add(_LOG_FLOOR).log()
        x = x - x.mean(-1, keepdim=True)
        first = self.layer1(x)
        second = self.layer2(first)
        shrunk = F.max_pool1d(first, 3)
        third = self.layer3(shrunk + second)
        x = self.layer4(torch.cat([shrunk, second, third], 1)).relu()
        embedding: Tensor = self.fc6(self.bn5(self._pool(x)))
        return embedding

    def _pool(self, x: Tensor) -> Tensor:
        """Attentive mean and deviation over time: (batch, 1536, frames) to (batch, 3072)."""
        deviation = x.var(-1, keepdim=True).clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()
        context = torch.cat([x, x.mean(-1, keepdim=True).expand_as(x), deviation.expand_as(x)], 1)
        weights = self.attention(context)
        mean = (x * weights).sum(-1)
        variance = (x.square() * weights).sum(-1) - mean.square()
        return torch.cat([mean, variance.clamp(_LEAST_VARIANCE, _GREATEST_VARIANCE).sqrt()], 1)
