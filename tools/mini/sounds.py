"""Sound from physics: modal banks for struck bodies, bubbles, grains and shaped noise.

A struck body is a sum of damped sinusoids whose frequencies and decays belong to its shape and material, while the
force of the blow sets how loud and how bright they are (van den Doel and Pai, "The sounds of physical shapes",
Presence 7(4), 1998). All signals are float64, mono, at `SAMPLE_RATE`, until `finish` makes them float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini.clip import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIGHEST = 7_400.0
"""Hertz; modes above would lie too near to the Nyquist frequency of 8 kHz."""

MEMBRANE = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06)
"""Mode ratios of an ideal circular membrane (zeros of Bessel functions; Fletcher and Rossing, section 3.6)."""
BAR = (1.0, 2.756, 5.404, 8.933, 13.34)
"""Mode ratios of a free bar (Fletcher and Rossing, section 2.15)."""
BELL = (0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.66, 3.0, 4.0, 5.3)
"""Mode ratios of a tuned church bell from the hum up (Fletcher and Rossing, section 21.3)."""
PLATE = (1.0, 1.52, 2.03, 2.41, 3.1, 3.6, 4.3, 5.1, 6.2, 7.4)
"""Mode ratios of a plate of no special shape."""


def samples(seconds: float) -> int:
    """Samples in a stretch of time."""
    return round(seconds * SAMPLE_RATE)


def clock(seconds: float) -> np.ndarray:
    """The time of each sample, shape (n,)."""
    return np.asarray(np.arange(samples(seconds)) / SAMPLE_RATE)


def add(track: np.ndarray, second: float, sound: np.ndarray, gain: float = 1.0) -> None:
    """Mix `sound` into `track` in place, beginning at `second`; what overhangs either end is cut."""
    start = samples(second)
    first = max(0, -start)
    stop = min(sound.size, track.size - start)
    if stop > first:
        track[start + first : start + stop] += gain * sound[first:stop]


def band_noise(rng: np.random.Generator, count: int, low: float, high: float, tilt: float = 0.0) -> np.ndarray:
    """Noise of unit power between two frequencies, shape (count,); `tilt` is the slope in decibels an octave.

    The band's flanks fall by 24 dB an octave. Shaped in the frequency domain, so the noise is periodic.
    """
    hertz = np.maximum(np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE), 1.0)
    shape = 1.0 / np.sqrt((1.0 + (low / hertz) ** 8) * (1.0 + (hertz / high) ** 8))
    shape *= (hertz / np.sqrt(low * high)) ** (tilt / 6.02)
    spectrum = (rng.standard_normal(hertz.size) + 1j * rng.standard_normal(hertz.size)) * shape
    noise: np.ndarray = np.fft.irfft(spectrum, count)
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12)


def burst(rng: np.random.Generator, low: float, high: float, decay: float) -> np.ndarray:
    """A burst of noise that starts at once and dies away with time constant `decay` seconds."""
    count = samples(6.0 * decay) + 16
    return band_noise(rng, count, low, high) * np.exp(-np.arange(count) / (decay * SAMPLE_RATE))


def bubble(hertz: float, decay: float, rise: float = 0.1) -> np.ndarray:
    """A bubble closing under water: a damped sine at its Minnaert frequency that rises as the bubble surfaces.

    Minnaert, "On musical air-bubbles" (1933): hertz = 3.26 / radius in metres. `rise` is the relative rise of the
    frequency over one time constant (van den Doel, "Physically based models for liquid sounds", 2005).
    """
    when = np.arange(samples(6.0 * decay)) / SAMPLE_RATE
    phase = 2.0 * np.pi * hertz * (when + 0.5 * rise / decay * when**2)
    return np.asarray(np.sin(phase) * np.exp(-when / decay))


def grains(rng: np.random.Generator, rate: np.ndarray, kernels: Sequence[np.ndarray]) -> np.ndarray:
    """Many tiny impacts: Poisson impulses of `rate` a second (one value a sample), each sounding a kernel."""
    track = np.zeros(rate.size)
    for kernel in kernels:
        struck = rng.random(rate.size) < rate / (SAMPLE_RATE * len(kernels))
        impulses = struck * rng.exponential(1.0, rate.size) * rng.choice((-1.0, 1.0), rate.size)
        track += convolve(impulses, kernel)
    return track


def convolve(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution by Fourier transform, cut to the signal's length."""
    width = 1 << (signal.size + kernel.size - 1).bit_length()
    product = np.fft.rfft(signal, width) * np.fft.rfft(kernel, width)
    whole: np.ndarray = np.fft.irfft(product, width)
    return whole[: signal.size]


@dataclass(frozen=True, kw_only=True)
class Bank:
    """A body that rings when it is struck."""

    hertz: np.ndarray
    """(M,) mode frequencies."""
    gains: np.ndarray
    """(M,) mode amplitudes of the hardest blow."""
    waves: np.ndarray
    """(M, n) one damped sine per mode."""

    def strike(self, force: float) -> np.ndarray:
        """The sound, shape (n,), of a blow of `force` 0..1: harder blows are louder and brighter."""
        corner = 500.0 + 7_000.0 * force
        weights = self.gains * np.exp(-self.hertz / corner) * force**1.2
        return np.asarray(weights @ self.waves)


def bank(
    rng: np.random.Generator,
    base: float,
    ratios: Sequence[float],
    *,
    decay: float,
    damping: float = 0.7,
    tilt: float = 0.5,
    seconds: float | None = None,
) -> Bank:
    """A modal bank around a base frequency.

    Args:
        rng: Detunes each mode by about 1 % and varies the amplitudes, as no two bodies are alike.
        base: Frequency of the mode with ratio 1, hertz.
        ratios: Frequencies as multiples of `base`; those too near to the Nyquist frequency are left out.
        decay: Time constant at `base`, seconds.
        damping: Decay falls with frequency as ratio ** -damping.
        tilt: Amplitude falls as ratio ** -tilt.
        seconds: Length of the sound; by default seven time constants.
    """
    ratio = np.array(ratios) * rng.normal(1.0, 0.012, len(ratios))
    ratio = ratio[ratio * base < _HIGHEST]
    if ratio.size == 0:
        ratio = np.array([_HIGHEST / base])
    count = samples(seconds if seconds is not None else min(2.5, 7.0 * decay))
    when = np.arange(count) / SAMPLE_RATE
    decays = decay * np.maximum(ratio, 0.3) ** -damping
    waves = np.sin(2.0 * np.pi * np.outer(ratio * base, when)) * np.exp(-np.outer(1.0 / decays, when))
    gains = ratio**-tilt * rng.uniform(0.5, 1.0, ratio.size)
    return Bank(hertz=ratio * base, gains=gains / gains.sum(), waves=waves)


def finish(
    rng: np.random.Generator, track: np.ndarray, *, room: float = 0.06, peak: tuple[float, float] = (0.35, 0.75)
) -> np.ndarray:
    """Put a dry track into a small room, add a faint air noise and set its peak.

    Args:
        rng: Draws the room, its size and the level.
        track: (n,) dry signal.
        room: Energy of the echoes against the direct sound, as an amplitude ratio; 0 for the open air.
        peak: Range of the largest absolute sample.

    Returns:
        float32, shape (n,).
    """
    wet = track
    if room > 0.0:
        decay = rng.uniform(0.04, 0.12)
        tail = burst(rng, 200.0, 5_000.0, decay)
        tail[: samples(0.004)] = 0.0
        wet = track + room * convolve(track, tail / np.sqrt(np.sum(tail**2)))
    top = max(float(np.max(np.abs(wet))), 1e-9)
    air = band_noise(rng, track.size, 60.0, 1_500.0, -4.0) * 10.0 ** rng.uniform(-4.0, -3.3)
    return np.asarray(wet / top * rng.uniform(*peak) + air, np.float32)
