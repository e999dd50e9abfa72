"""Generated onsets matched with events, and what is counted of the matches."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays
from vsseval.onset_peaks import peaks

DELTA = 0.3
"""What an onset rises above its surroundings by."""
APART = 0.05 * 22_050
"""Samples below which two onsets are one."""
HOP = 512


class MatchingRules(NamedTuple):
    """What the scripts differ in."""

    window: float
    """Seconds within which onsets match."""
    level: Literal[0, 1]
    """Loudness by the absolute (0) or the signed (1) sample."""
    added: float
    """To the range that loudness is divided by."""


CONDFOLEYGEN = MatchingRules(0.1, 0, 0.0)
"""Du et al., Conditional generation of audio from video via Foley analogies, CVPR 2023."""
MMAUDIO = MatchingRules(0.3, 1, 1e-6)
"""Cheng et al., MMAudio, CVPR 2025, evaluation on Greatest Hits."""


class Matches(NamedTuple):
    """What `matched` finds."""

    hits: int
    truth: list[int]
    """1 for an event, matched or missed; 0 for an onset that matches none."""
    confidence: list[float]
    """Of the onset, 0 for a missed event."""


def matched(generated: Arrays, events: np.ndarray, rules: MatchingRules, *, as_reported: bool = False) -> Matches:
    """Match generated onsets with events, in the order of the events.

    Args:
        generated: features of the generated sound.
        events: samples at 22.05 kHz, shape (k,), in order.
        rules: of one script.
        as_reported: with its slips.
    """
    minimum, maximum = (float(value) for value in generated["extremes"][rules.level])
    span = (maximum - minimum + rules.added) or 1.0
    here, loudest = ((generated[name][:, rules.level] - minimum) / span for name in ("here", "loudest"))
    kept = thinned(peaks(generated["strength"], DELTA), loudest, as_reported=as_reported)
    left = kept.tolist()
    truth, confidence, hits = [], [], 0
    for event in events:
        near = [place for place, frame in enumerate(left) if abs(frame * HOP - event) < rules.window * 22_050]
        truth.append(1)
        if not near:
            confidence.append(0.0)
            continue
        # MMAudio's script looks up the loudness of a place among those left in the list of all.
        looked_up = kept if as_reported and rules is MMAUDIO else left
        chosen = near[int(np.argsort([here[looked_up[place]] for place in near])[-1])]
        hits += 1
        confidence.append(float(loudest[left.pop(chosen)]))
        if as_reported and not left:
            break
    return Matches(hits, truth + [0] * len(left), confidence + [float(loudest[frame]) for frame in left])


def thinned(frames: np.ndarray, loudest: np.ndarray, *, as_reported: bool = False) -> np.ndarray:
    """Return onsets of which no two lie within 50 ms: the louder stays.

    Args:
        frames: of the onsets, in order, shape (k,).
        loudest: loudness around each frame of the sound, shape (n,).
        as_reported: skip the neighbour that follows each one that is removed.
    """
    remain = frames.tolist()
    kept: list[int] = []
    for place in np.argsort(loudest[frames])[::-1]:
        frame = int(frames[place])
        if frame not in remain:
            continue
        kept.append(frame)
        remain.remove(frame)
        at = 0
        while at < len(remain):
            if abs(frame - remain[at]) * HOP < APART:
                del remain[at]
                at += as_reported
            else:
                at += 1
    return np.array(sorted(kept), int)


def average_precision(truth: list[int], confidence: list[float], *, as_reported: bool = False) -> float:
    """Return the sum over thresholds of precision times the gain in recall, 0 to 1; 0 where nothing is true.

    Args:
        truth: 1 or 0.
        confidence: of the same length; equal ones share a threshold. What has none is never found.
        as_reported: a threshold of zero finds misses too, all at once: silence then has a precision of 1.
    """
    right, score = np.asarray(truth, float), np.asarray(confidence, float)
    true = right.sum()
    if not as_reported:
        right, score = right[score > 0], score[score > 0]
    if not true or not len(score):
        return 0.0
    order = np.argsort(-score, kind="stable")
    right, score = right[order], score[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits = np.cumsum(right)[last]
    precision, recall = hits / (last + 1), hits / true
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def f1(truth: list[int], confidence: list[float]) -> float:
    """Return the harmonic mean of precision and recall of what has any confidence, 0 to 1."""
    right, positive = np.asarray(truth, bool), np.asarray(confidence, float) > 0
    hits = int((right & positive).sum())
    return 2 * hits / max(1, int(right.sum()) + int(positive.sum()))
