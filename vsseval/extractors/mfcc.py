"""Speech to mel-frequency cepstra with the conventions of python_speech_features 0.6, which SyncNet was trained on.

Davis and Mermelstein, 'Comparison of parametric representations for monosyllabic word recognition', 1980; scaling,
liftering and energy as in HTK.
"""

from __future__ import annotations

import functools

import numpy as np

RATE, CEPSTRA = 16_000, 13
WINDOW, HOP = 400, 160
"""Samples: 25 ms every 10 ms, without a window function."""

_FFT, _BANDS, _LIFTER = 512, 26, 22
_EMPHASIS = 0.97
_TINY = np.finfo(float).eps
"""Put in the place of an energy of zero."""


def mfcc(samples: np.ndarray) -> np.ndarray:
    """Return the cepstra of 16 kHz speech, the first of them replaced by the logarithm of the energy.

    Args:
        samples: shape (n >= 1,), at the scale of 16-bit integers.

    Returns:
        float64, shape (1 + ceil((n - 400) / 160), 13), or (1, 13) up to 400 samples; the last frame is filled up with
        zeros.
    """
    # imported here: the list of extractors reads this file and computes nothing
    from scipy.fft import dct

    signal = np.asarray(samples, np.float64)
    signal = np.append(signal[:1], signal[1:] - _EMPHASIS * signal[:-1])
    count = 1 + max(0, -(-(signal.size - WINDOW) // HOP))
    padded = np.pad(signal, (0, max(0, (count - 1) * HOP + WINDOW - signal.size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(frames, _FFT, axis=1)) ** 2 / _FFT
    bands = _positive(power @ _filters().T)
    cepstra = dct(np.log(bands), type=2, axis=1, norm="ortho")[:, :CEPSTRA]
    cepstra = cepstra * (1 + _LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / _LIFTER))
    cepstra[:, 0] = np.log(_positive(power.sum(axis=1)))
    return np.asarray(cepstra)


def _positive(energies: np.ndarray) -> np.ndarray:
    return np.where(energies == 0, _TINY, energies)


@functools.cache
def _filters() -> np.ndarray:
    """Return the triangles, shape (26, 257), with corners at whole bins."""
    mels = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), _BANDS + 2)
    corners = np.floor((_FFT + 1) * 700 * (10 ** (mels / 2595) - 1) / RATE)
    filters = np.zeros((_BANDS, _FFT // 2 + 1))
    for band, (left, top, right) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        rising, falling = np.arange(int(left), int(top)), np.arange(int(top), int(right))
        filters[band, rising] = (rising - left) / (top - left)
        filters[band, falling] = (right - falling) / (right - top)
    return filters
