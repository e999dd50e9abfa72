"""Speech as recognisers and speaker encoders of the papers are given it: channel rule, resampler, shortest length.

A resampler moves word error rates and similarities by less than a recogniser does, yet enough that a recipe must name
its own (metrics.md, pitfalls 11 and 12).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Audio
from vsseval.networks.spectrum import silent

RATE = 16_000
SHORTEST = 0.1
"""Seconds; less holds no phone to tell a voice by."""
LONGEST = 120.0
"""Seconds; networks that attend to a whole utterance at once need memory by the square of its length."""


def sinc(audio: Audio, channels: Literal["mean", "first"] = "mean") -> np.ndarray:
    """Return 16 kHz by torchaudio's `Resample` with its default filter: float32, shape (n,). To be read only.

    Args:
        audio: the sound.
        channels: "mean" of all (SpeechBrain), or the "first" alone (seed-tts-eval, F5-TTS).
    """

    def make() -> np.ndarray:
        import torch

        from vsseval.networks.sinc import resampled

        samples = torch.from_numpy(audio.samples)
        mixed = samples.mean(dim=0) if channels == "mean" else samples[0]
        return np.asarray(resampled(mixed, audio.sample_rate, RATE).numpy())

    return audio.derived(("sinc", RATE, channels), make)


def fourier(audio: Audio) -> np.ndarray:
    """Return the mean of all channels at 16 kHz, resampled as seed-tts-eval does: float64, shape (n,).

    One Fourier transform of the whole sound (scipy.signal.resample), so that its end leaks into its beginning. The
    original reads one channel and cannot take more. To be read only.
    """

    def make() -> np.ndarray:
        mixed = audio.samples.mean(axis=0, dtype=np.float64)
        if audio.sample_rate == RATE or mixed.size == 0:
            return np.asarray(mixed)
        from scipy.signal import resample

        return np.asarray(resample(mixed, int(mixed.size * RATE / audio.sample_rate)))

    return audio.derived(("fourier", RATE), make)


def decoded(audio: Audio) -> np.ndarray:
    """Return 16 kHz mono as FFmpeg decodes it for Whisper: float32 of 16-bit steps, shape (n,). To be read only.

    libswresample with its defaults mixes the channels, resamples and rounds to 16 bit, as the command line of
    openai-whisper and the decoder of faster-whisper have it do.
    """

    def make() -> np.ndarray:
        if not audio.samples.size:
            return np.zeros(0, np.float32)
        import av

        layout = {1: "mono", 2: "stereo"}.get(len(audio.samples), f"{len(audio.samples)} channels")
        # FFmpeg mixes 16-bit sound as 16-bit sound, and rounds otherwise where it mixes floats.
        steps = np.rint(audio.samples * 32768)
        narrow = bool((steps == audio.samples * 32768).all() and steps.max() < 32768)
        samples = steps.astype(np.int16) if narrow else np.ascontiguousarray(audio.samples)
        frame = av.AudioFrame.from_ndarray(samples, format="s16p" if narrow else "fltp", layout=layout)
        frame.sample_rate = audio.sample_rate
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        blocks = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
        return np.concatenate(blocks).astype(np.float32) / 32768.0

    return audio.derived(("decoded", RATE), make)


def voice(samples: np.ndarray, shortest: float = SHORTEST) -> np.ndarray:
    """Return 16 kHz samples (n,) if there can be a voice in them.

    Raises:
        Unmeasurable: they are silent (peak below -60 dBFS), shorter than `shortest` seconds or longer than 120.
    """
    if samples.size < shortest * RATE:
        raise Unmeasurable(f"the audio is shorter than {shortest} s ({samples.size / RATE:.2f} s)")
    if silent(samples):
        raise Unmeasurable("the audio is silent")
    return not_too_long(samples)


def not_too_long(samples: np.ndarray) -> np.ndarray:
    """Return 16 kHz samples (n,) if a network can attend to all of them at once.

    Raises:
        Unmeasurable: they last longer than 120 s.
    """
    if samples.size > LONGEST * RATE:
        raise Unmeasurable(f"the audio is longer than {LONGEST:.0f} s ({samples.size / RATE:.0f} s)")
    return samples
