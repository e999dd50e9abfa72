"""What raters read: the question of each kind of test, its instructions and the words of its scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsseval.listening.key import Kind

__all__ = ["BANDS", "GRADES", "instructions", "question"]

GRADES = ((5, "excellent"), (4, "good"), (3, "fair"), (2, "poor"), (1, "bad"))
"""The scale of absolute category rating (ITU-T P.800, annex B)."""
BANDS = ("bad", "poor", "fair", "good", "excellent")
"""Fifths of the continuous quality scale (ITU-R BS.1534-3, section 5.3)."""

_SPOKEN = frozenset({"vtts", "tts"})


def question(kind: Kind, task: str) -> str:
    """Return the question that is asked where nobody gave another.

    Args:
        kind: of test.
        task: of the benchmark.
    """
    what = {"joint": "sound and speech", "vtts": "speech", "tts": "speech"}.get(task, "sound")
    fit = "is more natural and fits the face better" if task in _SPOKEN else "fits the picture better"
    if kind == "ab":
        return f"Which {what} {fit}?"
    if task in _SPOKEN:
        return "How natural is the speech, and how well does it fit the face?"
    return f"How good is the {what} for this picture?"


def instructions(kind: Kind) -> str:
    """Return what raters are told before they begin, where nobody gave other words."""
    common = (
        "Use headphones in a quiet room, and set the volume once, with the button below. All sounds of a clip are "
        "equally loud: judge them by what they are, not by how loud they seem. "
    )
    return common + {
        "ab": "You see one picture and hear two sounds for it, as often as you like. Say which is better, or that "
              "there is no difference that matters to you: that is an answer too.",
        "mos": "You hear one sound at a time. Give it a grade from 1 (bad) to 5 (excellent).",
        "mushra": "Compare every sound with the reference. One of them is the reference itself, hidden: find it and "
                  "give it 100. Give every other one as many points as it deserves beside it.",
    }[kind]  # fmt: skip
