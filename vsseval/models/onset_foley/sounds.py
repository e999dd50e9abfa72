"""The sounds that are placed: one event after the other, or a texture that follows an intensity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BANDS", "LEAD_SECONDS", "RATE", "Event", "Texture", "follow_intensity", "place", "room", "spectrum"]

RATE = 16_000
BANDS = 16
LEAD_SECONDS = 0.004
"""What a cut holds before its event."""

_GRAIN, _HOP = 1280, 640
"""Samples: 80 ms every 40 ms, one a frame."""
_SEARCH = 160
"""Samples that a grain may be moved, so that its wave goes on from the one before."""
_STEP = 80
"""Samples between the places at which a grain may begin."""
_CLOSE = 0.06
"""Difference of intensity up to which the texture simply plays on."""
_CHOICES = 6
"""Grains among which chance decides."""
_ROOM = 2.5e-4
"""Root mean square of the air of a quiet room."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One or more cuts of the same thing being struck, from one training clip."""

    cuts: tuple[np.ndarray, ...]
    """float32 (n,) each; the event is at `LEAD_SECONDS`."""
    spectrum: np.ndarray
    """(BANDS,), see `spectrum`."""


@dataclass(frozen=True, kw_only=True)
class Texture:
    """A stretch of continuous sound, and how strong it is."""

    samples: np.ndarray
    """float32 (n,)."""
    intensity: np.ndarray
    """(n / 640,), 0..1, 25 a second; value i is that of sample 640 * i."""
    spectrum: np.ndarray


def spectrum(samples: np.ndarray) -> np.ndarray:
    """Return the shape of a sound's spectrum: decibels in bands of 80 Hz to 8 kHz against their mean, (BANDS,)."""
    power = np.abs(np.fft.rfft(samples.astype(np.float64), max(samples.size, 2048))) ** 2
    hertz = np.fft.rfftfreq(max(samples.size, 2048), 1.0 / RATE)
    edges = np.geomspace(80.0, 8_000.0, BANDS + 1)
    index = np.searchsorted(edges, hertz, "right") - 1
    kept = (index >= 0) & (index < BANDS)
    bands = np.bincount(index[kept], power[kept], minlength=BANDS)
    levels = 10.0 * np.log10(bands + 1e-5 * bands.max() + 1e-12)
    return np.asarray(levels - levels.mean())


def place(event: Event, times: list[tuple[float, float]], length: int, rng: np.random.Generator) -> np.ndarray:
    """Sound an event at each of some times.

    Args:
        event: what sounds.
        times: seconds and strength (0..1) of each.
        length: samples wanted.
        rng: chooses among the cuts and varies the level by 1 dB.

    Returns:
        float64 (length,).
    """
    track = np.zeros(length)
    for second, strength in times:
        cut = event.cuts[int(rng.integers(len(event.cuts)))]
        gain = (0.75 + 0.25 * strength) * 10.0 ** (float(rng.normal(0.0, 1.0)) / 20.0)
        start = round((second - LEAD_SECONDS) * RATE)
        first = max(0, -start)
        stop = min(cut.size, length - start)
        if stop > first:
            track[start + first : start + stop] += gain * cut[first:stop]
    return track


def follow_intensity(texture: Texture, wanted: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """Put grains of a texture together so that its intensity goes as wanted; pitch and level go with it.

    The texture plays on as long as its own course is near enough to the one wanted; else a grain of the right
    intensity is taken from elsewhere, shifted by up to 10 ms to where its wave continues the last one.

    Args:
        texture: the material.
        wanted: 0..1, shape (T,), 25 values a second; the last one holds to the end.
        length: samples wanted.
        rng: chooses among grains of nearly the same intensity.

    Returns:
        float64 (length,).
    """
    source = texture.samples.astype(np.float64)
    places = np.arange(_SEARCH, source.size - 2 * _GRAIN - _SEARCH, _STEP)
    centres = (places + _GRAIN / 2) / _HOP
    strength = np.interp(centres, np.arange(texture.intensity.size), texture.intensity)
    count = length // _HOP + 2
    course = np.interp(np.arange(count), np.arange(len(wanted)), wanted)
    window = np.hanning(_GRAIN + 1)[:-1]
    track = np.zeros((count + 1) * _HOP + _GRAIN)
    at = -1
    for index, target in enumerate(course):
        onward = at + _HOP
        here = int(np.clip((onward - _SEARCH) // _STEP, 0, len(places) - 1))
        if at < 0 or onward >= places[-1] or abs(strength[here] - target) > _CLOSE:
            best = np.argsort(np.abs(strength - target), kind="stable")[:_CHOICES]
            fresh = int(places[int(rng.choice(best))])
            at = fresh if at < 0 else _continuing(source, fresh, source[onward : onward + _HOP])
        else:
            at = onward
        track[index * _HOP : index * _HOP + _GRAIN] += window * source[at : at + _GRAIN]
    return track[_HOP : _HOP + length]


def room(length: int, rng: np.random.Generator) -> np.ndarray:
    """Return the air of a quiet room, float64 (length,): no recording is digitally silent."""
    from scipy.signal import lfilter

    noise = lfilter([1.0], [1.0, -0.9], rng.standard_normal(length))
    return np.asarray(_ROOM * noise * np.sqrt(1.0 - 0.9**2))


def _continuing(source: np.ndarray, near: int, expected: np.ndarray) -> int:
    """Return the place around `near` where the wave is most like the expected one."""
    low = max(0, near - _SEARCH)
    views = np.lib.stride_tricks.sliding_window_view(source[low : near + _SEARCH + expected.size], expected.size)
    likeness = views @ expected / np.sqrt((views**2).sum(axis=1) + 1e-9)
    return low + int(np.argmax(likeness))
