"""The normaliser of every recipe that is no paper's: what is said is compared, however it is written.

Both sides are read out first (`vsseval.english`), so that "3:30", "$5" and "9th" are the words that a recogniser hears,
then go through Whisper's normaliser for English, which brings all readings of a number to one: "nineteen forty five"
and "one thousand nine hundred and forty five" are 1945. Where its habits would tell spellings apart that sound the
same, they are evened out here. The letter o is a zero only after a number ("nineteen o five"), so that it stays a
letter in commands of GRID.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vsseval.english import read_out
from vsseval.metrics.text.english import English
from vsseval.metrics.text.numbers import DIGIT_WORDS, MULTIPLIERS

__all__ = ["Spoken"]

_LETTER_O = "oletter"
"""Stands for a letter o that is no zero, while numbers are read."""
_NUMERIC = re.compile(rf"\b({'|'.join(sorted(DIGIT_WORDS | MULTIPLIERS.keys() | {'double', 'triple'}))})[\s-]+$")


def _letter_or_zero(found: re.Match[str]) -> str:
    return "oh" if _NUMERIC.search(found.string, 0, found.start()) else _LETTER_O


Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_BEFORE: tuple[Rule, ...] = (
    (re.compile(r"\s+(n't|'(?:s|re|ve|ll|d|m|t))\b"), r"\1"),  # "do n't", as tokenizers write it
    (re.compile(r"\bo(?:'| )clock\b"), "oclock"),  # else its letter o would be a zero
    (re.compile(r"\bo\.?k\b\.?"), "okay"),
    (re.compile(r"(?<![^\W\d_])(?<!')o(?![^\W\d_])"), _letter_or_zero),
    (re.compile(r"(?<![^\W\d_])'|'(?![^\W\d_])"), ""),  # quotes, and the end of "dogs'"
    (re.compile(r"\b((?:[a-z]\.){2,})"), lambda found: found[1].replace(".", "") + " "),
    (re.compile(r"\b([ap])\.? m\b\.?"), r"\1m"),  # else what follows would be spelled with it: "3 a m i left"
    (re.compile(r"\bninth(s?)\b"), r"nineth\1"),  # as Whisper's table has it
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\be-mail"), "email"),
    (re.compile(r"\bwi-fi\b"), "wifi"),
    (re.compile(r"(?<!half )\ba (?=(?:hundred|thousand|million|billion|trillion)\b)"), "one "),
)
_AFTER: tuple[Rule, ...] = (
    (re.compile(r"(?<![^\s])([-+\u00a3\u20ac$\u00a2]?)\.(?=\d)"), r"\g<1>0."),
    (re.compile(r"([$\u20ac\u00a3]\d+) (\d\d)\b"), r"\1.\2"),  # "five dollars fifty"
    (re.compile(r"(\u00a3\d+)(?:\.| and | )(\d\d?) (?:pence|penny)\b"), lambda found: f"{found[1]}.{found[2]:0>2}"),
)
_LETTERS = re.compile(r"\b[a-z](?: [a-z]\b)+")


class Spoken:
    """Called with a text; two texts that are the same spoken words give the same."""

    def __init__(self) -> None:
        self._english = English()

    def __call__(self, text: str) -> str:
        """Return a text in the form in which it is compared: lower case, single spaces, numbers as figures.

        Letters that are spelled one by one are one word, as they are where they are written together: "F B I", "F.B.I."
        and "FBI" are "fbi".
        """
        said = read_out(text).lower()
        for pattern, words in _BEFORE:
            said = pattern.sub(words, said)
        normal = " ".join(word for word in self._english(said).split() if any(map(str.isalnum, word)))
        for pattern, words in _AFTER:
            normal = pattern.sub(words, normal)
        return _LETTERS.sub(lambda found: found[0].replace(" ", ""), normal).replace(_LETTER_O, "o")
