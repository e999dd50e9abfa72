"""Phone timings into mouth shapes: a viseme table, diphthongs in two parts, and co-articulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.mini.clip import FPS
from vsseval.errors import UsageError

Phones = tuple[tuple[str, float, float], ...]
"""Name, start and end in seconds."""

_REST = 0
_BILABIAL = 1
_LABIODENTAL = 2

_SHAPES = np.array(
    [
        # opening, width, teeth, tongue, tuck of the lower lip, press of the lips
        (0.00, 0.50, 0.00, 0.00, 0.0, 0.0),  # 0 rest
        (0.00, 0.45, 0.00, 0.00, 0.0, 1.0),  # 1 p b m
        (0.16, 0.52, 1.00, 0.00, 1.0, 0.0),  # 2 f v
        (0.30, 0.52, 0.55, 1.00, 0.0, 0.0),  # 3 th dh
        (0.24, 0.60, 0.80, 0.45, 0.0, 0.0),  # 4 t d n
        (0.42, 0.52, 0.50, 0.90, 0.0, 0.0),  # 5 l
        (0.36, 0.52, 0.20, 0.15, 0.0, 0.0),  # 6 k g ng hh
        (0.30, 0.20, 1.00, 0.00, 0.0, 0.0),  # 7 ch jh sh zh
        (0.15, 0.78, 1.00, 0.00, 0.0, 0.0),  # 8 s z
        (0.26, 0.26, 0.30, 0.25, 0.0, 0.0),  # 9 r er
        (0.20, 0.00, 0.00, 0.00, 0.0, 0.0),  # 10 w uw
        (0.62, 0.12, 0.00, 0.10, 0.0, 0.0),  # 11 ao
        (1.00, 0.52, 0.25, 0.20, 0.0, 0.0),  # 12 aa
        (0.70, 0.80, 0.45, 0.30, 0.0, 0.0),  # 13 ae eh
        (0.30, 1.00, 0.60, 0.20, 0.0, 0.0),  # 14 iy ih y
        (0.48, 0.46, 0.15, 0.20, 0.0, 0.0),  # 15 ah ax uh
    ],
    dtype=np.float64,
)
"""Mouth shape of each viseme, all in 0..1."""
VISEMES = len(_SHAPES)
"""Number of classes, rest included."""

_CLASSES = {
    "pau": 0, "p": 1, "b": 1, "m": 1, "em": 1, "f": 2, "v": 2, "th": 3, "dh": 3, "t": 4, "d": 4, "n": 4, "en": 4,
    "dx": 4, "nx": 4, "l": 5, "el": 5, "k": 6, "g": 6, "ng": 6, "hh": 6, "hv": 6, "ch": 7, "jh": 7, "sh": 7, "zh": 7,
    "s": 8, "z": 8, "r": 9, "er": 9, "axr": 9, "w": 10, "uw": 10, "ao": 11, "aa": 12, "ae": 13, "eh": 13, "iy": 14,
    "ih": 14, "y": 14, "ix": 14, "ah": 15, "ax": 15, "uh": 15,
}  # fmt: skip
_DIPHTHONGS = {"aw": (12, 10), "ay": (12, 14), "ey": (13, 14), "ow": (11, 10), "oy": (11, 14)}
_FIRST_PART = 0.6
"""Share of a diphthong that its first target takes."""

_STEPS = 8
"""Points of the trajectory per frame (200 a second)."""
_BLUR_SECONDS = 0.028
"""Standard deviation of the co-articulation: targets reach into their neighbours by about half a phone."""
_CLOSURE_SECONDS = 0.05
"""Lips that must meet stay so for at least this long, so that one frame always shows it."""


@dataclass(frozen=True, kw_only=True)
class MouthTrack:
    """The mouth of a clip, frame by frame."""

    viseme: np.ndarray
    """uint8 (T,), 0 at rest."""
    shape: np.ndarray
    """float64 (T, 6): opening, width, teeth, tongue, tuck, press, each 0..1."""

    @property
    def curves(self) -> np.ndarray:
        """float32 (T, 3), each 0..1: opening, width, tongue-and-teeth. A mouth at rest has (0, 0.5, 0)."""
        opening, width, teeth, tongue = self.shape[:, :4].T
        shown = np.minimum(1.0, opening / 0.1)
        return np.stack([opening, width, (0.5 * teeth + 0.5 * tongue) * shown], axis=1).astype(np.float32)


def mouth_track(phones: Phones, start: float, frames: int) -> MouthTrack:
    """Move a mouth as phones say.

    Args:
        phones: timings within the utterance.
        start: second of the clip at which the utterance starts.
        frames: length of the clip in frames.
    """
    parts = [(kind, a + start, b + start) for kind, a, b in _parts(phones)]
    count = frames * _STEPS
    times = (np.arange(count) + 0.5) / (FPS * _STEPS) - 0.5 / FPS  # frame i shows the time i / FPS
    classes = np.zeros(count, dtype=np.int64)
    lips = np.zeros((count, 2))
    for kind, a, b in parts:
        classes[(times >= a) & (times < b)] = kind
        if kind in (_BILABIAL, _LABIODENTAL):
            middle, half = (a + b) / 2, max(b - a, _CLOSURE_SECONDS) / 2
            held = np.clip(1.0 - (np.abs(times - middle) - half) / 0.03, 0.0, 1.0)
            column = kind - _BILABIAL
            lips[:, column] = np.maximum(lips[:, column], held)
    shape = _blur(_SHAPES[classes])
    for column, kind in enumerate((_BILABIAL, _LABIODENTAL)):
        weight = lips[:, column : column + 1]
        shape = shape * (1.0 - weight) + _SHAPES[kind] * weight
    return MouthTrack(viseme=_frame_classes(classes, frames), shape=shape.reshape(frames, _STEPS, -1).mean(axis=1))


def _parts(phones: Phones) -> list[tuple[int, float, float]]:
    parts: list[tuple[int, float, float]] = []
    for name, a, b in phones:
        if name in _DIPHTHONGS:
            first, second = _DIPHTHONGS[name]
            middle = a + _FIRST_PART * (b - a)
            parts += [(first, a, middle), (second, middle, b)]
        elif name in _CLASSES:
            parts.append((_CLASSES[name], a, b))
        else:
            raise UsageError(f"no mouth shape is known for the phone {name!r}: add it to {__name__}._CLASSES")
    return parts


def _blur(values: np.ndarray) -> np.ndarray:
    """Gaussian smoothing in time, the ends held."""
    sigma = _BLUR_SECONDS * FPS * _STEPS
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)


def _frame_classes(classes: np.ndarray, frames: int) -> np.ndarray:
    """The viseme that fills most of each frame; meeting lips count double, for they are seen first."""
    weight = np.ones(VISEMES)
    weight[[_BILABIAL, _LABIODENTAL]] = 2.0
    counts = np.stack([np.bincount(row, minlength=VISEMES) for row in classes.reshape(frames, _STEPS)])
    return np.asarray((counts * weight).argmax(axis=1), dtype=np.uint8)
