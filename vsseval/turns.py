"""Transcripts that say who speaks: `[S1] Where were you? [S2] At home. [S1] Liar!` is a dialogue of two.

A tag in brackets, S and a number, begins a turn; what one speaker says is all turns of one number. It is the way in
which MOVA's references, MOSS-TTSD and Dia write a dialogue. A transcript without tags is of one speaker.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"\[\s*[Ss]\s*0*(\d{1,3})\s*\]")


def spoken(transcript: str) -> str:
    """Return the words of a transcript without its tags; one that has none comes back as it is."""
    if not _TAG.search(transcript):
        return transcript
    return " ".join(_TAG.sub(" ", transcript).split())


def is_dialogue(transcript: str) -> bool:
    """Return whether a transcript says who speaks."""
    return _TAG.search(transcript) is not None


def by_speaker(transcript: str) -> dict[str, str]:
    """Return what each speaker says, turn after turn, by number and in the order in which they begin.

    Words before the first tag are of its speaker.
    """
    first, *rest = _TAG.split(transcript)
    said: dict[str, list[str]] = {}
    for place, (speaker, words) in enumerate(zip(rest[::2], rest[1::2], strict=True)):
        said.setdefault(speaker, []).append(words if place else f"{first} {words}")
    return {speaker: " ".join(" ".join(turns).split()) for speaker, turns in said.items()}
