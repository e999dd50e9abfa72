"""By how many seconds sound and picture are apart: the lag at which onsets agree best with visible impacts.

What to expect, measured on 39 real recordings (VGGSound, VAS, demo clips, GRID faces; 1.8 to 33 s), against the same
pictures with every other recording's sound. The form of the metric was chosen on half of them ("tuned"):

             n   |offset| below 0.2 s      mean |offset|
             own / other sound             own / other sound
    tuned   20   45 % / 17 %               0.61 / 0.87 s
    fresh   19   58 % / 16 %               0.53 / 0.97 s
    all     39   51 % / 18 %               0.57 / 0.92 s

Of seven faces that speak GRID sentences six come within 0.07 s. Drones, music by many hands and scenes whose motion
makes no sound come out at chance: a single clip proves little, and `confidence` does not say which clip is right.
Seven dubbings of one such face: the recording itself 0.07 s, the systems 0.08 to 0.61 s. On 48 rendered clips each
of sounding objects, of a speaking face, and of both, the mean is 0.20, 0.08, 0.25 s with their own sound, 1.01, 0.28,
0.64 s with another clip's (sentences are much alike), and 1.1 to 1.3 s with noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

GREATEST_LAG = 2.0
"""Seconds looked at to either side, as in Synchformer (Iashin et al., ICASSP 2024); at most half the clip."""

_SMOOTHING = 0.04
"""Seconds, standard deviation: about one video frame."""
_COMPRESSION = 0.7
"""Power to which both curves are raised: one violent event is not to decide alone."""


class DesyncOnset:
    """`desync@onset`: satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the absolute offset in seconds; detail: `offset` (positive: the sound is late) and `confidence`.

        `confidence` is the height of the best lag above the median, in median absolute deviations of all lags.

        Args:
            sound: `envelope` (n,) and `rate` ().
            picture: `tiles` (m, k) and `rate` ().

        Raises:
            Unmeasurable: less than 0.5 s in common, or a curve without any event in that stretch.
        """
        rate = float(sound["rate"])
        if rate != float(picture["rate"]):
            raise ValueError(f"the features have different rates: {rate} and {float(picture['rate'])} Hz")
        seconds, agreement = correlogram(sound["envelope"], picture["tiles"], rate)
        best = int(np.argmax(agreement))
        offset = float(seconds[best]) + _between(agreement, best) / rate
        spread = float(np.median(np.abs(agreement - np.median(agreement))))
        confidence = float(agreement[best] - np.median(agreement)) / max(spread, 1e-12)
        return Score(value=abs(offset), detail={"offset": offset, "confidence": min(confidence, 1e3)})


def correlogram(envelope: np.ndarray, tiles: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return lags in seconds, shape (2 k + 1,), and the agreement at each, >= 0.

    The correlation of the envelope with each tile is divided by sqrt(1 - |lag| / length): by chance alone it then has
    the same spread at every lag, and no lag, zero included, is favoured. Negative correlations are cut; the squares of
    the others are added, weighted by the root of the tile's spread: few tiles that go with the sound count for more
    than many that move by themselves.

    Args:
        envelope: onsets of the sound, shape (n,).
        tiles: events in the picture, shape (m, k).
        rate: values per second of both.

    Raises:
        Unmeasurable: less than 0.5 s in common, or no event in one of the two.
    """
    count = min(len(envelope), len(tiles))
    if count < rate / 2:
        raise Unmeasurable(f"sound and picture have only {count / rate:.2f} s in common")
    a = _smooth(np.maximum(envelope[:count, None], 0.0) ** _COMPRESSION, _SMOOTHING * rate)
    b = _smooth(np.maximum(tiles[:count], 0.0) ** _COMPRESSION, _SMOOTHING * rate)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    height, spreads = float(a.std()), b.std(axis=0)
    if height < 1e-9:
        raise Unmeasurable("the sound has no onsets while the picture lasts")
    if float(spreads.max()) < 1e-9:
        raise Unmeasurable("the video shows no motion events while the sound lasts")
    size = 1 << (2 * count - 1).bit_length()
    crossed = np.fft.irfft(np.fft.rfft(a, size, axis=0) * np.conj(np.fft.rfft(b, size, axis=0)), size, axis=0)
    reach = min(round(GREATEST_LAG * rate), count // 2)
    lags = np.arange(-reach, reach + 1)
    correlation = crossed[lags] / (count * height * np.maximum(spreads, 1e-9))
    correlation /= np.sqrt(1 - np.abs(lags) / count)[:, None]
    return lags / rate, (np.maximum(correlation, 0.0) ** 2 * np.sqrt(spreads)).sum(axis=1)


def _smooth(curves: np.ndarray, deviation: float) -> np.ndarray:
    """Return curves (n, k) smoothed along the first axis by a Gaussian of `deviation` values, ends repeated."""
    radius = int(np.ceil(4 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
    padded = np.pad(curves, ((radius, radius), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0)
    return np.asarray(windows @ (kernel / kernel.sum()))


def _between(values: np.ndarray, best: int) -> float:
    """Return where the parabola through a maximum and its neighbours peaks, -0.5 to 0.5 steps from it."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, here, after = (float(v) for v in values[best - 1 : best + 2])
    curve = before - 2 * here + after
    return 0.0 if curve >= 0 else 0.5 * (before - after) / curve
