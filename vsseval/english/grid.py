"""The closed language of the GRID corpus: every sentence is one word of each slot, in this order."""

from __future__ import annotations

import re
import unicodedata

GRID: tuple[tuple[str, ...], ...] = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
"""Command, colour, preposition, letter (all but w), digit, adverb: Cooke et al., JASA 120, 2006, table I."""

_WORD = re.compile(r"[a-z]+|[0-9]+")


def sentence(text: str) -> str | None:
    """Return a text as a sentence of GRID, "bin blue at f two now" of "Bin blue at F2, now."; None where it is none.

    Args:
        text: in any case, with any punctuation, digits as words or figures.
    """
    visible = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    words = _WORD.findall(visible.lower())
    if len(words) != len(GRID):
        return None
    spoken = [GRID[4][int(word)] if word in set("0123456789") else word for word in words]
    follows = all(word in slot for word, slot in zip(spoken, GRID, strict=True))
    return " ".join(spoken) if follows else None
