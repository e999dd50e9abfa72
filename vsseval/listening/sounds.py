"""Makes the sounds of one clip equally loud, and encodes them without loss for the page."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.media import Audio, integrated_loudness, peak

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Matched", "flac", "lowpass", "match", "noise"]

HEADROOM = -1.0
"""dBFS that no sample exceeds after matching."""
LOWPASS = 3500
"""Hz: the low anchor of ITU-R BS.1534-3, section 5.1."""
NOISE_RMS = 0.1
RATES = 48000
"""Hz beyond which browsers do not go; higher rates are brought down to it."""


class Matched(NamedTuple):
    """One sound, made as loud as the others of its clip."""

    audio: Audio
    lufs: float | None
    gain: float


def match(sounds: Mapping[str, Audio], target: float) -> dict[str, Matched]:
    """Bring all sounds of one clip to one loudness.

    Where a sound would clip at the target, all of them stay below it by as much: they are equally loud in any case.
    Silence stays silence.

    Args:
        sounds: by any name.
        target: LUFS.
    """
    loudness = {name: integrated_loudness(audio) for name, audio in sounds.items()}
    reached = target
    for name, lufs in loudness.items():
        if math.isfinite(lufs):
            reached = min(reached, lufs + HEADROOM - 20 * math.log10(peak(sounds[name])))
    return {name: _moved(sounds[name], lufs, reached) for name, lufs in loudness.items()}


def _moved(audio: Audio, lufs: float, target: float) -> Matched:
    if not math.isfinite(lufs):
        return Matched(audio, None, 0.0)
    gain = target - lufs
    return Matched(Audio(audio.samples * np.float32(10 ** (gain / 20)), audio.sample_rate), round(lufs, 2), gain)


def flac(audio: Audio) -> bytes:
    """Encode as FLAC of 16 bits, which browsers play and nothing is lost of that a listener hears."""
    import soundfile
    import soxr

    samples, rate = audio.samples.T, audio.sample_rate
    if rate > RATES:
        samples, rate = soxr.resample(samples, rate, RATES), RATES
    encoded = BytesIO()
    soundfile.write(encoded, np.clip(samples, -1, 1), rate, format="FLAC", subtype="PCM_16")
    return encoded.getvalue()


def lowpass(audio: Audio) -> Audio:
    """Return the sound without what lies above 3.5 kHz: the low anchor of BS.1534; at that rate soxr cuts it off."""
    import soxr

    narrow = soxr.resample(audio.samples.T, audio.sample_rate, 2 * LOWPASS)
    return Audio(soxr.resample(narrow, 2 * LOWPASS, audio.sample_rate).T, audio.sample_rate)


def noise(seconds: float, seed: int) -> Audio:
    """Return white noise, which nobody who listens takes for the sound of a picture."""
    rate = 16000
    samples = np.random.default_rng(seed).normal(0, NOISE_RMS, max(1, round(seconds * rate)))
    return Audio(samples.astype(np.float32), rate)
