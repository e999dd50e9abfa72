"""Sound as the field's evaluators hand it to their networks: channel rule, offset, resampling, length.

What these choices change is larger than what most papers report as progress, so each recipe names its own: metrics.md,
pitfalls 11, 12 and 20.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vsseval.media import Audio

Channels = Literal["mean", "first"]


def centred(audio: Audio, rate: int, channels: Channels = "mean") -> np.ndarray:
    """Return the sound as av-benchmark's loader gives it: float32, shape (ceil(n * rate / sample_rate),).

    Channels are mixed, the mean over time is taken off at the file's own rate, and torchaudio's `Resample` with its
    default filter brings it to `rate` (av_bench/data/audio_dataset.py). Computed once per rate; to be read only.

    Args:
        audio: the sound.
        rate: samples per second wanted.
        channels: "mean" of all, or the "first" alone (audioldm_eval).
    """
    return audio.derived(("centred", rate, channels), lambda: _centred(audio, rate, channels))


def _centred(audio: Audio, rate: int, channels: Channels) -> np.ndarray:
    import torch
    from torchaudio.transforms import Resample

    samples = torch.from_numpy(audio.samples)
    mixed = samples.mean(dim=0) if channels == "mean" else samples[0]
    level = mixed - mixed.mean()
    if audio.sample_rate == rate:
        return np.asarray(level.numpy())
    return np.asarray(Resample(audio.sample_rate, rate)(level).numpy())


def resampled(audio: Audio, rate: int) -> np.ndarray:
    """Return the mean of the channels at `rate`, float32, shape (ceil(n * rate / sample_rate),); nothing is taken off.

    Resampled by `torchaudio.functional.resample` with its default filter, as SpeechMOS and Audiobox do it. Computed
    once per rate; to be read only.

    Args:
        audio: the sound.
        rate: samples per second wanted.
    """
    return audio.derived(("resampled", rate), lambda: _resampled(audio, rate))


def _resampled(audio: Audio, rate: int) -> np.ndarray:
    import torch
    from torchaudio.functional import resample

    mixed = torch.from_numpy(audio.samples).mean(dim=0)
    return np.asarray(resample(mixed, audio.sample_rate, rate).numpy())


def fitted(samples: np.ndarray, length: int) -> np.ndarray:
    """Return samples (n,) cut, or filled up with zeros at their end, to `length`."""
    return np.pad(samples[:length], (0, max(0, length - samples.size)))
