"""Mel spectra as torchaudio and Kaldi compute them, to the bit of torchaudio 2.11: networks were trained on these.

O'Shaughnessy, "Speech communication", 1987 (the scale of HTK); Slaney, "Auditory Toolbox", 1998; Povey et al., "The
Kaldi speech recognition toolkit", ASRU 2011.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

_LINEAR_UP_TO, _HERTZ_PER_MEL = 1000.0, 200.0 / 3
_LOG_STEP = math.log(6.4) / 27.0
"""Slaney's scale is linear up to 1 kHz; from there 27 mel are a factor of 6.4."""
_KALDI_WINDOW, _KALDI_HOP, _KALDI_FFT = 400, 160, 512
"""Samples at 16 kHz: 25 ms, 10 ms, and the next power of two."""
_PREEMPHASIS = 0.97
_KALDI_LOW = 20.0


def mel_filters(
    bins: int, bands: int, rate: int, high: float, scale: Literal["htk", "slaney"], *, low: float = 0.0
) -> Tensor:
    """Return triangular filters, float32, shape (bins, bands); "slaney" gives them unit area, "htk" peaks of 1.

    Args:
        bins: frequencies of the spectrum, from 0 to rate / 2.
        bands: number of filters.
        rate: samples per second.
        high: hertz at which the last filter ends.
        scale: how they are spread.
        low: hertz at which the first filter begins.
    """
    hertz = torch.linspace(0, rate // 2, bins)
    edges = _hertz(torch.linspace(_mel(low, scale), _mel(high, scale), bands + 2), scale)
    widths = edges[1:] - edges[:-1]
    apart = edges[None] - hertz[:, None]
    rising, falling = -apart[:, :-2] / widths[:-1], apart[:, 2:] / widths[1:]
    filters = torch.minimum(rising, falling).clamp_min(0.0)
    return filters * (2.0 / (edges[2:] - edges[:-2]))[None] if scale == "slaney" else filters


def mel_power(samples: Tensor, rate: int, *, n_fft: int, window: int, hop: int, bands: int) -> Tensor:
    """Return the power in HTK's mel bands, float32, shape (..., bands, 1 + n // hop); frame i is centred on i * hop.

    Args:
        samples: shape (..., n > n_fft / 2); mirrored at its ends.
        rate: samples per second.
        n_fft: length of the transform.
        window: length of the periodic Hann window.
        hop: samples between windows.
        bands: number of filters from 0 to rate / 2.
    """
    flat = samples.reshape(-1, samples.shape[-1])
    spectrum = torch.stft(
        flat, n_fft, hop, window, torch.hann_window(window), center=True, pad_mode="reflect", return_complex=True
    )
    filters = mel_filters(n_fft // 2 + 1, bands, rate, float(rate // 2), "htk")
    power = spectrum.abs().pow(2.0).reshape(*samples.shape[:-1], *spectrum.shape[1:])
    return (power.transpose(-1, -2) @ filters).transpose(-1, -2)


def kaldi_filters(bands: int, n_fft: int, rate: float, low: float, high: float) -> Tensor:
    """Return Kaldi's filters, triangles on the mel scale, float32, shape (bands, n_fft / 2): the last bin is not heard.

    Args:
        bands: number of filters.
        n_fft: length of the transform.
        rate: samples per second.
        low: hertz at which the first filter begins.
        high: hertz at which the last one ends; not above 0: counted from rate / 2.
    """
    top = high if high > 0 else high + rate / 2
    first, last = (1127.0 * math.log(1.0 + edge / 700.0) for edge in (low, top))
    width = (last - first) / (bands + 1)
    band = torch.arange(bands)[:, None]
    left, middle, right = (first + (band + place) * width for place in (0.0, 1.0, 2.0))
    mel = (1127.0 * (1.0 + rate / n_fft * torch.arange(n_fft // 2) / 700.0).log())[None]
    return torch.minimum((mel - left) / (middle - left), (right - mel) / (right - middle)).clamp_min(0.0)


def kaldi_log_mel(samples: Tensor, bands: int) -> Tensor:
    """Return Kaldi's logarithmic mel powers at 16 kHz, float32, shape (1 + (n - 400) // 160, bands), without dither.

    Each window of 25 ms is freed of its mean, pre-emphasised by 0.97 and weighed by a symmetric Hann window.

    Args:
        samples: shape (n >= 400,).
        bands: number of filters from 20 Hz to 8 kHz.
    """
    frames = samples.unfold(0, _KALDI_WINDOW, _KALDI_HOP)
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    frames = (frames - _PREEMPHASIS * before) * torch.hann_window(_KALDI_WINDOW, periodic=False)
    power = torch.fft.rfft(F.pad(frames, (0, _KALDI_FFT - _KALDI_WINDOW))).abs().pow(2.0)
    filters = F.pad(kaldi_filters(bands, _KALDI_FFT, 16_000.0, _KALDI_LOW, 0.0), (0, 1))
    return torch.mm(power, filters.T).clamp_min(torch.finfo(torch.float32).eps).log()


def _mel(hertz: float, scale: Literal["htk", "slaney"]) -> float:
    if scale == "htk":
        return 2595.0 * math.log10(1.0 + hertz / 700.0)
    if hertz < _LINEAR_UP_TO:
        return hertz / _HERTZ_PER_MEL
    return _LINEAR_UP_TO / _HERTZ_PER_MEL + math.log(hertz / _LINEAR_UP_TO) / _LOG_STEP


def _hertz(mels: Tensor, scale: Literal["htk", "slaney"]) -> Tensor:
    if scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    knee = _LINEAR_UP_TO / _HERTZ_PER_MEL
    return torch.where(mels >= knee, _LINEAR_UP_TO * torch.exp(_LOG_STEP * (mels - knee)), _HERTZ_PER_MEL * mels)
