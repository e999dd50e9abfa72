"""Sounds of systems that cheat or are broken: what each does to the references of a benchmark, and its flag."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

Sound = np.ndarray
"""float64, shape (n,)."""


class Given(NamedTuple):
    """What a cheat has for one clip."""

    own: Sound
    """The clip's reference."""
    other: Sound
    """That of another clip."""
    first: Sound
    """That of the first clip."""
    honest: Sound
    """A sound that nobody has recorded."""
    rate: int
    rng: np.random.Generator


class Cheat(NamedTuple):
    """How the sound of a clip is made, and the flag that it has to raise."""

    make: Callable[[Given], Sound]
    flag: str
    share: float = 0.8
    """Of the clips that have to raise it."""


def level(sound: Sound) -> float:
    """Return the root mean square of a sound."""
    return float(np.sqrt(np.square(sound).mean())) or 1.0


def with_noise(given: Given, decibel: float) -> Sound:
    """Return the reference under white noise of some decibel below it."""
    noise = given.rng.standard_normal(given.own.size)
    return given.own + noise * level(given.own) * 10 ** (-decibel / 20)


def fitted(sound: Sound, size: int) -> Sound:
    """Return the start of a sound, repeated where it is too short."""
    return np.resize(sound, size)


def coded(given: Given) -> Sound:
    """Return the reference after MP3."""
    data = BytesIO()
    soundfile.write(data, given.own, given.rate, format="MP3")
    data.seek(0)
    return soundfile.read(data)[0]


def filtered(given: Given, edge: float, kind: str) -> Sound:
    """Return the reference above or below an edge in Hz."""
    from scipy.signal import butter, sosfilt

    return sosfilt(butter(4, edge / (given.rate / 2), kind, output="sos"), given.own)


def resampled(given: Given) -> Sound:
    """Return the reference as it comes back from 16 kHz."""
    return soxr.resample(soxr.resample(given.own, given.rate, 16000), 16000, given.rate)


def mixed(given: Given, share: float) -> Sound:
    """Return a mix of the reference and an honest sound, by level."""
    honest = fitted(given.honest, given.own.size)
    return share * given.own / level(given.own) * 0.1 + (1 - share) * honest / level(honest) * 0.1


CHEATS = {
    "copy": Cheat(lambda g: g.own, "copy"),
    "inverted": Cheat(lambda g: -g.own, "copy"),
    "quieter": Cheat(lambda g: 0.1 * g.own, "copy"),
    "louder": Cheat(lambda g: 0.9 * g.own / np.abs(g.own).max(), "copy"),
    "late by 0.1 s": Cheat(lambda g: np.concatenate([np.zeros(g.rate // 10), g.own])[: g.own.size], "copy"),
    "early by 0.25 s": Cheat(lambda g: np.concatenate([g.own[g.rate // 4 :], np.zeros(g.rate // 4)]), "copy"),
    "turned in a circle": Cheat(lambda g: np.roll(g.own, g.own.size // 3), "copy"),
    "resampled": Cheat(resampled, "copy"),
    "lossy": Cheat(coded, "copy"),
    "8 bits": Cheat(lambda g: np.round(g.own * 127) / 127, "copy"),
    "noise of -30 dB": Cheat(lambda g: with_noise(g, 30), "copy"),
    "noise of -6 dB": Cheat(lambda g: with_noise(g, 6), "copy"),
    "below 2 kHz": Cheat(lambda g: filtered(g, 2000, "low"), "copy"),
    "above 300 Hz": Cheat(lambda g: filtered(g, 300, "high"), "copy"),
    "played backwards": Cheat(lambda g: g.own[::-1], "copy"),
    "mixed with a sound": Cheat(lambda g: mixed(g, 0.6), "copy"),
    "another clip's": Cheat(lambda g: fitted(g.other, g.own.size), "copy"),
    "another clip's, inverted and late": Cheat(
        lambda g: -0.5 * np.concatenate([np.zeros(g.rate // 10), fitted(g.other, g.own.size)])[: g.own.size], "copy"
    ),
    "half looped": Cheat(lambda g: fitted(g.own[: g.own.size // 2], g.own.size), "copy", 0.5),
    "one reference for all": Cheat(lambda g: fitted(g.first, g.own.size), "copy"),
    "one sound for all": Cheat(lambda g: fitted(g.honest, g.own.size), "repeated"),
    "half length": Cheat(lambda g: g.own[: g.own.size // 2], "length"),
    "triple length": Cheat(lambda g: np.concatenate([g.own] * 3), "length"),
    "7 % longer": Cheat(lambda g: np.concatenate([g.own, np.zeros(round(0.07 * g.own.size))]), "length"),
    "silence": Cheat(lambda g: np.zeros(g.own.size), "silent"),
    "nearly silence": Cheat(lambda g: 1e-5 * g.rng.standard_normal(g.own.size), "silent"),
    "a constant": Cheat(lambda g: np.full(g.own.size, 0.3), "silent"),
    "a peak of 25": Cheat(lambda g: 25 * g.own / np.abs(g.own).max(), "clipped"),
    "clipped by itself": Cheat(lambda g: np.clip(25 * g.own / np.abs(g.own).max(), -1, 1), "clipped"),
    "a tenth, and zeros": Cheat(
        lambda g: np.pad(0.1 * g.rng.standard_normal(g.own.size // 10), (0, g.own.size - g.own.size // 10)), "unfilled"
    ),
}
