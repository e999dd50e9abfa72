"""Sound to what it is known again by, and what is odd about it: landmarks of its spectrogram, level, clipping, silence.

Landmarks are pairs of spectral peaks (Wang, An industrial-strength audio search algorithm, ISMIR 2003). Gain, polarity
and shifts leave them as they are; noise, lossy coding and what is mixed in leave many.
"""

from __future__ import annotations

import numpy as np

from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound

RATE = 8_000
"""Samples per second of what landmarks are taken from."""
WINDOW, HOP = 512, 128
"""Samples: 64 and 16 ms."""
AROUND = (17, 11)
"""Bins and frames within which a peak is the highest: 266 Hz, 176 ms."""
PEAKS = 12
"""Peaks a second at most, the highest."""
FLOOR = 60.0
"""dB below the highest at which a peak is none."""
PAIRS = 4
"""Later peaks that each one is paired with."""
REACH = 63
"""Frames, 1 s, that the two of a pair are apart at most."""
FULL = 0.999
"""Of full scale: from there on a sample counts as clipped."""
FRAME = 0.02
"""Seconds over which the level is looked at."""


class SoundPrint:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="sound_print",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        licence="Apache-2.0",
        description="landmarks of the spectrogram, level, clipping and silence: what copies and faults are seen by",
    )

    def extract(self, source: Source) -> Arrays:
        """Return the print of a sound; of silence, one without landmarks.

        `low`, `high` (n,) uint16: bins of the first and second peak of each landmark; `apart`, `frame` (n,): frames
        between the two, and that of the first, int32. `levels` (m,) float32: root mean square of each 20 ms, less the
        constant part. `facts` (3,) float64: seconds, greatest magnitude, share of samples at full scale.
        """
        source = sound(source, "sound_print")
        bins, frames = _peaks(source.mono(RATE))
        low, high, apart, first = _pairs(bins, frames)
        size = np.abs(source.samples)
        facts = (source.seconds, float(size.max()), float((size >= FULL).mean()))
        return {
            "low": low.astype(np.uint16), "high": high.astype(np.uint16), "apart": apart.astype(np.int32),
            "frame": first.astype(np.int32), "levels": _levels(source), "facts": np.array(facts, np.float64),
        }  # fmt: skip


def _levels(source: Audio) -> np.ndarray:
    """Return the root mean square of each 20 ms, of all channels, without their constant part: float32, (m,)."""
    channels = source.samples.astype(np.float64)
    channels -= channels.mean(axis=1, keepdims=True)
    power = np.square(channels).mean(axis=0)
    size = max(1, round(FRAME * source.sample_rate))
    starts = np.arange(0, power.size, size)
    counts = np.diff(np.append(starts, power.size))
    return np.sqrt(np.add.reduceat(power, starts) / counts).astype(np.float32)


def _peaks(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bins and frames of the highest peaks of a spectrogram, in the order of frames."""
    from scipy.ndimage import maximum_filter

    none = np.zeros(0, np.int64)
    if wave.size < WINDOW or not np.any(wave):
        return none, none
    cut = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), WINDOW)[::HOP]
    power = np.square(np.abs(np.fft.rfft(cut * np.hanning(WINDOW), axis=1))).T
    power[:3] = 0.0  # below 40 Hz: hum and constant parts
    highest = power.max()
    if highest <= 0.0:
        return none, none
    peak = (power == maximum_filter(power, AROUND)) & (power > highest * 10 ** (-FLOOR / 10))
    bins, frames = np.nonzero(peak)
    most = max(8, round(PEAKS * wave.size / RATE))
    # of equal heights the earlier and lower one: the same sound gives the same landmarks
    kept = np.lexsort((bins, frames, -power[bins, frames]))[:most]
    order = np.lexsort((bins[kept], frames[kept]))
    return bins[kept][order], frames[kept][order]


def _pairs(bins: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return both bins, the distance and the first frame of each pair of neighbouring peaks."""
    found: list[tuple[int, int, int, int]] = []
    for place in range(bins.size):
        later = range(place + 1, min(place + 1 + PAIRS, bins.size))
        found += [
            (int(bins[place]), int(bins[other]), int(frames[other] - frames[place]), int(frames[place]))
            for other in later
            if frames[other] - frames[place] <= REACH
        ]
    return tuple(np.array(found, np.int64).reshape(-1, 4).T)
