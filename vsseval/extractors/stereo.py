"""Sound of two channels to how far apart they are: in level and in time, frame by frame.

What a listener hears as a direction (Rayleigh's duplex theory; Blauert, Spatial Hearing, 1997, chapter 2). The time is
that of the greatest generalised cross-correlation with phase transform (Knapp and Carter, IEEE Trans. ASSP 24, 1976).
"""

from __future__ import annotations

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound

FRAME, HOP = 0.1, 0.05
"""Seconds."""
LONGEST = 0.001
"""Seconds between the channels that are looked at: a head is 0.7 ms wide, microphones at its sides little more."""
FINER = 4
"""Steps into which a sample is divided: at 48 kHz 5 us, half of what is heard."""
FLOOR = 1e-6
"""Of full scale: below -120 dB a channel is as good as empty, so that one-sided sound has a level difference."""


class Stereo:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="stereo",
        version="1",
        input_kinds=("audio",),
        licence="Apache-2.0",
        description="level and time differences between two channels, every 50 ms, at the file's own rate",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `level` (dB, right less left), `delay` (seconds by which the right is later) and `power`, each (n,).

        `power` is the mean square of both channels, float32. Sound of one channel is the same on both sides.

        Raises:
            Unmeasurable: more than two channels, or shorter than a frame.
        """
        source = sound(source, "stereo")
        channels = source.samples
        if len(channels) > 2:
            raise Unmeasurable(f"the audio has {len(channels)} channels: left and right are needed, or one")
        size, hop = round(FRAME * source.sample_rate), round(HOP * source.sample_rate)
        if channels.shape[1] < size:
            raise Unmeasurable(f"the audio is shorter than {FRAME} s ({source.seconds:.3f} s)")
        sides = channels.astype(np.float64) if len(channels) == 2 else np.repeat(channels, 2, axis=0).astype(np.float64)
        frames = np.lib.stride_tricks.sliding_window_view(sides, size, axis=1)[:, ::hop]
        powers = np.square(frames).mean(-1)
        level = 10 * np.log10((powers[1] + FLOOR**2) / (powers[0] + FLOOR**2))
        delay = np.array([_delay(left, right, source.sample_rate) for left, right in zip(*frames, strict=True)])
        return {
            "level": level.astype(np.float32),
            "delay": delay.astype(np.float32),
            "power": powers.mean(0).astype(np.float32),
        }


def _delay(left: np.ndarray, right: np.ndarray, rate: int) -> float:
    """Return the seconds by which the right side comes later; 0 where one of them is empty."""
    window = np.hanning(left.size)
    length = 1 << (2 * left.size - 1).bit_length()
    cross = np.fft.rfft(right * window, length) * np.fft.rfft(left * window, length).conj()
    size = np.abs(cross)
    greatest = size.max(initial=0.0)
    if greatest <= FLOOR**2:
        return 0.0
    # What is 120 dB below the strongest is rounding, whose phase means nothing.
    cross = np.where(size > FLOOR**2 * greatest, cross / np.maximum(size, FLOOR**2 * greatest), 0.0)
    found = np.fft.irfft(cross, FINER * length)
    most = round(LONGEST * rate * FINER)
    near = np.concatenate([found[-most:], found[: most + 1]])
    return float((np.argmax(near) - most) / (FINER * rate))
