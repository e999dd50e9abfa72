"""Speech into a window of time: the engine's pace first, what is left by stretching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.models.tts_dub.engines import Speech

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LEVEL", "fitted", "level", "stretch", "trimmed"]

_TRIALS = 4
_NEAR = 0.015
"""Relative error of the duration that is left to stretching."""
_SLOWEST_STRETCH = 1.25
"""Factor on the duration beyond which speech that is too short is rather followed by silence."""
_QUIET = 0.01
"""Amplitude relative to the peak (-40 dB) below which an end of the speech is silence."""
_FADE_SECONDS = 0.005
LEVEL = 0.07
"""Root mean square of the speech (-23 dBFS)."""
_PEAK = 0.95


def fitted(say: Callable[[float], Speech], seconds: float, speeds: tuple[float, float]) -> Speech:
    """Return speech of `seconds`, or of less where even the slowest would have to be stretched too far.

    Args:
        say: speaks at a factor on the engine's own pace.
        seconds: to be filled.
        speeds: slowest and fastest factor.

    Raises:
        Unmeasurable: nothing audible is said.
    """
    speed, best = 1.0, trimmed(say(1.0))
    found = best
    for _ in range(_TRIALS - 1):
        wanted = float(np.clip(speed * _seconds(found) / seconds, *speeds))
        if abs(wanted / speed - 1.0) < _NEAR:
            break
        speed, found = wanted, trimmed(say(wanted))
        if abs(_seconds(found) - seconds) < abs(_seconds(best) - seconds):
            best = found
    length = round(min(seconds, _SLOWEST_STRETCH * _seconds(best)) * best.rate)
    return Speech(stretch(best.samples, max(1, length), best.rate), best.rate)


def trimmed(speech: Speech) -> Speech:
    """Cut the silence off both ends.

    Raises:
        Unmeasurable: there is nothing else.
    """
    loud = np.flatnonzero(np.abs(speech.samples) > max(_QUIET * _peak(speech.samples), 1e-3))
    if loud.size < speech.rate // 100:
        raise Unmeasurable("the engine finds nothing to say in the transcript")
    fade = round(_FADE_SECONDS * speech.rate)
    cut = speech.samples[max(0, loud[0] - fade) : loud[-1] + fade].copy()
    ramp = np.linspace(0.0, 1.0, min(fade, cut.size // 2), dtype=np.float32)
    cut[: ramp.size] *= ramp
    cut[cut.size - ramp.size :] *= ramp[::-1]
    return Speech(cut, speech.rate)


def level(samples: np.ndarray) -> np.ndarray:
    """Bring speech to a root mean square of `LEVEL`, or less where it would clip."""
    gain = LEVEL / max(float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))), 1e-9)
    return np.asarray(samples * min(gain, _PEAK / max(_peak(samples), 1e-9)), np.float32)


def stretch(samples: np.ndarray, length: int, rate: int) -> np.ndarray:
    """Change the length of speech and leave its pitch: overlap-add at the most similar place.

    WSOLA (Verhelst and Roelands, ICASSP 1993): windows of 30 ms every 15 ms, taken from within 7 ms of where they
    belong, wherever they go on best from the window before.

    Args:
        samples: float32 (n,).
        length: samples wanted, at least 1.
        rate: samples a second.

    Returns:
        float32 (length,).
    """
    if length == samples.size:
        return samples
    hop, reach = round(0.015 * rate), round(0.007 * rate)
    window = np.hanning(2 * hop + 1)[:-1]
    pad = 2 * hop + reach
    source = np.pad(samples.astype(np.float64), (pad, pad + 2 * hop))
    out, weight = np.zeros(length + 3 * hop), np.zeros(length + 3 * hop)
    place = pad - hop
    for start in range(0, length + hop, hop):
        # Output begins a hop early: `start` stands for the second start - hop.
        aim = pad + round((start - hop) * samples.size / length)
        if start:
            follow = source[place + hop : place + 3 * hop]
            low = min(max(0, aim - reach), source.size - 2 * hop - 2 * reach - 1)
            near = np.lib.stride_tricks.sliding_window_view(source[low : low + 2 * hop + 2 * reach], 2 * hop)
            place = low + int(np.argmax(near @ follow / np.sqrt((near**2).sum(axis=1) + 1e-9)))
        out[start : start + 2 * hop] += window * source[place : place + 2 * hop]
        weight[start : start + 2 * hop] += window
    return np.asarray(out[hop : hop + length] / np.maximum(weight[hop : hop + length], 1e-3), np.float32)


def _seconds(speech: Speech) -> float:
    return speech.samples.size / speech.rate


def _peak(samples: np.ndarray) -> float:
    return float(np.abs(samples).max(initial=0.0))
