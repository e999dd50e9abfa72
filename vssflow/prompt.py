"""What a sound is generated from, and what every configuration of VSSFlow can do with it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from torch import Tensor

SAMPLE_RATE = 16_000
"""Hertz of all sound in this package."""
LONGEST_VOICE = 600.0
"""Seconds of a voice prompt that are read: ten minutes say who speaks, and an hour would fill the memory."""


class Prompt(NamedTuple):
    """What one sound is generated from; everything but the length may be absent."""

    seconds: float
    video: Path | None = None
    """Any file that PyAV opens; its sound, if it has one, is never read."""
    transcript: str | None = None
    speech_window: tuple[float, float] | None = None
    """Seconds between which the face speaks; None means the whole clip."""
    voice: Tensor | None = None
    """Another utterance of the voice that is wanted, 16 kHz, shape (samples,)."""
    lips: Tensor | None = None
    """AV-HuBERT features at 25 frames a second, shape (frames, 1024); only the reference configuration takes them."""
    offset: float = 0.0
    """Seconds into `video` at which the sound begins; `speech_window` and `lips` count from there.

    Where the video ends before `offset`, its last frame is seen.
    """


class Generator(Protocol):
    """A configuration of VSSFlow with its weights."""

    @property
    def longest(self) -> float:
        """Seconds that it generates at once; longer prompts go through `vssflow.windows`."""
        ...

    def generate(self, prompt: Prompt, *, seed: int) -> Tensor:
        """Return sound in [-1, 1] at 16 kHz, shape (samples,), at least `prompt.seconds` long."""
        ...
