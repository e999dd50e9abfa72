"""Where a sound belongs under a picture: moved so that its onsets fall on what moves, or cut to the visible impacts."""

from __future__ import annotations

import numpy as np

RATE = 16000
STEP, FARTHEST = 0.04, 1.0
"""Seconds of a step of the envelopes, and as far as a sound is moved."""
LEAST = 0.05
"""Correlation of sound and picture below which a sound stays where it is."""
NEAREST = 5
"""How many sounds `chosen` tries."""
IMPACT, APART, BEFORE, BREAK = 0.35, 0.16, 0.02, 0.03
"""Share of the strongest motion that is an impact; seconds between two, before an onset, and in which a cut fades."""
SMOOTH = (0.5, 1.0, 0.5)
"""Weights of neighbouring steps: one step apart is nearly as good as together."""
STRUCK = 0.5
"""Share of the rises of level that is in the strongest tenth of steps, from which a sound is of strokes."""


def placed(variant, near, pictures, times, seconds):
    """Return the sound of a variant, from sounds of the bank, the most alike first."""
    size = max(1, round(seconds * RATE))
    if variant in {"plain", "pixels"}:
        return shifted(near[0], 0.0, size)
    if variant == "cut":
        return struck(near[0], impacts(rises(pictures, times, seconds)), size)
    tried = [best_shift(sound, pictures, times, seconds) for sound in (near if variant == "chosen" else near[:1])]
    best = int(np.argmax([fit for _, fit in tried]))
    return shifted(near[best], tried[best][0], size)


def shifted(sound, seconds, size):
    """Return a sound moved by some seconds, `size` samples long."""
    track, shift = np.zeros(size, np.float32), round(seconds * RATE)
    source, target = max(0, -shift), max(0, shift)
    kept = sound[source : source + max(0, size - target)]
    track[target : target + kept.size] = kept
    return track


def impacts(seen):
    """Return the seconds at which motion in the picture rises most, none close to a stronger one."""
    near, found = round(APART / STEP), []
    for place in np.argsort(seen)[::-1]:
        if seen[place] <= IMPACT * seen.max() or seen[place] <= 0:
            break
        if all(abs(place - other) >= near for other in found):
            found.append(int(place))
    return [place * STEP for place in sorted(found)]


def struck(sound, times, size):
    """Return the strongest stroke of a sound at each of some times, up to the next; a steady sound as it is."""
    heard = onsets(sound, max(2, round(sound.size / RATE / STEP)))
    few = np.sort(heard)[::-1][: max(1, heard.size // 10)]
    if not times or few.sum() < STRUCK * max(heard.sum(), 1e-9):
        return shifted(sound, 0.0, size)
    first = max(0, round((int(np.argmax(heard)) * STEP - BEFORE) * RATE))
    track, fade = np.zeros(size, np.float32), round(BREAK * RATE)
    ends = [*(round((at - BEFORE) * RATE) for at in times[1:]), size]
    for at, end in zip(times, ends, strict=True):
        start = max(0, round((at - BEFORE) * RATE))
        piece = sound[first : first + max(0, end - start)].copy()
        piece[-fade:] *= np.linspace(1, 0, min(fade, piece.size), dtype=np.float32)
        track[start : start + piece.size] = piece
    return track


def rises(pictures, times, seconds):
    """Return by how much motion in the picture rises in each step."""
    count = max(2, round(seconds / STEP))
    small = pictures[:, ::8, ::8].astype(np.float32).mean(axis=3)
    change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    places = np.minimum((times[1:] / STEP).round().astype(int), count - 1)
    seen = np.zeros(count)
    np.maximum.at(seen, places, np.maximum(0.0, np.diff(change, prepend=change[:1])))
    return seen


def onsets(sound, count):
    """Return by how much the level of a sound rises in each of some steps."""
    hop = round(STEP * RATE)
    whole = np.pad(sound, (0, max(0, count * hop - sound.size)))[: count * hop].reshape(count, hop)
    level = np.log(np.square(whole).mean(axis=1) + 1e-7)
    return np.maximum(0.0, np.diff(level, prepend=level[:1]))


def best_shift(sound, pictures, times, seconds):
    """Return by how many seconds a sound is moved so that its onsets fall on what moves, and how well they then do."""
    far, seen = round(FARTHEST / STEP), rises(pictures, times, seconds)
    # A step apart is as good as together: nobody hears 40 ms.
    seen, heard = (np.convolve(one, SMOOTH, "same") for one in (seen, onsets(sound, seen.size)))
    seen, heard = seen - seen.mean(), heard - heard.mean()
    scale = float(np.linalg.norm(seen) * np.linalg.norm(heard))
    if scale <= 0:
        return 0.0, 0.0
    matches = [float(seen @ moved(heard, lag)) / scale for lag in range(-far, far + 1)]
    best = int(np.argmax(matches))
    return ((best - far) * STEP, matches[best]) if matches[best] > max(LEAST, matches[far]) else (0.0, matches[far])


def moved(values, lag):
    """Return values moved later by some places, with nothing where none come from."""
    found = np.zeros_like(values)
    if lag >= 0:
        found[lag:] = values[: len(values) - lag]
    else:
        found[:lag] = values[-lag:]
    return found
