"""Cuts out of training clips: single events, and textures."""

from __future__ import annotations

import numpy as np

from vsseval.models.onset_foley.sounds import LEAD_SECONDS, RATE

__all__ = ["cuts_of_events", "texture_of"]

_LONGEST = {"bell": 1.6, "glass_break": 1.3}
_LONGEST_OTHER, _SHORTEST = 0.7, 0.16
_GUARD = 0.012
"""Seconds before the next event at which a cut ends."""
_FADE = 0.3
"""Share of a cut over which it fades."""
_SILENT = 0.003
"""Amplitude relative to the peak (-50 dB) at which a sound is over."""
_CUTS = 2
_TEXTURE_SECONDS = 3.2
_PER_FRAME = RATE // 25


def cuts_of_events(samples: np.ndarray, events: tuple[float, ...], label: str) -> list[np.ndarray]:
    """Cut single events out of a clip, those with the longest time to themselves first.

    What rings long (a bell) is cut at its first stroke alone: later ones lie in the ringing of those before.

    Args:
        samples: float32 (n,) at 16 kHz.
        events: seconds.
        label: the class.

    Returns:
        At most two cuts, float32, the event at `LEAD_SECONDS`; none where the events are too close together.
    """
    longest = _LONGEST.get(label, _LONGEST_OTHER)
    ends = [*(second - _GUARD for second in events[1:]), samples.size / RATE]
    pairs = [(min(end, start + longest) - start, start) for start, end in zip(events, ends, strict=True)]
    if label in _LONGEST:
        pairs = pairs[:1]
    pairs = sorted((pair for pair in pairs if pair[0] >= _SHORTEST), reverse=True)
    return [_cut(samples, start, start + long) for long, start in pairs[:_CUTS] if start >= LEAD_SECONDS]


def _cut(samples: np.ndarray, start: float, stop: float) -> np.ndarray:
    cut = samples[round((start - LEAD_SECONDS) * RATE) : round(stop * RATE)].astype(np.float64)
    loud = np.flatnonzero(np.abs(cut) > _SILENT * np.abs(cut).max())
    cut = cut[: min(cut.size, int(loud[-1]) + RATE // 50)]
    fade = round(_FADE * cut.size)
    cut[cut.size - fade :] *= 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, fade))
    rise = round(0.5 * LEAD_SECONDS * RATE)
    cut[:rise] *= np.linspace(0.0, 1.0, rise)
    return cut.astype(np.float32)


def texture_of(samples: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the stretch that covers most of the range of intensities.

    Args:
        samples: float32 (n,).
        intensity: (T,), 25 a second.

    Returns:
        Samples and their intensity, of `_TEXTURE_SECONDS` or the whole clip if that is shorter.
    """
    frames = min(len(intensity), samples.size // _PER_FRAME, round(_TEXTURE_SECONDS * 25))
    spans = np.lib.stride_tricks.sliding_window_view(intensity, frames)
    first = int(np.argmax(np.ptp(spans, axis=1)))
    first = min(first, samples.size // _PER_FRAME - frames)
    return samples[first * _PER_FRAME : (first + frames) * _PER_FRAME], intensity[first : first + frames]
