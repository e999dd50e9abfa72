"""`http:URL`: speech from an endpoint that is asked as OpenAI's is (`POST …/v1/audio/speech`), clip by clip.

What is asked stands in the address: `http:http://127.0.0.1:8000/v1/audio/speech?model=tts-1&voice=alloy`. A key never
does: it is read from `$VSSEVAL_HTTP_KEY`, and no record, message or log holds it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import NeedsArgument, Unmeasurable
from vsseval.media import load_audio, write_wav
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request, one_by_one
from vsseval.models.http_speech.address import Address, parse_address
from vsseval.models.http_speech.asking import Asking
from vsseval.models.http_speech.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HttpSpeech", "http_speech_model"]

_VERSION = "1"
_EXAMPLE = "--model 'http:http://127.0.0.1:8000/v1/audio/speech?model=tts-1&voice=alloy'"


def http_speech_model(options: ModelOptions) -> HttpSpeech:
    """Return the model of an address; nothing is asked yet.

    Raises:
        NeedsArgument: there is no address.
        UsageError: it is none, it holds a secret, or a key would be sent where others can read it.
    """
    if not options.argument:
        raise NeedsArgument(f"the model `http` needs the address of an endpoint: {_EXAMPLE}", _card("http", "", ""))
    return HttpSpeech(parse_address(options.argument))


class HttpSpeech:
    """Satisfies `Model`."""

    def __init__(self, address: Address) -> None:
        """Take an address.

        Args:
            address: of the endpoint, with what it is to be asked.
        """
        self._address = address
        self._asking = Asking(address, Pace(address.url, address.per_minute))
        told = json.dumps({**address.told, "prompt": address.prompt}, sort_keys=True)
        name = ":".join(
            ["http", address.host, *(part for part in (address.told["model"], address.told["voice"]) if part)]
        )
        self.card = _card(name, hashlib.sha256(f"{address.url}\n{told}".encode()).hexdigest(), address.told["model"])

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request, at the rate of the answer, which starts where the face begins to speak."""
        return one_by_one(requests, self._spoken)

    def _spoken(self, request: Request) -> ModelOutput:
        """Return the speech of a clip.

        Raises:
            Unmeasurable: there is no transcript, no voice where one is asked for, or no sound from the endpoint.
        """
        text = " ".join((request.transcript or "").split())
        if not text:
            raise Unmeasurable("no transcript: an endpoint for speech has nothing to say")
        speech = self._asking.speech(text, self._voice(request) if self._address.prompt else None)
        start = request.speech_window[0] if request.speech_window else 0.0
        first = round(start * speech.sample_rate)
        track = np.zeros(max(first + speech.samples.shape[1], round(request.duration * speech.sample_rate)), np.float32)
        track[first : first + speech.samples.shape[1]] = speech.samples.mean(axis=0)
        return ModelOutput(request.id, np.clip(track, -1, 1), speech.sample_rate)

    def _voice(self, request: Request) -> bytes:
        if request.speaker_prompt is None:
            raise Unmeasurable("no speaker prompt: the endpoint is to be given a voice")
        medium = request.speaker_prompt
        audio = load_audio(medium.path, medium.start, medium.seconds)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "voice.wav")
            write_wav(file, audio.samples, audio.sample_rate)
            return file.read_bytes()


def _card(name: str, asked: str, model: str) -> ModelCard:
    return ModelCard(
        name=name,
        version=f"{_VERSION}+{asked[:8]}" if asked else _VERSION,
        tasks=("vtts", "tts"),
        licence="that of the endpoint",
        note=f"Speech of an endpoint{f' that calls itself {model}' if model else ''}: what stands behind it is not "
        "known, may change, and cannot be seeded. Not fitted to the picture.",
        uses_video=False,
    )
