"""Two models as one: the sound of a video-to-sound system under the speech of a visual text-to-speech system."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from vsseval import plugins
from vsseval.errors import UsageError
from vsseval.media import Audio
from vsseval.models.base import Model, ModelOptions, ModelOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.models.base import ModelCard, Request
    from vsseval.models.baseline.spec import Mix

__all__ = ["MixModel", "mix"]

_PEAK = 0.99
_FULL = 0.25
"""Seconds by which speech may be shorter than the clip and still be a track of its own, silence included."""


class MixModel:
    """Satisfies `Model`."""

    def __init__(self, card: ModelCard, how: Mix, options: ModelOptions) -> None:
        """Build both models.

        Raises:
            UsageError: one of them is unknown, or a checkpoint is given that none of them takes.
            EnvironmentFault: one of them lacks something here.
        """
        self._how = how
        if options.checkpoint is not None and not how.checkpoint:
            raise UsageError(f"--checkpoint {options.checkpoint}: neither half of {card.name} takes one")
        self._sound = _model(how.sound, options, taken=how.checkpoint == "sound")
        self._speech = _model(how.speech, options, taken=how.checkpoint == "speech")
        parts = [self._sound.card, self._speech.card]
        self.card = msgspec.structs.replace(
            card,
            version=f"{card.version}+" + "+".join(f"{part.name}-{part.version}" for part in parts),
            weights=hashlib.sha256("".join(part.weights for part in parts).encode()).hexdigest(),
            threads=max(part.threads for part in parts),
            batch=max(part.batch for part in parts),
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield the mixture of each clip; one of which a half is lacking has no sound, and the half's reason."""
        sounds = {output.id: output for output in self._sound.generate(requests)}
        for speech in self._speech.generate(requests):
            request = next((request for request in requests if request.id == speech.id), None)
            sound = sounds.get(speech.id)
            if request is None or sound is None:
                continue
            for name, half in ((self._how.sound, sound), (self._how.speech, speech)):
                if half.samples is None:
                    yield ModelOutput(request.id, None, 0, error=f"{name}: {half.error}", missing=half.missing)
                    break
            else:
                yield mix(request, sound, speech, self._how.sound_gain)


def mix(request: Request, sound: ModelOutput, speech: ModelOutput, gain: float) -> ModelOutput:
    """Put speech over sound.

    Both are mixed down and brought to the higher of their rates. Speech that is shorter than the clip starts where
    the face begins to speak. The sum is turned down where it would exceed full scale, never cut.

    Args:
        request: the clip.
        sound: an output with samples.
        speech: an output with samples.
        gain: factor on the sound.
    """
    rate = max(sound.sample_rate, speech.sample_rate)
    under = Audio(np.asarray(sound.samples), sound.sample_rate).mono(rate)
    over = Audio(np.asarray(speech.samples), speech.sample_rate).mono(rate)
    window = request.speech_window
    first = round(window[0] * rate) if window and over.size < (request.duration - _FULL) * rate else 0
    track = np.zeros(max(1, round(request.duration * rate)), np.float64)
    track[: under.size] += gain * under[: track.size]
    kept = over[: max(0, track.size - first)]
    track[first : first + kept.size] += kept
    track *= min(1.0, _PEAK / max(float(np.abs(track).max()), 1e-9))
    return ModelOutput(request.id, track.astype(np.float32), rate)


def _model(reference: str, options: ModelOptions, *, taken: bool) -> Model:
    name, argument = plugins.split_argument(reference)
    made: Model = plugins.load("models", name)(
        ModelOptions(argument, options.checkpoint if taken else None, options.device)
    )
    return made
