"""What is seen, by trained weights: the class, the moments of the events, the course of the intensity, the timbre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vsseval.models.onset_foley.features import RHYTHM, around, class_vector, course, curves
from vsseval.models.onset_foley.motion import FPS, Motion, analyse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FACE", "Seen", "Weights", "classify", "events", "intensity", "is_unfamiliar", "look", "timbre"]

FACE = "face"
"""Class of what is no sounding object, so that a joint clip's two halves can be told apart."""
COURSE_REACH = 2
"""Frames to either side that the intensity is read from."""

_STRANGE = 1.7
"""Mean square of the standardised vector from which a clip is like nothing in training; none of mini_v2s reaches it."""
_LENIENT = 2.0
"""By how much less likely an event may be in such a clip, where nothing looks quite like what was trained on."""
_APART_SECONDS = 0.14
"""Least time between two events."""
_LOGIT_CAP = 12.0

Weights = dict[str, np.ndarray]
"""The arrays of `onset_foley.npz` by name; `build.train` makes them."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A clip, or a window of one, as the weights look at it."""

    motion: Motion
    vector: np.ndarray
    """float32 (D,), `features.class_vector`."""


def look(frames: np.ndarray) -> Seen:
    """Analyse pictures: uint8, shape (T, 64, 64, 3), at 25 frames a second."""
    motion = analyse(frames)
    return Seen(motion=motion, vector=class_vector(frames, motion))


def classify(weights: Mapping[str, np.ndarray], seen: Seen) -> dict[str, float]:
    """Return the probability of each class, `FACE` among them; they sum to 1.

    A clip that looks like nothing in training is told by the rhythm of its motion alone, and is never `FACE`:
    rather the sound of another thing that moves alike than that of a thing of the same colour.
    """
    vector = _standard(weights, "class", seen.vector)
    if is_unfamiliar(weights, seen):
        scores = vector[list(RHYTHM)] @ weights["rhythm/matrix"] + weights["rhythm/bias"]
        scores = np.where(weights["labels"] == FACE, -np.inf, scores)
    else:
        scores = vector @ weights["class/matrix"] + weights["class/bias"]
    odds = np.exp(scores - scores.max())
    return {str(name): float(odd) for name, odd in zip(weights["labels"], odds / odds.sum(), strict=True)}


def is_unfamiliar(weights: Mapping[str, np.ndarray], seen: Seen) -> bool:
    """Return whether a clip looks like nothing in training."""
    apart = (seen.vector - weights["class/mean"]) / weights["class/scale"]
    return float(np.mean(apart.astype(np.float64) ** 2)) > _STRANGE


def events(weights: Mapping[str, np.ndarray], seen: Seen, label: str, rate: float = FPS) -> list[tuple[float, float]]:
    """Find the visible events.

    A small network gives each frame the log odds of an event, from the motion around it; their peaks are refined by
    a parabola through three frames.

    Args:
        weights: trained.
        seen: the clip.
        label: its class, which says what kind of motion its events are.
        rate: frames a second.

    Returns:
        Seconds and strength (0..1) of each event in order of time; the most likely one alone where none is likely.
    """
    odds = log_odds(weights, seen, label)
    order = np.argsort(-odds, kind="stable")
    apart = _APART_SECONDS * rate
    taken: list[int] = []
    least = float(weights["onset/threshold"]) - (_LENIENT if is_unfamiliar(weights, seen) else 0.0)
    for frame in order:
        at = int(frame)
        if taken and (odds[at] < least or len(taken) >= len(odds) // apart):
            break
        before, after = odds[max(0, at - 1)], odds[min(len(odds) - 1, at + 1)]
        if odds[at] >= max(before, after) and all(abs(at - other) >= apart for other in taken):
            taken.append(at)
    return [(max(0.0, _refined(odds, at)) / rate, float(1.0 / (1.0 + np.exp(-odds[at])))) for at in sorted(taken)]


def log_odds(weights: Mapping[str, np.ndarray], seen: Seen, label: str) -> np.ndarray:
    """Return the log odds of an event at each frame, (T,)."""
    rows = onset_rows(seen.motion, label, [str(name) for name in weights["labels"]])
    inner = np.maximum(_standard(weights, "onset", rows) @ weights["onset/first"] + weights["onset/first_bias"], 0.0)
    odds = inner @ weights["onset/second"] + weights["onset/second_bias"]
    return np.asarray(np.clip(odds, -_LOGIT_CAP, _LOGIT_CAP))


def onset_rows(motion: Motion, label: str, labels: list[str]) -> np.ndarray:
    """Return the network's input for each frame: the curves around it, and the class."""
    rows = around(curves(motion))
    kind = np.tile([float(name == label) for name in labels], (len(rows), 1))
    return np.concatenate([rows, kind], axis=1)


def intensity(weights: Mapping[str, np.ndarray], seen: Seen, label: str, rate: float = FPS) -> np.ndarray:
    """Return how strong something continuous is, 0..1, 25 values a second, whatever the `rate` of the frames.

    A linear reading of slow motion and light, spread so that the clip's extremes are those of the class.
    """
    rows = around(course(seen.motion), COURSE_REACH)
    values = rows @ weights[f"intensity/{label}"]
    low, high = np.percentile(values, [2, 98])
    spread = np.clip((values - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    count = max(1, round(len(spread) * FPS / rate))
    return np.asarray(np.interp(np.arange(count) / FPS, np.arange(len(spread)) / rate, spread))


def timbre(weights: Mapping[str, np.ndarray], seen: Seen, label: str) -> np.ndarray:
    """Return the spectrum that the object is expected to have, in the units of the sound bank's, shape (S,)."""
    return np.asarray(_standard(weights, "class", seen.vector) @ weights[f"timbre/{label}"] + weights[f"tint/{label}"])


def _standard(weights: Mapping[str, np.ndarray], name: str, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip((values - weights[f"{name}/mean"]) / weights[f"{name}/scale"], -5.0, 5.0))


def _refined(odds: np.ndarray, at: int) -> float:
    """Return the place of a peak between frames."""
    if at in {0, len(odds) - 1}:
        return float(at)
    before, here, after = (float(odds[at + step]) for step in (-1, 0, 1))
    bend = before - 2.0 * here + after
    return at if bend > -1e-6 else at + float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))
