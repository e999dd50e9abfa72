"""TOML as people and strangers write it: the tables of a text, or one error, whatever the text holds."""

from __future__ import annotations

import tomllib
from typing import Any

__all__ = ["TOMLDecodeError", "parse"]

TOMLDecodeError = tomllib.TOMLDecodeError
LARGEST = 4 << 20
"""Characters of a text that is read; the longest of the project has 60,000."""


def parse(text: str) -> dict[str, Any]:
    """Return the tables of a text.

    Raises:
        TOMLDecodeError: it is no TOML, has more than `LARGEST` characters, or is nested more deeply than can be read.
    """
    if len(text) > LARGEST:
        raise TOMLDecodeError(f"it has {len(text):,} characters, more than the {LARGEST:,} that are read")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TOMLDecodeError("it is nested too deeply to be read") from None
