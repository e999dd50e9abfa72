"""Which of an engine's voices sounds most like the prompt: pitch, brightness and slope of the spectrum."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable

__all__ = ["RATE", "TABLE", "Traits", "Voice", "measure", "nearest", "table"]

RATE = 16_000
TABLE = Path(__file__).parents[1] / "sounds" / "tts_voices.json"
"""Measured by `python -m tools.measure_voices`."""

_FRAME, _HOP = 640, 160
_LOWEST, _HIGHEST = 60.0, 400.0
"""Hertz of a speaking voice."""
_PERIODIC = 0.6
"""Normalised autocorrelation from which a frame counts as voiced."""
_VOICED = 0.1
"""Share of the loud frames that is voiced at least, if it is speech."""
_WEIGHTS = {"pitch": 1 / 0.12, "centroid": 1 / 0.35, "tilt": 1 / 2.5}
"""One over the difference that counts as one: octaves, octaves, decibels an octave."""
_FURTHEST = 2.0
"""Where spectra count no more: a recording's bandwidth and microphone are not the speaker's."""


class Traits(NamedTuple):
    """How a voice sounds."""

    pitch: float
    """Median fundamental frequency in hertz."""
    centroid: float
    """Centre of gravity of the long-term magnitude spectrum in hertz, 80 Hz to 7 kHz."""
    tilt: float
    """Slope of the long-term spectrum from 200 Hz to 6 kHz in decibels an octave."""


class Voice(msgspec.Struct, frozen=True):
    """One row of the table: a voice at a pitch setting, and how it then sounds."""

    engine: str
    voice: str
    setting: int
    pitch: float
    centroid: float
    tilt: float

    @property
    def traits(self) -> Traits:
        """How it sounds."""
        return Traits(self.pitch, self.centroid, self.tilt)


def table(family: str) -> list[Voice]:
    """Return the voices of an engine, the one to be used without a prompt first.

    Raises:
        EnvironmentFault: the table, which ships with vsseval, cannot be read.
    """
    try:
        voices = msgspec.json.decode(TABLE.read_bytes(), type=list[Voice])
    except (OSError, msgspec.DecodeError) as fault:
        raise EnvironmentFault(f"the voice table {TABLE} cannot be read ({fault}): reinstall vsseval") from fault
    return [voice for voice in voices if voice.engine == family]


def nearest(voices: list[Voice], traits: Traits) -> Voice:
    """Return the voice that differs least, the first of equals."""

    def apart(voice: Voice) -> float:
        return math.hypot(
            _WEIGHTS["pitch"] * math.log2(voice.pitch / traits.pitch),
            min(_FURTHEST, _WEIGHTS["centroid"] * abs(math.log2(voice.centroid / traits.centroid))),
            min(_FURTHEST, _WEIGHTS["tilt"] * abs(voice.tilt - traits.tilt)),
        )

    return min(voices, key=apart)


def measure(samples: np.ndarray) -> Traits:
    """Measure a voice.

    Args:
        samples: float32 (n,) at `RATE`.

    Raises:
        Unmeasurable: nothing in it is voiced.
    """
    if samples.size < 2 * _FRAME:
        raise Unmeasurable(f"the speaker prompt is too short to tell a voice by ({samples.size / RATE:.2f} s)")
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = (frames**2).mean(axis=1)
    frames = frames[power > max(0.05 * float(np.percentile(power, 95)), 1e-9)]
    pitches = _pitches(frames)
    if pitches.size <= _VOICED * len(frames):
        raise Unmeasurable("the speaker prompt holds no voiced speech")
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)).mean(axis=0)
    hertz = np.fft.rfftfreq(_FRAME, 1.0 / RATE)
    heard = (hertz >= 80.0) & (hertz <= 7_000.0)
    centroid = float((hertz * spectrum)[heard].sum() / max(float(spectrum[heard].sum()), 1e-12))
    edges = 200.0 * 2.0 ** (np.arange(11) / 2.0)
    bands = [spectrum[(hertz >= low) & (hertz < high)] for low, high in pairwise(edges)]
    decibels = [10.0 * math.log10(float((band**2).mean()) + 1e-12) for band in bands]
    tilt = float(np.polyfit(np.arange(10) / 2.0, decibels, 1)[0])
    return Traits(float(np.median(pitches)), centroid, tilt)


def _pitches(frames: np.ndarray) -> np.ndarray:
    """Return the fundamental frequency of each voiced frame, in hertz, by autocorrelation."""
    if len(frames) == 0:
        return np.zeros(0)
    spectrum = np.fft.rfft(frames * np.hanning(_FRAME), 2 * _FRAME, axis=1)
    # Above 1 kHz the harmonics are noisy, and their formants are heard more than the pitch.
    spectrum[:, np.fft.rfftfreq(2 * _FRAME, 1.0 / RATE) > 1_000.0] = 0.0
    likeness = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :_FRAME]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_FRAME), 2 * _FRAME)) ** 2)[:_FRAME]
    likeness = likeness / np.maximum(likeness[:, :1], 1e-12) / np.maximum(window / window[0], 1e-3)
    first, last = round(RATE / _HIGHEST), round(RATE / _LOWEST)
    within = likeness[:, first : last + 1]
    # The first lag nearly as good as the best: twice the period is just as good, and wrong.
    near = within >= 0.9 * within.max(axis=1, keepdims=True)
    rough = near.argmax(axis=1)
    for _ in range(first):
        after = np.minimum(rough + 1, within.shape[1] - 1)
        better = np.take_along_axis(within, after[:, None], 1) > np.take_along_axis(within, rough[:, None], 1)
        rough = np.where(better[:, 0], after, rough)
    voiced = np.take_along_axis(within, rough[:, None], 1)[:, 0] > _PERIODIC
    return np.asarray(RATE / (rough[voiced] + first))
