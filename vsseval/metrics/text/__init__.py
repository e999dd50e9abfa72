"""Text as word error rates compare it: one module for each family of normalisers, found by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Normaliser = Callable[[str], str]
"""What both sides of a comparison go through: text to text."""

Name = Literal["spoken", "english", "basic", "seedtts", "f5", "styledubber"]


def normaliser(name: Name) -> Normaliser:
    """Return a normaliser; its tables are read now, so that scoring a clip reads none.

    Args:
        name: "spoken" (of every recipe that is no paper's), "english" or "basic" (of Whisper), "seedtts", "f5" or
            "styledubber" (of those evaluations).
    """
    from vsseval.metrics.text import english, plain, spoken

    if name == "spoken":
        return spoken.Spoken()
    if name == "english":
        return english.English()
    table: dict[str, Normaliser] = {
        "basic": english.basic,
        "seedtts": plain.seedtts,
        "f5": plain.f5,
        "styledubber": plain.styledubber,
    }
    return table[name]
