"""What each fault of `models.faults` does to a recording.

A level of a kind contains the milder ones: noise is the same noise, only louder, and the words that are lost at a
tenth are among those lost at a half. So a response curve is no comparison of different accidents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.models.base import Request
from vsseval.models.degraded.words import dropped, swapped
from vsseval.turns import spoken


class Sound(NamedTuple):
    """Samples, float32 (channels, n), and their rate."""

    samples: np.ndarray
    rate: int


Apply = Callable[[Sound, float, Request, Sound | None, np.random.Generator], Sound]
"""(own recording, level, request, another clip's recording, stream of the clip) -> what is heard."""


def _shift(own: Sound, level: float, *_: object) -> Sound:
    """Move the sound by `level` seconds: positive comes late; what is uncovered is silent."""
    count = round(abs(level) * own.rate)
    moved = np.zeros_like(own.samples)
    left = own.samples.shape[1] - count
    if left > 0:
        if level >= 0:
            moved[:, count:] = own.samples[:, :left]
        else:
            moved[:, :left] = own.samples[:, count:]
    return Sound(moved, own.rate)


def _noise(own: Sound, level: float, _request: Request, _other: object, draw: np.random.Generator) -> Sound:
    """Add white noise at a signal-to-noise ratio of `level` dB over the whole clip."""
    noise = draw.standard_normal(own.samples.shape, dtype=np.float32)
    return Sound(own.samples + noise * (_rms(own.samples) * 10 ** (-level / 20)), own.rate)


def _band(own: Sound, level: float, *_: object) -> Sound:
    """Take away what lies above `level` Hz, by an eighth-order Butterworth filter run both ways."""
    if level >= own.rate / 2:
        raise Unmeasurable(f"the recording holds nothing above {own.rate / 2:g} Hz that could be taken away")
    from scipy.signal import butter, sosfiltfilt

    filtered = sosfiltfilt(butter(8, level, fs=own.rate, output="sos"), own.samples, axis=1)
    return Sound(filtered.astype(np.float32), own.rate)


def _clipped(own: Sound, level: float, *_: object) -> Sound:
    """Drive the sound `level` dB beyond its own peak, and cut it there."""
    peak = float(np.abs(own.samples).max(initial=0.0))
    return Sound(np.clip(own.samples * 10 ** (level / 20), -peak, peak), own.rate)


def _words_dropped(own: Sound, level: float, request: Request, _other: object, draw: np.random.Generator) -> Sound:
    made = dropped(own.samples, own.rate, spoken(request.transcript or ""), request.speech_window, level, draw)
    return Sound(made, own.rate)


def _words_swapped(own: Sound, level: float, request: Request, _other: object, draw: np.random.Generator) -> Sound:
    made = swapped(own.samples, own.rate, spoken(request.transcript or ""), request.speech_window, level, draw)
    return Sound(made, own.rate)


def _voice(own: Sound, level: float, *_: object) -> Sound:
    """Give the voice another pitch and another vocal tract: everything in frequency moved by `level` semitones."""
    import soxr
    import torch

    from vsseval.models.degraded.vocoder import stretched

    factor = 2 ** (level / 12)
    window = torch.hann_window(512)
    spectrum = torch.stft(torch.from_numpy(own.samples.copy()), 512, 128, window=window, return_complex=True)
    slowed = torch.istft(stretched(spectrum, 1 / factor, 128), 512, 128, window=window).numpy()
    length = own.samples.shape[1]
    higher = soxr.resample(slowed.T, own.rate * factor, own.rate).T[:, :length]
    return Sound(np.pad(higher, ((0, 0), (0, length - higher.shape[1]))), own.rate)


def _replaced(own: Sound, level: float, request: Request, other: Sound | None, draw: np.random.Generator) -> Sound:
    """Give a share `level` of the clips another clip's sound."""
    chosen = draw.random() < level
    if not chosen:
        return own
    if other is None:
        raise Unmeasurable(f"{request.id}: there is no other clip to take a sound from")
    return other


def _mixed(own: Sound, level: float, request: Request, other: Sound | None, _draw: np.random.Generator) -> Sound:
    """Add another clip's sound, `level` dB below this one's."""
    if other is None:
        raise Unmeasurable(f"{request.id}: there is no other clip to take a sound from")
    added = _like(other, own)
    loudness = _rms(added)
    if loudness == 0:
        raise Unmeasurable("the other clip is silent")
    return Sound(own.samples + added * (_rms(own.samples) / loudness * 10 ** (-level / 20)), own.rate)


def _like(sound: Sound, model: Sound) -> np.ndarray:
    """Return a sound with the rate, channels and length of another."""
    import soxr

    mono = sound.samples.mean(axis=0)
    resampled = mono if sound.rate == model.rate else soxr.resample(mono, sound.rate, model.rate)
    length = model.samples.shape[1]
    fitted = np.pad(resampled[:length], (0, max(0, length - resampled.size)))
    return np.broadcast_to(fitted.astype(np.float32), model.samples.shape)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


APPLY: dict[str, Apply] = {
    "shift": _shift,
    "noise": _noise,
    "band": _band,
    "clipped": _clipped,
    "mixed": _mixed,
    "replaced": _replaced,
    "words_dropped": _words_dropped,
    "words_swapped": _words_swapped,
    "voice": _voice,
}
"""Name of a fault (`models.faults`) -> what makes it."""
