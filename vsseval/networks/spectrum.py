"""Short-time spectra and mel bands in numpy, shared by the extractors of sound."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np

INAUDIBLE = 1e-3
"""Peak amplitude (-60 dBFS) below which a recording counts as silent."""

FLOOR = 0.01
"""Added to magnitudes before their logarithm, as in VGGish."""


def silent(samples: np.ndarray) -> bool:
    """Tell whether a signal in [-1, 1], of any shape, nowhere exceeds `INAUDIBLE`."""
    return samples.size == 0 or float(np.abs(samples).max()) < INAUDIBLE


def power(samples: np.ndarray, window: int, hop: int, n_fft: int | None = None) -> np.ndarray:
    """Return the power spectrum of every whole window.

    Args:
        samples: mono, shape (n,); padding is the caller's business.
        window: length of the periodic Hann window, in samples.
        hop: samples between windows.
        n_fft: transform length, the window's if None.

    Returns:
        float64, shape (1 + (n - window) // hop, n_fft // 2 + 1); no rows where n < window.
    """
    n_fft = n_fft or window
    if samples.size < window:
        return np.zeros((0, n_fft // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(samples, np.float64), window)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    spectrum: np.ndarray = np.abs(np.fft.rfft(frames * hann, n_fft, axis=1)) ** 2
    return spectrum


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return the log-mel spectrogram of VGGish from 16 kHz mono (Hershey et al., ICASSP 2017).

    64 bands from 125 to 7500 Hz, windows of 25 ms every 10 ms, log(magnitude + 0.01): silence is a level like any
    other.

    Args:
        samples: shape (n,), in [-1, 1].

    Returns:
        float64, shape (1 + (n - 400) // 160, 64); no rows where n < 400.
    """
    magnitude = np.sqrt(power(samples, 400, 160, 512))
    bands = magnitude @ mel_filters(16_000, 512, 64, 125.0, 7500.0, "htk")
    return np.asarray(np.log(bands + FLOOR))


@functools.cache
def mel_filters(
    rate: int, n_fft: int, bands: int, low: float, high: float, scale: Literal["htk", "slaney"]
) -> np.ndarray:
    """Return triangular mel filters, float64, shape (n_fft // 2 + 1, bands), read only.

    Args:
        rate: samples per second.
        n_fft: transform length.
        bands: number of filters.
        low: hertz at which the first filter begins.
        high: hertz at which the last filter ends.
        scale: "htk" (mel = 2595 log10(1 + f / 700), peaks of 1) or "slaney" (linear to 1 kHz, then logarithmic;
            filters of unit area), as in Slaney, "Auditory Toolbox", 1998.
    """
    edges = _from_mel(np.linspace(_to_mel(low, scale), _to_mel(high, scale), bands + 2), scale)
    hertz = np.fft.rfftfreq(n_fft, 1 / rate)[:, None]
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    filters: np.ndarray = np.maximum(0.0, np.minimum(rising, falling))
    if scale == "slaney":
        filters = filters * 2 / (edges[2:] - edges[:-2])
    filters.setflags(write=False)
    return filters


_KNEE_HERTZ, _KNEE_MEL, _STEP = 1000.0, 15.0, np.log(6.4) / 27


def _to_mel(hertz: float, scale: str) -> float:
    if scale == "htk":
        return float(2595 * np.log10(1 + hertz / 700))
    if hertz < _KNEE_HERTZ:
        return hertz * _KNEE_MEL / _KNEE_HERTZ
    return float(_KNEE_MEL + np.log(hertz / _KNEE_HERTZ) / _STEP)


def _from_mel(mel: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return np.asarray(700 * (10 ** (mel / 2595) - 1))
    above = _KNEE_HERTZ * np.exp(_STEP * (mel - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _KNEE_HERTZ / _KNEE_MEL, above)
