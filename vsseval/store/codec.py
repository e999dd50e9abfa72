"""The nouns as JSON: msgspec, which knows everything that they hold but paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")


def encode(what: object, *, order: Literal["sorted"] | None = None) -> bytes:
    """Return JSON in one line; NaN would become null."""
    return msgspec.json.encode(what, enc_hook=_plain, order=order)


def pretty(what: object) -> bytes:
    """Return JSON for people, with a line break at its end."""
    return msgspec.json.format(encode(what), indent=1) + b"\n"


def builtins(what: object) -> Any:
    """Return dicts, lists, numbers and strings."""
    return msgspec.to_builtins(what, enc_hook=_plain)


def decode(data: bytes, kind: type[T]) -> T:
    """Read JSON.

    Raises:
        msgspec.MsgspecError: it is no JSON, or not of this kind.
    """
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_path)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply to be read") from None


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _path(kind: type, value: object) -> Path:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"{kind.__name__} cannot be read from JSON")
