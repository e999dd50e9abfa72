"""Sound as the field's evaluators hand it to their networks: channel rule, offset, resampling, loudness, length.

What these choices change is larger than what most papers report as progress, so each recipe names its own. All is
computed once per sound, and to be read only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media import Audio

if TYPE_CHECKING:
    import torch

Channels = Literal["mean", "first", "side"]

GREATEST_FILTER = 2**26
"""Numbers in a table of filters: rates without a common divisor would need gigabytes."""


def centred(audio: Audio, rate: int, channels: Channels = "mean") -> np.ndarray:
    """Return the sound as its evaluator's loader gives it, without its mean over time: float32, shape (m,).

    "mean" is av-benchmark's rule (av_bench/data/audio_dataset.py): channels are averaged, the mean over the whole sound
    is taken off at the file's own rate, and torchaudio's `Resample` with its default filter brings it to `rate`.
    "side" is half of left less right instead of the mean (soundreactor_v2a_eval, `mono_type`); sound of one channel has
    a silent side. "first" is audioldm_eval's (audioldm_eval/datasets/load_mel.py): the first channel alone, its mean
    taken off, and torchaudio's `functional.resample`, which computes the same filter in single precision. None
    changes the loudness. m = ceil(n * rate / sample_rate).

    Args:
        audio: the sound.
        rate: samples per second wanted.
        channels: the rule.

    Raises:
        Unmeasurable: the rates have too little in common for this filter, or more than two channels have no side.
    """
    return audio.derived(("centred", rate, channels), lambda: _centred(audio, rate, channels))


def mixed(audio: Audio, rate: int, *, functional: bool = False) -> np.ndarray:
    """Return the mean of all channels, resampled as in `centred` but with its mean over time: float32, shape (m,).

    The rule of av-benchmark's loader for Synchformer and of MS-CLAP; with `functional`, of SpeechMOS and Audiobox.

    Args:
        audio: the sound.
        rate: samples per second wanted.
        functional: compute the filter in single precision, as torchaudio's `functional.resample` does.

    Raises:
        Unmeasurable: the rates have too little in common for this filter.
    """
    key = ("mixed", rate, functional)
    return audio.derived(key, lambda: _resampled(_tensor(audio).mean(dim=0), audio, rate, functional=functional))


def as_librosa(audio: Audio, rate: int) -> np.ndarray:
    """Return the sound as `librosa.load(path, sr=rate)` gives it: float32, shape (ceil(n * (rate / sample_rate)),).

    Channels are averaged, and soxr at its high quality brings them to `rate`.

    Args:
        audio: the sound.
        rate: samples per second wanted.
    """
    return audio.derived(("librosa", rate), lambda: _by_soxr(audio.samples.mean(axis=0), audio.sample_rate, rate))


def peak_normalised(audio: Audio, rate: int, decibels: float = -1.0) -> np.ndarray:
    """Return the sound as stable-audio-metrics gives it to PaSST: float32, shape (ceil(n * rate / sample_rate),).

    Channels are averaged, soxr at its high quality brings them to `rate` (librosa.load), and the peak is brought to
    `decibels` of full scale (pyloudnorm.normalize.peak).

    Raises:
        Unmeasurable: the sound is zero throughout, so that it has no peak to bring anywhere.
    """

    def make() -> np.ndarray:
        samples = as_librosa(audio, rate)
        peak = float(np.abs(samples).max(initial=0.0))
        if not peak:
            raise Unmeasurable("the audio is silent: its peak cannot be brought to a level")
        return (samples * np.float64(10 ** (decibels / 20) / peak)).astype(np.float32)

    return audio.derived(("peak", rate, decibels), make)


def fitted(samples: np.ndarray, length: int) -> np.ndarray:
    """Return samples (n,) cut, or filled up with zeros at their end, to `length`."""
    return at_least(samples[:length], length)


def at_least(samples: np.ndarray, length: int) -> np.ndarray:
    """Return samples (n,), filled up with zeros at their end where they are fewer than `length`."""
    return np.pad(samples, (0, max(0, length - samples.size)))


def _centred(audio: Audio, rate: int, channels: Channels) -> np.ndarray:
    samples = _tensor(audio)
    one = _side(samples) if channels == "side" else samples.mean(dim=0) if channels == "mean" else samples[0]
    return _resampled(one - one.mean(), audio, rate, functional=channels == "first")


def _side(samples: torch.Tensor) -> torch.Tensor:
    if len(samples) > 2:
        raise Unmeasurable(f"the audio has {len(samples)} channels: left and right are needed, or one")
    return 0.5 * (samples[0] - samples[-1])


def _tensor(audio: Audio) -> torch.Tensor:
    import torch

    return torch.from_numpy(audio.samples)


def _resampled(samples: torch.Tensor, audio: Audio, rate: int, *, functional: bool = False) -> np.ndarray:
    have = audio.sample_rate
    if have == rate:
        return np.asarray(samples.numpy())
    from vsseval.networks import sinc

    _check_filter(have, rate, sinc.CROSSINGS)
    return np.asarray(sinc.resampled(samples, have, rate, single=functional).numpy())


def _check_filter(have: int, want: int, crossings: int) -> None:
    """Raise Unmeasurable where the table of filters, one for each phase, would fill the memory."""
    common = math.gcd(have, want)
    phases, step = want // common, have // common
    width = math.ceil(crossings * step / min(phases, step))
    if phases * (2 * width + step) > GREATEST_FILTER:
        raise Unmeasurable(
            f"the sample rate {have} Hz has too little in common with the {want} Hz of this recipe: its filter would "
            f"take gigabytes. Bring the file to a customary rate first"
        )


def _by_soxr(samples: np.ndarray, have: int, want: int) -> np.ndarray:
    if have == want:
        return samples
    import soxr

    # librosa rounds the length up, from a ratio that is rounded itself; soxr rounds it down or up
    length = math.ceil(samples.size * (want / have))
    return fitted(np.asarray(soxr.resample(samples, have, want, quality="HQ")), length)
