"""By how many seconds sound and picture are apart: the lag at which the sound agrees best with one part of the picture.

What to expect, measured on 44 recordings (VGGSound, VAS, demo clips, GRID faces, five generated; 1.8 to 33 s) by
`benchmarks/sync_quality.py`, each with its own sound and with 20 others': mean value 0.49 and 1.04 s, difference
-0.55 s (95 % interval -0.69 to -0.40); 52 % of own sounds below 0.2 s; white noise 0.92 s. The form was chosen on these
clips, among some eighty variants of curves, pooling and smoothing, which flatters them by 0.1 to 0.2 s. Own sounds
are late by 0.09 s in the median. On the rendered clips that ship (sounding objects, a speaking face, both) the mean is
0.10, 0.09, 0.06 s with their own sound, 1.06, 0.42, 0.58 s with another clip's (sentences are much alike), and 0.96,
0.89, 1.11 s with noise.

A lag is found within 5 ms where events are clear, at constant and variable frame rates. When a sound is moved, the
estimate follows within 0.1 s in 95 % of the recordings at 0.1 s, 72 % at 0.4 s, 50 % at 1 s. Drones, music by many
hands and scenes whose motion makes no sound come out at chance: a single clip proves little. `confidence` says which.
Fitted to all recordings but the one in question, it was 0.24, 0.35, 0.45, 0.55 and 0.69 on average in five classes of
recordings, whole and moved, and the lag was within 0.2 s in 27, 28, 52, 65 and 59 %: calibrated up to 0.6, and a
little too sure above. Of those at 0.5 and more, 39 % were wrong; of the fifteen unmoved ones among them three, which
nearly every variant put at the same lag (a cannon's shot at +0.99 s). Others' sounds reach 0.5 in 7 % of cases. A right
lag was surer than a wrong one in 66 % of pairs; by the evidence of the whole clip in 52 %.

What was tried besides and did no better on these recordings: one region for onsets and level together, regions of four
tiles, and sounds that decay (each event seen makes a level that falls off in 0.1 to 0.4 s).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

GREATEST_LAG = 2.0
"""Seconds looked at to either side, as in Synchformer (Iashin et al., ICASSP 2024); at most half the video."""

_EDGE = 0.1
"""Seconds at the ends of every curve that say nothing: that a sound or a picture begins is no event."""
_PICTURE, _FLUX, _LEVEL = 0.04, 0.05, 0.08
"""Seconds, standard deviations of the smoothing of tiles, onsets and level: about one video frame, and two."""
_SPREAD, _SHARPNESS = 0.3, 12
"""Weight of a tile: its spread over the greatest, to this power. Tiles are pooled by the mean of 12th powers, which is
nearly that of the best one: what sounds is in one place."""
_TREND = 0.75
"""Seconds, standard deviation: slower changes of the sound are taken off. Its events tell the lag, not its phrases."""
_FLUX_BY_CHANCE, _LEVEL_BY_CHANCE = (0.114, 0.079), (0.167, 0.103)
"""Mean and standard deviation of the pooled correlations of 5 s of sound with pictures of other recordings."""
_USUAL = 250
"""Values of those 5 s; chance falls with the root of the length."""
_NEAR = 0.2
"""Seconds around a lag that count as the same: the evidence of one event is that wide."""
_EXACT = 0.04
"""Seconds around the strongest evidence within which the onsets alone say the lag: one video frame."""
_FLAT = 1e-9
"""Standard deviation below which a curve counts as without events."""
_SAME = 0.1
"""Seconds around a lag within which a half of the clip agrees with it."""
_LOGISTIC = (-0.79, 0.68, -0.80)
"""Of `confidence`: constant, and coefficients of the logarithm of the repeated evidence and of the rival's share."""
_WEAK = 2.0
"""Evidence below which the best lag of a recording is right no more often than by chance."""


class Evidence(NamedTuple):
    """How well sound and picture agree at each lag."""

    seconds: np.ndarray
    """Lags, positive where the sound is late; shape (2 k + 1,)."""
    strength: np.ndarray
    """Evidence of onsets and level together, in squared standard deviations beyond chance, >= 0; shape (2 k + 1,)."""
    onsets: np.ndarray
    """Pooled correlation of the onsets alone, which is the more exact in time; shape (2 k + 1,)."""


class DesyncOnset:
    """`desync@onset`: satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, picture: Arrays) -> Score:
        """Return the absolute lag in seconds; detail: `offset` (positive: the sound is late), `confidence`, `evidence`.

        Where the evidence is weak (below 2), the value is half the greatest lag looked at, 1 s for videos of 4 s and
        more: what is to be expected where no lag is likelier than another. The clip stays among the measured ones, and
        nothing is gained by a sound without events. `offset` then still is the best lag, and `confidence` is low.

        `confidence`, 0 to 1, is how probably the lag is right within 0.2 s.

        Args:
            sound: `flux` (n, 4), `level` (n,) and `rate` ().
            picture: `tiles` (m, k) and `rate` ().

        Raises:
            Unmeasurable: less than 0.5 s in common, or a curve without any event in that segment.
        """
        rate = float(sound["rate"])
        if rate != float(picture["rate"]):
            raise ValueError(f"the features have different rates: {rate} and {float(picture['rate'])} Hz")
        curves = sound["flux"], sound["level"], picture["tiles"]
        found = evidence(*curves, rate)
        best = int(np.argmax(found.strength))
        again = repeated(*curves, rate, float(found.seconds[best]))
        offset = _refined(found, best)
        strongest = float(found.strength[best])
        value = abs(offset) if strongest >= _WEAK else float(found.seconds[-1]) / 2
        detail: dict[str, float | int | str] = {
            "offset": offset,
            "confidence": confidence(found, again),
            "evidence": strongest,
            "repeated": again,
            "rival": rival(found),
        }
        return Score(value=value, detail=detail)


def evidence(flux: np.ndarray, level: np.ndarray, tiles: np.ndarray, rate: float) -> Evidence:
    """Return how well sound and picture agree at each lag.

    The ends of all curves are set to their medians, and so is what the sound lacks to the length of the picture: a
    short sound is looked for as far as a long one. A correlation is divided by sqrt(1 - |lag| / length): by chance
    alone it then has the same spread at every lag, and no lag, zero included, is favoured. Correlations of the bands
    are averaged; negative ones are cut; over the tiles they are pooled. Onsets and level each give the square of by how
    many standard deviations they exceed chance; the two are added.

    Args:
        flux: onsets of the sound in several bands, shape (n, bands).
        level: level of the sound, shape (n,).
        tiles: events in the picture, shape (m, k).
        rate: values per second of all.

    Raises:
        Unmeasurable: less than 0.5 s in common, or no event in one of the two.
    """
    count = len(tiles)
    if min(len(flux), count) < rate / 2:
        raise Unmeasurable(f"sound and picture have only {min(len(flux), count) / rate:.2f} s in common")
    edge = round(_EDGE * rate)
    onsets, loudness = (
        _without_trend(_smooth(_lengthened(_neutral(curves[:count], edge), count), deviation * rate), _TREND * rate)
        for curves, deviation in ((flux, _FLUX), (level[:, None], _LEVEL))
    )
    seen = _centred(_smooth(_neutral(tiles, edge), _PICTURE * rate))
    if float(onsets.std(axis=0).max()) < _FLAT:
        raise Unmeasurable("the sound has no onsets while the picture lasts")
    spreads = seen.std(axis=0)
    if float(spreads.max()) < _FLAT:
        raise Unmeasurable("the video shows no motion events while the sound lasts")
    reach = min(round(GREATEST_LAG * rate), count // 2)
    weights = (spreads / spreads.max()) ** _SPREAD
    pooled = [
        (np.mean((np.maximum(_correlated(curves, seen, reach), 0.0) * weights) ** _SHARPNESS, axis=1))
        ** (1 / _SHARPNESS)
        for curves in (onsets, loudness)
    ]
    scores = [
        np.maximum((np.sqrt(count / _USUAL) * curve - mean) / deviation, 0.0)
        for curve, (mean, deviation) in zip(pooled, (_FLUX_BY_CHANCE, _LEVEL_BY_CHANCE), strict=True)
    ]
    return Evidence(np.arange(-reach, reach + 1) / rate, scores[0] ** 2 + scores[1] ** 2, pooled[0])


def repeated(flux: np.ndarray, level: np.ndarray, tiles: np.ndarray, rate: float, lag: float) -> float:
    """Return the evidence for a lag in that half of the clip that has less of it, 0 where one half has none at all.

    What sounds and is seen throughout the clip agrees in both halves; two long curves that meet by chance do so in one.

    Args:
        flux: as for `evidence`.
        level: the same.
        tiles: the same.
        rate: the same.
        lag: seconds, positive where the sound is late.
    """
    half = len(tiles) // 2
    least = np.inf
    for part in (slice(half), slice(half, 2 * half)):
        try:
            found = evidence(flux[part], level[part], tiles[part], rate)
        except Unmeasurable:
            return 0.0
        near = np.abs(found.seconds - lag) <= _SAME + _FLAT
        least = min(least, float(found.strength[near].max(initial=0.0)))
    return float(least)


def rival(found: Evidence) -> float:
    """Return the share of the strongest evidence that a lag more than 0.2 s away reaches, 0 to 1."""
    best = int(np.argmax(found.strength))
    top = float(found.strength[best])
    away = np.abs(found.seconds - found.seconds[best]) > _NEAR
    return float(found.strength[away].max(initial=0.0)) / top if top > 0 else 1.0


def confidence(found: Evidence, again: float) -> float:
    """Return how probably the best lag is right within 0.2 s, 0 to 1: a logistic function of two numbers.

    They are the logarithm of the evidence that both halves repeat, and the share that another lag reaches. How strong
    the evidence of the whole is tells nothing more: fitted to some recordings, it does not sort others.

    Args:
        found: evidence of the whole clip.
        again: what `repeated` says of its best lag.
    """
    constant, by_repeated, by_rival = _LOGISTIC
    return float(1 / (1 + np.exp(-(constant + by_repeated * np.log1p(again) + by_rival * rival(found)))))


def _neutral(curves: np.ndarray, edge: int) -> np.ndarray:
    """Return curves (n, k) with `edge` values at either end set to the median of the others, float64."""
    out = np.array(curves, np.float64)
    middle = np.median(out[edge : len(out) - edge], axis=0)
    out[:edge] = middle
    out[len(out) - edge :] = middle
    return out


def _lengthened(curves: np.ndarray, count: int) -> np.ndarray:
    """Return curves (n, k) followed by their last row up to `count` rows."""
    return np.pad(curves, ((0, count - len(curves)), (0, 0)), mode="edge")


def _centred(curves: np.ndarray) -> np.ndarray:
    return np.asarray(curves - curves.mean(axis=0))


def _without_trend(curves: np.ndarray, deviation: float) -> np.ndarray:
    """Return curves (n, k) less what is left of them when smoothed by `deviation` values, of mean zero."""
    return _centred(curves - _smooth(curves, deviation))


def _correlated(curves: np.ndarray, seen: np.ndarray, reach: int) -> np.ndarray:
    """Return the mean correlation of curves (n, bands) with each tile of seen (n, k), shape (2 reach + 1, k).

    Both are centred; row i is lag i - reach, positive where the curves are late.
    """
    count = len(curves)
    size = 1 << (2 * count - 1).bit_length()
    unit = (curves / np.maximum(curves.std(axis=0), _FLAT)).mean(axis=1, keepdims=True)
    crossed = np.fft.irfft(np.fft.rfft(unit, size, axis=0) * np.conj(np.fft.rfft(seen, size, axis=0)), size, axis=0)
    lags = np.arange(-reach, reach + 1)
    height = count * np.maximum(seen.std(axis=0), _FLAT) * np.sqrt(1 - np.abs(lags) / count)[:, None]
    return np.asarray(crossed[lags] / height)


def _refined(found: Evidence, best: int) -> float:
    """Return the lag in seconds at which onsets agree best near the strongest evidence, between the values of the grid.

    The level goes on when an event is over, and draws the evidence towards late lags; onsets do not.
    """
    step = float(found.seconds[1] - found.seconds[0])
    width = round(_EXACT / step)
    first = max(best - width, 0)
    near = found.onsets[first : best + width + 1]
    peak = first + int(np.argmax(near))
    exact = peak if found.onsets[peak] > 0 and first < peak < first + len(near) - 1 else best
    curve = found.onsets if exact == peak else found.strength
    return float(found.seconds[exact]) + _between(curve, exact) * step


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
