"""One thing that `vsseval doctor` looked at, and the command that mends it."""

from __future__ import annotations

import re
from typing import Literal

from vsseval.types import Record

Status = Literal["ok", "note", "problem"]


class Check(Record, frozen=True):
    """One thing that was looked at."""

    area: str
    name: str
    status: Status
    detail: str = ""
    mend: str = ""
    """The command that mends a problem."""


def part(fault: object, fallback: str) -> tuple[str, str]:
    """Take the command off the end of a message that names one ("…: pip install x"), else use `fallback`."""
    text = " ".join(str(fault).split())
    found = re.search(r"[:.]\s*(?:Mend it with: |Get it with: )?((?:pip|vsseval|python|apt|apt-get|uv) [^:]+)$", text)
    return (text[: found.start()], found.group(1)) if found else (text, fallback)
