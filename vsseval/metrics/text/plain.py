"""The small normalisers: what seed-tts-eval, F5-TTS and StyleDubber do before they count."""

from __future__ import annotations

import re
import string

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_CHINESE = (
    "\uff02-\uff0d\uff0f\uff1a-\uff1e\uff20\uff3b-\uff40\uff5b-\uff60\uff62-\uff64\u3000\u3001\u3003\u3008-\u3011\u3014-\u301f"
    "\u3030\u303e\u303f\u2013\u2014\u2018\u2019\u201b-\u201f\u2026\u2027\ufe4f\ufe51\ufe54\u00b7\uff0e\uff01\uff1f\uff61\u3002"
)
"""Punctuation of Chinese as zhon.hanzi lists it (ranges of a regular expression); curly quotes are among it."""

_PUNCTUATION = re.compile(f"[{_CHINESE}{re.escape(string.punctuation)}]")
_PUNCTUATION_BUT_APOSTROPHES = re.compile(f"[{_CHINESE}{re.escape(string.punctuation.replace(chr(39), ''))}]")


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
