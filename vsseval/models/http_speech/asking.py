"""One question to an endpoint for speech: asked again where that may help, and every other answer is a reason."""

from __future__ import annotations

import base64
import http.client
import json
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vsseval.errors import Unmeasurable
from vsseval.media import load_audio

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

    from vsseval.media import Audio
    from vsseval.models.http_speech.address import Address
    from vsseval.models.http_speech.pace import Pace

__all__ = ["Asking"]

TRIES = 4
_LARGEST = 64 << 20
"""Bytes of an answer."""
_LONGEST_WAIT = 60.0
"""Seconds that an endpoint may ask to be left alone for."""
_SHOWN = 160
"""Letters of an answer that is no sound."""
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


class _AgainError(Exception):
    """It may go better a moment later."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the key would go along to wherever it leads."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        """Leave the answer as it is."""


class Asking:
    """Asks one endpoint."""

    def __init__(self, address: Address, pace: Pace, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take an endpoint.

        Args:
            address: of the endpoint, with what it is asked.
            pace: waits for a turn.
            sleep: waits between two tries.
        """
        self._address, self._pace, self._sleep = address, pace, sleep
        self._open = urllib.request.build_opener(_Stay()).open

    def speech(self, text: str, voice: bytes | None = None) -> Audio:
        """Return what the endpoint says.

        Args:
            text: to be said.
            voice: a WAV file of the speaker prompt, for endpoints that are given one.

        Raises:
            Unmeasurable: it gives no sound, however often it is asked; the reason holds no key.
        """
        reason = ""
        for number in range(TRIES):
            self._pace.wait()
            try:
                return self._once(text, voice)
            except _AgainError as fault:
                reason = str(fault)
                if number + 1 < TRIES:
                    self._sleep(min(_LONGEST_WAIT, 2.0**number if fault.wait is None else fault.wait))
        raise Unmeasurable(self._plain(f"{self._address.host} gave no sound in {TRIES} tries: {reason}"))

    def _once(self, text: str, voice: bytes | None) -> Audio:
        told = {name: value for name, value in self._address.told.items() if value}
        body = {**told, "input": text, **({"speed": float(told["speed"])} if "speed" in told else {})}
        if voice is not None:
            body[self._address.prompt] = f"data:audio/wav;base64,{base64.b64encode(voice).decode()}"
        heads = {"Content-Type": "application/json", "Accept": "audio/*"}
        if self._address.key:
            heads["Authorization"] = f"Bearer {self._address.key}"
        question = urllib.request.Request(  # noqa: S310 - http and https alone, by `parse_address`
            self._address.url, json.dumps(body).encode(), heads, method="POST"
        )
        try:
            with self._open(question, timeout=self._address.seconds) as answer:
                data, kind = answer.read(_LARGEST + 1), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as fault:
            self._refused(fault)
        except (TimeoutError, urllib.error.URLError, http.client.HTTPException, OSError) as fault:
            raise _AgainError(_told(fault, self._address.seconds)) from fault
        if len(data) > _LARGEST:
            raise Unmeasurable(f"{self._address.host} answers with more than {_LARGEST >> 20} MB")
        return self._decoded(data, kind)

    def _refused(self, fault: urllib.error.HTTPError) -> NoReturn:
        said = (
            f"{fault.code} {fault.reason}: {_words(fault.read(4096))}" if fault.fp else f"{fault.code} {fault.reason}"
        )
        if fault.code in _BUSY:
            raise _AgainError(said, _wait(fault.headers)) from fault
        if 300 <= fault.code < 400:
            said = f"{fault.code}: it redirects, and the key is not sent on; give the address that it leads to"
        raise Unmeasurable(self._plain(f"{self._address.host} refuses: {said}")) from fault

    def _decoded(self, data: bytes, kind: str) -> Audio:
        """Return the sound of an answer; what breaks off may be whole the next time, a page will not."""
        if kind.startswith(("text/", "application/json")) or not data:
            said = _words(data) or "nothing"
            raise Unmeasurable(self._plain(f"{self._address.host} answers with {kind or 'no type'}, no sound: {said}"))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "answer")
            file.write_bytes(data)
            try:
                return load_audio(file)
            except Unmeasurable as reason:
                raise _AgainError(f"{len(data)} bytes that are no whole sound ({reason})") from reason

    def _plain(self, text: str) -> str:
        """Return a text without the key, which an endpoint may repeat."""
        return text.replace(self._address.key, "***") if self._address.key else text


def _told(fault: Exception, seconds: float) -> str:
    reason = fault.reason if isinstance(fault, urllib.error.URLError) else fault
    if isinstance(reason, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(reason, http.client.IncompleteRead):
        return f"the answer breaks off after {len(reason.partial)} bytes"
    return f"{type(reason).__name__}: {reason}"


def _wait(heads: Message) -> float | None:
    try:
        return max(0.0, float(heads.get("Retry-After", "")))
    except ValueError:
        return None


def _words(data: bytes) -> str:
    text = " ".join(data.decode("utf-8", "replace").split())
    return "".join(letter for letter in text if letter.isprintable())[:_SHOWN]
