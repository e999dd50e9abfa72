"""Seeded sounds with sharp events, at 22.05 kHz, for the goldens of onsets: hits, near doubles, faint ones, a hum."""

from __future__ import annotations

import numpy as np

RATE = 22_050
CASES = range(8)


def events(case):
    """Seconds at which something is to sound, in order."""
    rng = np.random.RandomState(500 + case)
    times = np.cumsum(rng.uniform(0.12, 0.7, 12))
    return times[times < 3.6]


def sound(case, side):
    """Hits at the events; the generated side has them displaced, doubled, dropped and of other loudness."""
    rng = np.random.RandomState(1000 + 2 * case + (side == "generated"))
    times = events(case)
    if side == "generated":
        times = times[rng.uniform(size=len(times)) > 0.2]
        times = times + rng.normal(0, 0.06, len(times))
        times = np.sort(np.concatenate([times, times[::3] + 0.047, times[::4] + 0.095, rng.uniform(0.1, 3.7, 3)]))
    wave = 1e-4 * rng.standard_normal(4 * RATE)
    wave += 0.02 * np.sin(2 * np.pi * 90 * np.arange(wave.size) / RATE) * (case % 2)
    for time in times:
        start = int(np.clip(time, 0.05, 3.9) * RATE)
        length = int(rng.uniform(0.02, 0.08) * RATE)
        hit = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
        wave[start : start + length] += rng.uniform(0.05, 0.6) * hit
    return np.clip(wave, -1, 1).astype(np.float32)
