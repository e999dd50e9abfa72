"""How well the mouth that is seen opens with the speech that is heard: a correlation; clip by clip weak, not as a mean.

Both curves, the opening of the mouth and the level of the sound, are kept between 1 and 8 Hz, where syllables are
(Chandrasekaran et al., "The natural statistics of audiovisual speech", PLoS Computational Biology 2009), and compared
from the first to the last moment of speech. Slower changes, that a mouth is shut before and after a sentence, would
agree with any sound of that span.

What to expect: of six faces of GRID the mean is 0.54 with their own sound (0.40 to 0.63, each the best of the six),
0.03 with another's (standard deviation of a clip 0.26), and with their own, moved by 40, 80 and 120 ms, 0.45, 0.10 and
-0.26 where it comes late, 0.29, -0.07 and -0.33 where it comes early. On twelve rendered faces it is 0.69, 0.02, and
nearly the same when moved. Of one video dubbed by six systems, the recording has 0.60, FlowDubber 0.56, no other more
than 0.03. A single clip proves little.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

BAND = (1.0, 8.0)
"""Hertz."""
LEAST_SECONDS, LEAST_SPEECH = 1.0, 0.5
"""Of sound and picture together, and of speech in them."""

_ORDER = 2
_QUIET, _SPEECH = 5, 0.25
"""Per cent of the level's values below what counts as quiet, and how far up from there to the loudest speech begins. A
half or a third instead of a quarter change no mean above by more than 0.01."""
_LEAST_SEEN = 0.8
"""Share of the speech in which the face has to be seen."""
_FLAT = 1e-6
"""Standard deviation of a curve in the band below which it does not move."""


class LipSync:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, mouth: Arrays) -> Score:
        """Return the correlation, -1 to 1; detail: `speech_seconds` that were compared.

        Args:
            sound: `level` (n,) and `rate` (), a whole number of times that of the mouth.
            mouth: `opening` (m,), NaN where no face is seen, and `rate` ().

        Raises:
            Unmeasurable: less than 1 s of sound and picture together, or 0.5 s of speech; the face is seen in less than
                0.8 of it; or one of the curves does not move.
        """
        rate = float(mouth["rate"])
        opening = np.asarray(mouth["opening"], np.float64)
        level = _slowed(np.asarray(sound["level"], np.float64), float(sound["rate"]) / rate)
        count = min(len(opening), len(level))
        opening, level = opening[:count], level[:count]
        least = round(LEAST_SECONDS * rate)
        if count < least:
            raise Unmeasurable(f"sound and picture have only {count / rate:.2f} s in common")
        first, stop = speech(level)
        seen = np.isfinite(opening)
        if stop - first < round(LEAST_SPEECH * rate):
            raise Unmeasurable(f"there is only {(stop - first) / rate:.2f} s of speech while the picture lasts")
        share = float(seen[first:stop].mean())
        if share < _LEAST_SEEN:
            raise Unmeasurable(f"the face is seen in only {share:.0%} of the speech")
        filled = np.interp(np.arange(count), np.flatnonzero(seen), opening[seen])
        compared = seen & (np.arange(count) >= first) & (np.arange(count) < stop)
        value = _correlation(in_band(filled, rate)[compared], in_band(level, rate)[compared])
        return Score(value=value, detail={"speech_seconds": float(compared.sum() / rate)})


def speech(level: np.ndarray) -> tuple[int, int]:
    """Return the first place of speech, and the one behind the last, by the level (n >= 1,) of a sound."""
    quiet, loud = np.percentile(level, _QUIET), level.max()
    places = np.flatnonzero(level >= quiet + _SPEECH * (loud - quiet))
    return int(places[0]), int(places[-1]) + 1


def in_band(curve: np.ndarray, rate: float) -> np.ndarray:
    """Return a curve (n >= 25,) between 1 and 8 Hz, neither late nor early.

    Args:
        curve: evenly spaced values.
        rate: of them a second.
    """
    from scipy.signal import butter, sosfiltfilt

    return np.asarray(sosfiltfilt(butter(_ORDER, BAND, btype="bandpass", fs=rate, output="sos"), curve))


def _slowed(curve: np.ndarray, times: float) -> np.ndarray:
    """Return the means of `times` values each, a curve of a lower rate."""
    if times < 1 or times % 1:
        raise ValueError(f"the rate of the sound is {times} times that of the mouth: no whole number")
    whole = len(curve) // int(times)
    return np.asarray(curve[: whole * int(times)].reshape(whole, int(times)).mean(axis=1))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if a.std() < _FLAT:
        raise Unmeasurable("the mouth does not move while the sound lasts")
    if b.std() < _FLAT:
        raise Unmeasurable("the level of the sound does not change while the picture lasts")
    return float(np.corrcoef(a, b)[0, 1])
