"""`tts_dub`: what a plain synthesiser does for visual text-to-speech. A real baseline, not a bound.

espeak-ng says the transcript with the one of its voices that is nearest to the speaker prompt, at the pace that fills
the window in which the face is seen to speak. Nothing is looked at inside that window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.english import plain, read_out
from vsseval.english.grid import sentence
from vsseval.errors import Unmeasurable
from vsseval.language import is_grid
from vsseval.media import Video, load_audio, media_limits, sha256
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request, one_by_one
from vsseval.models.tts_dub.engines import Engine, Speech, engine
from vsseval.models.tts_dub.fit import fitted, level
from vsseval.models.tts_dub.voices import RATE, TABLE, Voice, measure, nearest, table
from vsseval.models.tts_dub.window import FPS, SIDE, visible_speech
from vsseval.turns import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TtsDub", "tts_dub_model"]

_VERSION = "2"
_GPL = "an optional extra under the GPL, run in a process of its own"
_FREE = "which also speaks the references of mini_vtts and mini_joint: there it is no fair contender"
_SHORTEST_WINDOW = 0.1
"""Seconds; nothing can be said in less."""


def tts_dub_model(options: ModelOptions) -> TtsDub:
    """Return the model: `tts_dub`, or `tts_dub:flite` with the program flite of this machine.

    Raises:
        UsageError: the argument names no engine.
        EnvironmentFault: the engine is not installed.
    """
    name = "tts_dub" if options.argument is None else f"tts_dub:{options.argument}"
    return TtsDub(name, engine(options.argument))


class TtsDub:
    """Satisfies `Model`."""

    def __init__(self, name: str, speaker: Engine) -> None:
        self._engine = speaker
        free = speaker.family == "flite"
        self.card = ModelCard(
            name=name,
            version=f"{_VERSION}+{speaker.version}",
            tasks=("vtts", "joint", "tts"),
            weights=sha256(TABLE),
            licence="Apache-2.0, with BSD-like flite" if free else "Apache-2.0, with GPL-3.0 espeak-ng",
            note=f"Speech by {speaker.name}, {_FREE if free else _GPL}; voice by the prompt, pace by "
            "the visible speech window. No training, no sound but speech.",
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request, at the engine's own rate, one channel; the seed is not used."""
        return one_by_one(requests, self._dubbed)

    def _dubbed(self, request: Request) -> ModelOutput:
        speech, start = self._speech(request)
        track = np.zeros(max(1, round(request.duration * speech.rate)), np.float32)
        first = min(round(start * speech.rate), track.size)
        kept = speech.samples[: track.size - first]
        track[first : first + kept.size] = kept
        return ModelOutput(request.id, track, speech.rate)

    def _speech(self, request: Request) -> tuple[Speech, float]:
        """Return the speech of a clip and the second at which it starts.

        Raises:
            Unmeasurable: there is no transcript, nothing in it can be said, or there is no time to say it.
        """
        text = plain(spoken(request.transcript or ""))
        if not text:
            raise Unmeasurable("no transcript: tts_dub has nothing to say")
        start, end = _window(request)
        if end - start < _SHORTEST_WINDOW:
            raise Unmeasurable(
                f"the speech window from {start:.2f} to {end:.2f} s of a clip of {request.duration:.2f} s is too short"
            )
        voice = self._voice(request)
        text = _spelled(text) if is_grid(request.language) else read_out(text)

        def say(speed: float) -> Speech:
            return self._engine.say(text, voice.voice, speed, voice.setting)

        try:
            speech = fitted(say, end - start, self._engine.speeds)
        except Unmeasurable as reason:
            raise Unmeasurable(f"{reason}: {text[:80]!r}") from reason
        return Speech(level(speech.samples), speech.rate), start

    def _voice(self, request: Request) -> Voice:
        voices = table(self._engine.family)
        if request.speaker_prompt is None:
            return voices[0]
        prompt = load_audio(request.speaker_prompt.path, seconds=media_limits().seconds)
        return nearest(voices, measure(prompt.mono(RATE)))


def _window(request: Request) -> tuple[float, float]:
    """Return when to speak: as the request says, else as the mouth moves, else all the time."""
    window = request.speech_window
    if window is None and request.video is not None:
        window = visible_speech(Video(request.video.path).frames(FPS, (SIDE, SIDE), gray=True))
    start, end = window or (0.0, request.duration)
    return max(0.0, start), min(request.duration, end)


def _spelled(text: str) -> str:
    """Make the letter of a GRID command a letter, for alone it is read as the article."""
    return " ".join("ay" if word == "a" else word for word in (sentence(text) or text).split())
