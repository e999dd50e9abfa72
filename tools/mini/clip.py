"""One rendered clip: pictures, sound and everything that is known about both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

FPS = 25
"""Frames a second of every rendered clip."""
SAMPLE_RATE = 16_000
"""Hertz of every rendered sound."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What a maker returns; `frames` and `audio` have the same length to within one frame."""

    frames: np.ndarray
    """uint8, shape (T, size, size, 3), at `FPS`."""
    audio: np.ndarray
    """float32 in [-1, 1], shape (T * SAMPLE_RATE / FPS,)."""
    caption: str | None = None
    label: str | None = None
    events: tuple[float, ...] = ()
    """Seconds of the visible sounding events; empty for continuous classes."""
    transcript: str | None = None
    language: str = "en"
    voice: str | None = None
    speech_window: tuple[float, float] | None = None
    viseme: np.ndarray | None = None
    """uint8 (T,), mouth-shape class per frame, 0 where the mouth rests or there is no face."""
    mouth: np.ndarray | None = None
    """float32 (T, 3): opening, width, tongue-and-teeth, each 0..1."""
    phones: tuple[tuple[str, float, float], ...] = ()
    """Name, start and end on the clip's clock of each phone that is said."""
    notes: dict[str, str] = field(default_factory=dict)
    """Material, size, speed and the like, for the manifest's readers."""
