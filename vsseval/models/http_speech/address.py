"""The address of an endpoint for speech: where it is, what it is asked besides the text, and no secret."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from vsseval.errors import UsageError

__all__ = ["KEY", "Address", "parse_address"]

KEY = "VSSEVAL_HTTP_KEY"
"""Name of the variable that holds the key, if the endpoint wants one."""
_SECRET = re.compile(r"key|token|secret|password|passwd|auth|signature|credential", re.IGNORECASE)
_KNOWN = {"model": "", "voice": "", "speed": "", "response_format": "wav", "instructions": ""}
_PER_MINUTE, _SECONDS, _PROMPT = "per_minute", "seconds", "prompt"
_DEFAULT_SECONDS = 120.0


class Address(NamedTuple):
    """An endpoint, and what it is asked."""

    url: str
    """Without anything behind a question mark."""
    told: dict[str, str]
    """`model`, `voice`, `speed`, `response_format`, `instructions`; empty where not said."""
    per_minute: float
    """Requests at most, of all processes together; 0 for no limit."""
    seconds: float
    """Time for one answer."""
    key: str
    """Never shown."""
    prompt: str = ""
    """Field in which the speaker prompt goes out, such as vLLM-Omni's `ref_audio`; empty: it does not."""

    @property
    def host(self) -> str:
        """The machine, with its port where one is named."""
        return urlsplit(self.url).netloc


def parse_address(text: str) -> Address:
    """Read an address such as `https://host/v1/audio/speech?model=M&voice=V&per_minute=60`.

    Raises:
        UsageError: it is no address, asks for what is not known, holds a secret, or would send the key in the open.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("the model `http` needs a whole address, http://… or https://…, behind `http:`")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    secret = [name for name in asked if _SECRET.search(name)]
    if parts.username or parts.password or secret:
        what = f"`{secret[0]}`" if secret else "a name or password before the host"
        raise UsageError(f"the address holds {what}, and addresses stand in records: put the key into ${KEY} instead")
    odd = set(asked) - {*_KNOWN, _PER_MINUTE, _SECONDS, _PROMPT}
    if odd:
        known = ", ".join([*_KNOWN, _PER_MINUTE, _SECONDS, _PROMPT])
        raise UsageError(f"the address asks for {', '.join(sorted(odd))}; what can be asked for is {known}")
    prompt = asked.get(_PROMPT, "")
    if prompt and (not prompt.isidentifier() or prompt in {*_KNOWN, "input"}):
        raise UsageError(f"{_PROMPT}={prompt} in the address: it names a field for the voice, such as ref_audio")
    if asked.get("speed"):
        _number(asked, "speed", 1.0)
    key = os.environ.get(KEY, "")
    if key and parts.scheme == "http" and not _is_here(parts.hostname):
        raise UsageError(f"${KEY} is set and {parts.hostname} is another machine: over http:// others could read it")
    return Address(
        url=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
        told={name: asked.get(name, usual) for name, usual in _KNOWN.items()},
        per_minute=_number(asked, _PER_MINUTE, 0.0),
        seconds=_number(asked, _SECONDS, _DEFAULT_SECONDS) or _DEFAULT_SECONDS,
        key=key,
        prompt=prompt,
    )


def _number(asked: dict[str, str], name: str, usual: float) -> float:
    try:
        value = float(asked.get(name, usual))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{name}={asked[name]} in the address: it ought to be a number, 0 or more")
    return value


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
