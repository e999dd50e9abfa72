"""A voice in 256 numbers, without a network: what the speaker token of the small configuration is made of.

Mean and spread of the log-mel bands over voiced frames describe the vocal tract, a histogram of the fundamental
frequency the pitch. Loudness is divided out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vssflow.prompt import SAMPLE_RATE
from vssflow.small.audio import HOP, MELS, MelSpectrogram, fit

WIDTH = 256
_PITCH_BINS = WIDTH - 3 * MELS
_PITCH_LOW, _PITCH_HIGH = 60.0, 420.0
_FRAME = 1024


def voice_vector(audio: Tensor, mel: MelSpectrogram) -> Tensor:
    """Map a prompt (n,) at 16 kHz to its description (256,); zeros where nothing sounds.

    Zeros are also what the model is given when no voice is asked for.
    """
    audio = fit(audio, max(2 * _FRAME, math.ceil(audio.shape[-1] / HOP) * HOP))
    level = audio.square().mean().sqrt()
    if level < 1e-4:  # -80 dB of full scale
        return torch.zeros(WIDTH)
    bands = mel((audio * (0.05 / level)).unsqueeze(0))[0]
    loudness = bands.exp().mean(-1)
    voiced = bands[loudness > 0.1 * loudness.quantile(0.95)]
    if len(voiced) < 8:
        return torch.zeros(WIDTH)
    change = (voiced[1:] - voiced[:-1]).abs().mean(0)
    # constants of the shift and scale bring each part to the order of one
    parts = [
        (voiced.mean(0) + 4.0) / 2.0,
        voiced.std(0) - 1.5,
        2.0 * change - 1.0,
        4.0 * pitch_histogram(audio),
    ]
    return torch.cat(parts)


def pitch_histogram(audio: Tensor) -> Tensor:
    """Share of voiced frames in 16 bins of fundamental frequency, 60 to 420 Hz on a logarithmic axis."""
    frames = audio.unfold(0, _FRAME, 2 * HOP)
    frames = (frames - frames.mean(-1, keepdim=True)) * torch.hann_window(_FRAME)
    power = torch.fft.rfft(frames, 2 * _FRAME).abs().square()
    correlation = torch.fft.irfft(power)[:, :_FRAME]
    # dividing by the window's own correlation undoes its bias to short lags
    window = torch.fft.irfft(torch.fft.rfft(torch.hann_window(_FRAME), 2 * _FRAME).abs().square())[:_FRAME]
    correlation = correlation / correlation[:, :1].clamp_min(1e-9) / (window / window[0]).clamp_min(1e-3)
    first, last = int(SAMPLE_RATE / _PITCH_HIGH), int(SAMPLE_RATE / _PITCH_LOW)
    # multiples of the period correlate as well as the period itself: the shorter lag is to win
    peak, lag = (correlation[:, first:last] * torch.linspace(1.0, 0.7, last - first)).max(-1)
    loud = frames.square().mean(-1) > 0.1 * frames.square().mean(-1).max()
    pitch = SAMPLE_RATE / (lag + first).float()[(peak > 0.6) & loud]
    if len(pitch) == 0:
        return torch.zeros(_PITCH_BINS)
    place = (pitch / _PITCH_LOW).log() / math.log(_PITCH_HIGH / _PITCH_LOW) * (_PITCH_BINS - 1)
    bins = torch.arange(_PITCH_BINS, dtype=torch.float32)
    return torch.exp(-0.5 * (place[:, None] - bins[None, :]).square()).mean(0)
