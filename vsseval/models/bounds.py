"""Pseudo-systems that every table carries: what the best and the worst possible system would score.

A metric that does not rank `reference` above the others cannot be trusted on that benchmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import Audio, load_audio, usable_seconds
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["NOISE_RMS", "RATE", "Noise", "Recorded", "Silence", "fit", "noise", "reference", "shuffled", "silence"]

RATE = 16000
"""Sample rate of silence and noise."""

NOISE_RMS = 0.1
"""-20 dBFS: about the level of speech, so that no metric tells noise from sound by its loudness alone."""

_VERSION = "1"
_LICENCE = "Apache-2.0"
_TASKS: tuple[Literal["v2s", "vtts", "joint", "tts"], ...] = ("v2s", "vtts", "joint", "tts")


class Recorded:
    """Gives back the recording that the request carries: the clip's own, or another clip's."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield each request's reference, cut or padded with zeros to the duration, at its own rate."""
        for request in requests:
            yield _recorded(request)


class Silence:
    """Digital zeros."""

    def __init__(self) -> None:
        self.card = _card("silence", "Digital silence: the floor.")

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield zeros at `RATE`, one channel."""
        for request in requests:
            yield ModelOutput(request.id, np.zeros(_length(request, RATE), np.float32), RATE)


class Noise:
    """White Gaussian noise of -20 dBFS."""

    def __init__(self) -> None:
        self.card = _card("noise", "White Gaussian noise of -20 dBFS: the floor.")

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield noise at `RATE`, one channel, made from the request's seed alone."""
        for request in requests:
            # PCG64 named, not default_rng: numpy may change its default, never a named generator's stream.
            random = np.random.Generator(np.random.PCG64(request.seed))
            samples = NOISE_RMS * random.standard_normal(_length(request, RATE), dtype=np.float32)
            yield ModelOutput(request.id, np.clip(samples, -1, 1).astype(np.float32), RATE)


def reference(options: ModelOptions) -> Recorded:
    """Return the upper bound: each clip's own recording.

    Raises:
        UsageError: an argument is given.
    """
    _refuse_argument("reference", options)
    return Recorded(_card("reference", "The clips' own recordings: the upper bound.", "own"))


def shuffled(options: ModelOptions) -> Recorded:
    """Return the bound of real sound that does not belong to the picture: another clip's recording.

    Raises:
        UsageError: an argument is given.
    """
    _refuse_argument("shuffled", options)
    return Recorded(_card("shuffled", "The recordings of other clips: real sound to the wrong picture.", "other"))


def silence(options: ModelOptions) -> Silence:
    """Return the floor of saying nothing.

    Raises:
        UsageError: an argument is given.
    """
    _refuse_argument("silence", options)
    return Silence()


def noise(options: ModelOptions) -> Noise:
    """Return the floor of sound without content.

    Raises:
        UsageError: an argument is given.
    """
    _refuse_argument("noise", options)
    return Noise()


def _recorded(request: Request) -> ModelOutput:
    if request.reference is None:
        return ModelOutput(request.id, None, 0, error="no reference: the benchmark has no recording for this clip")
    try:
        medium = request.reference
        seconds = usable_seconds(request.duration) if medium.seconds is None else medium.seconds
        audio = load_audio(medium.path, medium.start, seconds)
    except Unmeasurable as reason:
        return ModelOutput(request.id, None, 0, error=f"unreadable reference: {reason}")
    return ModelOutput(request.id, fit(audio, _length(request, audio.sample_rate)), audio.sample_rate)


def fit(audio: Audio, length: int) -> np.ndarray:
    """Return (channels, length): the start of the sound, followed by zeros where it is too short."""
    kept = audio.samples[:, :length]
    return np.pad(kept, ((0, 0), (0, length - kept.shape[1])))


def _length(request: Request, rate: int) -> int:
    return max(1, round(request.duration * rate))


def _card(name: str, note: str, bound: Literal["own", "other"] | None = None) -> ModelCard:
    return ModelCard(
        name=name, version=_VERSION, tasks=_TASKS, licence=_LICENCE, note=note, bound=bound, uses_video=False
    )


def _refuse_argument(name: str, options: ModelOptions) -> None:
    if options.argument is not None:
        raise UsageError(f"{name} takes no argument, but was given {options.argument!r}: write --model {name}")
