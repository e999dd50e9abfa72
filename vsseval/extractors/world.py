"""Speech to mel-cepstra and pitch by WORLD (Morise et al., IEICE Trans. 99-D, 2016), as pymcd and VERSA compute them.

A spectral envelope becomes a mel-cepstrum by the frequency transform of SPTK (Tokuda et al., ICSLP 1994), which is a
matrix: what pysptk computes is equalled to 1e-14. WORLD itself is the package pyworld, in the extra `papers`.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.waveform import as_librosa
from vsseval.networks.optional_packages import import_offline

PYMCD_RATE, VERSA_RATE = 22_050, 16_000
FRAME = 5.0
"""Milliseconds from one frame to the next, of both."""
SHORTEST = 0.1
"""Seconds below which WORLD finds no pitch and has no room for its windows."""

_LICENCE = "MIT (WORLD: modified BSD)"


class Waveform:
    """`waveform22k`: the sound as pymcd loads it. Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="waveform22k",
        version="1",
        input_kinds=("audio",),
        sample_rate=PYMCD_RATE,
        licence="Apache-2.0",
        description="mono sound at 22.05 kHz, as librosa loads it",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `samples`, float32 (n,).

        Raises:
            Unmeasurable: the sound is shorter than 0.1 s.
        """
        return {"samples": _long_enough(source, "waveform22k")}


class WorldPymcd:
    """`world22k`: mel-cepstra of order 13 and pitch, of pymcd. Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="world22k",
        version="1",
        input_kinds=("audio",),
        sample_rate=PYMCD_RATE,
        licence=_LICENCE,
        description="WORLD at 22.05 kHz: mel-cepstrum of order 13, alpha 0.65, and F0 every 5 ms (pymcd)",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `mcep` (frames, 14), c0 first, and `f0` (frames,) in Hz, 0 where unvoiced; float64.

        Silence has mel-cepstra like any other sound.

        Raises:
            Unmeasurable: the sound is shorter than 0.1 s.
            MissingExtra: pyworld is not installed.
        """
        cepstra, pitch = _pymcd(_long_enough(source, "world22k"))
        return {"mcep": cepstra, "f0": pitch}


class WorldPadded:
    """`world22k_padded`: as `world22k`, of two sounds of which the shorter is filled up with zeros beforehand.

    Mel-cepstra of zeros put behind a sound are not zeros behind its mel-cepstra: WORLD sees across the end.
    """

    spec = ExtractorSpec(
        name="world22k_padded",
        version="1",
        input_kinds=("features",),
        sample_rate=PYMCD_RATE,
        licence=_LICENCE,
        description="WORLD mel-cepstra of two sounds brought to one length with zeros (pymcd, plain)",
        source_extractor="waveform22k",
    )

    def combine(self, first: Arrays, second: Arrays) -> Arrays:
        """Return `first` and `second`, mel-cepstra (frames, 14) of as many frames, float64.

        Args:
            first: `samples` (n,) of one sound.
            second: `samples` (m,) of the other.
        """
        waves = [np.asarray(arrays["samples"]) for arrays in (first, second)]
        length = max(map(len, waves))
        padded = [_pymcd(np.pad(wave, (0, length - len(wave))))[0] for wave in waves]
        return {"first": padded[0], "second": padded[1]}


class WorldVersa:
    """`world16k`: mel-cepstra of order 39 and pitch, of VERSA. Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="world16k",
        version="1",
        input_kinds=("audio",),
        sample_rate=VERSA_RATE,
        licence=_LICENCE,
        description="WORLD at 16 kHz: mel-cepstrum of order 39, alpha 0.466, and F0 by Harvest every 5 ms (VERSA)",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `mcep` (frames, 40), c0 first, and `f0` (frames,) in Hz, 0 where unvoiced; float64.

        The first channel, brought to 16 kHz by polyphase filtering, to the scale of 16-bit integers and through a
        high-pass filter at 70 Hz.

        Raises:
            Unmeasurable: the sound is shorter than 0.1 s, or digitally silent in places, where there is no logarithm.
            MissingExtra: pyworld is not installed.
        """
        from scipy.signal import firwin, resample_poly

        audio = _audio(source, "world16k")
        samples = audio.samples[0].astype(np.float64)
        if audio.sample_rate != VERSA_RATE:
            samples = resample_poly(samples, VERSA_RATE, audio.sample_rate)
        high_pass = firwin(255, 70 / (VERSA_RATE // 2), pass_zero=False)
        x = np.convolve(samples * np.iinfo(np.int16).max, high_pass)[: len(samples)]
        world = _world()
        pitch, times = world.harvest(x, VERSA_RATE, f0_floor=40, f0_ceil=800, frame_period=FRAME)
        envelope = world.cheaptrick(x, pitch, times, VERSA_RATE, fft_size=1024)
        if not (envelope > 0).all():
            raise Unmeasurable("the audio is digitally silent in places: its spectral envelope has no logarithm")
        return {"mcep": _cepstra(np.log(envelope), 39, 0.466), "f0": pitch}


def _pymcd(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mel-cepstra (frames, 14) and pitch (frames,) of 22.05 kHz mono."""
    world, x = _world(), np.ascontiguousarray(samples, np.float64)
    coarse, times = world.dio(x, PYMCD_RATE, frame_period=FRAME)
    pitch = world.stonemask(x, coarse, times, PYMCD_RATE)
    envelope = world.cheaptrick(x, pitch, times, PYMCD_RATE, fft_size=512)
    # pymcd hands the envelope of power to SPTK as one of amplitude: it is squared.
    return _cepstra(np.log(np.square(envelope) + 1e-8), 13, 0.65), np.asarray(pitch)


def _cepstra(log_power: np.ndarray, order: int, alpha: float) -> np.ndarray:
    """Return mel-cepstra (frames, order + 1) of log power spectra (frames, bins), float64."""
    cepstra = np.fft.irfft(log_power, axis=1)
    return np.asarray(cepstra @ _transform(cepstra.shape[1], order, alpha).T)


@functools.lru_cache(maxsize=4)
def _transform(length: int, order: int, alpha: float) -> np.ndarray:
    """Return the frequency transform of a whole cepstrum as a matrix, shape (order + 1, length).

    The recursion of SPTK's `freqt` (Oppenheim and Johnson, Proc. IEEE 60, 1972), run on unit vectors. A cepstrum of
    log power is symmetric: its halves are twice that of log amplitude, except for the first value and the middle one.
    """
    half = length // 2 + 1
    weights = np.zeros((order + 1, half))
    for place in range(half - 1, -1, -1):
        before = weights.copy()
        weights[0] = alpha * before[0]
        weights[0, place] += 1
        weights[1] = (1 - alpha**2) * before[0] + alpha * before[1]
        for row in range(2, order + 1):
            weights[row] = before[row - 1] + alpha * (before[row] - weights[row - 1])
    weights[:, 0] /= 2
    weights[:, -1] /= 2
    whole = np.zeros((order + 1, length))
    whole[:, :half] = weights
    whole.setflags(write=False)
    return whole


def _audio(source: Source, name: str) -> Audio:
    source = sound(source, name)
    if source.seconds < SHORTEST:
        raise Unmeasurable(f"the audio is shorter than {SHORTEST} s ({source.seconds:.3f} s)")
    return source


def _long_enough(source: Source, name: str) -> np.ndarray:
    return as_librosa(_audio(source, name), PYMCD_RATE)


def _world() -> Any:
    with warnings.catch_warnings():
        # pyworld asks setuptools for its own version, and setuptools warns of being asked
        warnings.simplefilter("ignore")
        return import_offline("pyworld", "mel-cepstral distortion")
