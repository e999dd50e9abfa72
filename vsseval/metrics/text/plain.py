"""The small normalisers: a closed vocabulary, and what seed-tts-eval, F5-TTS and StyleDubber do before they count."""

from __future__ import annotations

import re
import string

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})

_CHINESE = (
    "\uff02-\uff0d\uff0f\uff1a-\uff1e\uff20\uff3b-\uff40\uff5b-\uff60\uff62-\uff64\u3000\u3001\u3003\u3008-\u3011\u3014-\u301f"
    "\u3030\u303e\u303f\u2013\u2014\u2018\u2019\u201b-\u201f\u2026\u2027\ufe4f\ufe51\ufe54\u00b7\uff0e\uff01\uff1f\uff61\u3002"
)
"""Punctuation of Chinese as zhon.hanzi lists it (ranges of a regular expression); curly quotes are among it."""

_PUNCTUATION = re.compile(f"[{_CHINESE}{re.escape(string.punctuation)}]")
_PUNCTUATION_BUT_APOSTROPHES = re.compile(f"[{_CHINESE}{re.escape(string.punctuation.replace(chr(39), ''))}]")


def words(text: str) -> str:
    """Return words in lower case, separated by single spaces; for closed vocabularies such as GRID's.

    Curly apostrophes become straight and stay inside words; all other punctuation separates words; each digit
    standing alone becomes its word, so that "2" is "two", while the letter o stays a letter.
    """
    lowered = text.lower().translate(_QUOTES)
    found = (word.strip("'") for word in re.sub(r"[^\w']|_", " ", lowered).split())
    return " ".join(DIGITS[int(word)] if re.fullmatch("[0-9]", word) else word for word in found if word)


def seedtts(text: str) -> str:
    """Return text as seed-tts-eval compares English (run_wer.py): ASCII and Chinese punctuation gone, lower case.

    Straight apostrophes stay; curly ones count as Chinese quotes and go. Hyphens go without a space in their place.
    Numbers stay as they are, so "fifty" and "50" differ.
    """
    return _PUNCTUATION_BUT_APOSTROPHES.sub("", text).replace("  ", " ").lower()


def f5(text: str) -> str:
    """Return text as F5-TTS compares English (eval/utils_eval.py): as `seedtts`, but apostrophes go as well."""
    return _PUNCTUATION.sub("", text).replace("  ", " ").lower()


def styledubber(text: str) -> str:
    """Return text as StyleDubber compares it (Dub_Metric/WER_Whisper): "25" becomes "two five", lower case.

    All but letters, digits, underscores and white space goes, hyphens and apostrophes without a space in their place;
    each ASCII digit becomes a word with a space before it.
    """
    kept = re.sub(r"[^\w\s]", "", text)
    return re.sub("[0-9]", lambda digit: " " + DIGITS[int(digit[0])], kept).lower()
