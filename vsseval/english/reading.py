"""Figures, signs and abbreviations to the words that they are read as; everything else stays as it is written.

One reading is given where there are several ("1945" is "nineteen forty five"): who compares texts brings both sides to
figures again (`vsseval.metrics.text.spoken`), who speaks needs just one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vsseval.english.money import money
from vsseval.english.numbers import cardinal, decimal, digits, ordinal, plural, year
from vsseval.english.shortened import spelled_out
from vsseval.english.writing import plain

__all__ = ["read_out"]

Match = re.Match[str]

_COMMAS = re.compile(r"(?<![\d,])(\d{1,3}(?:,\d{3})+)(?![\d,]*\d)")
_SPACES = re.compile(r"(?<![\d,.] )(?<![\d,.])([1-9]\d{0,2})((?: 0\d\d)(?: \d{3})*|(?: \d{3}){2,})(?![\d:,]| \d)")
_TIME = re.compile(r"(?<![\d:.])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])(\s?[ap]\.?\s?m\b\.?)?", re.IGNORECASE)
_HALF_DAY = re.compile(r"(?<=\d)\s?([ap])\.?\s?m\b\.?", re.IGNORECASE)
_FRACTION = re.compile(r"(?:(?<![\w.,/])(\d+)\s)?(?<![\w.,/])([1-9])/([23458])(?![\d/]|\.\d)")
_PARTS = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "8": "eighth"}
_DECADE = re.compile(r"'?(?<![\d.,])(\d+)'?s\b")
_RANGE = re.compile(r"(?<![\w.,/-])(\d+)\s?[-\u2013]\s?(\d+)(?![\w/-]|[.,]\d)")
_GROUPS = re.compile(r"(?<![\w.-])\d+(?:-\d+)+(?![\w-])")
_STRAY = re.compile(r" ([.,;:!?])(?!\w)")
_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w.)'-])-(?=\.?\d)"), " minus "),
    (re.compile(r"\+(?=\s?\.?\d)"), " plus "),
    (re.compile(r"(?<=\d)\s?=\s?(?=[-.]?\d)"), " equals "),
    (re.compile(r"(?<=\d)\s?\u00d7\s?(?=\d)"), " times "),
    (re.compile(r"(?<=\d)\s?%"), " percent "),
    (re.compile(r"(?:#|\bNo\.\s?)(?=\d)"), " number "),
    (re.compile(r"&"), " and "),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
)


def read_out(text: str) -> str:
    """Return an English text with all that is no word in words; a text of words alone stays as it is.

    Times, dates, money, per cent, decimals, fractions, ordinals, years, decades, ranges, telephone numbers, signs,
    units and the common abbreviations are read. Case, accents and punctuation of the rest stay; `plain` goes first.
    """
    said = _COMMAS.sub(lambda found: found[1].replace(",", ""), plain(text))
    said = _SPACES.sub(lambda found: found[0].replace(" ", ""), said)
    for pattern, words in _SIGNS[:1]:
        said = pattern.sub(words, said)
    said = _TIME.sub(_time, said)
    said = _HALF_DAY.sub(lambda found: f" {found[1].upper()} M", said)
    said = spelled_out(money(said))
    for pattern, words in _SIGNS[1:]:
        said = pattern.sub(words, said)
    for pattern, read in _READINGS:
        said = pattern.sub(read, said)
    return _STRAY.sub(r"\1", " ".join(said.split()))


def _time(found: Match) -> str:
    hour, minute, half = int(found[1]), found[2], found[3] or ""
    if minute == "00":
        alone = "" if half else " o'clock" if 0 < hour <= 12 else " hundred"
        return f"{cardinal(str(hour))}{alone}{_half_day(half)}"
    minutes = f"oh {cardinal(minute[1])}" if minute[0] == "0" else cardinal(minute)
    return f"{cardinal(str(hour))} {minutes}{_half_day(half)}"


def _half_day(half: str) -> str:
    return f" {half.strip()[0].upper()} M" if half else ""


def _fraction(found: Match) -> str:
    whole, over, under = found.groups()
    if int(over) >= int(under):
        return found[0]
    part = _PARTS[under] if over == "1" else _PARTS[under].replace("half", "halve") + "s"
    count = "a" if whole and under == "2" else cardinal(over)
    return f"{cardinal(whole)} and {count} {part}" if whole else f"{count} {part}"


def _range(found: Match) -> str:
    """Read "10-15" as a range, and what does not rise, or looks like a telephone number, as it was."""
    first, last = found.groups()
    telephone = len(last) == 4 != len(first)
    return found[0] if int(first) >= int(last) or telephone else f"{first} to {last}"


def _groups(found: Match) -> str:
    return " ".join(cardinal(group) if len(group) < 3 else digits(group) for group in found[0].split("-"))


def _apart(read: Callable[[str], str]) -> Callable[[Match], str]:
    return lambda found: f" {read(found[1])} "


_READINGS: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = (
    (_FRACTION, _fraction),
    (re.compile(r"(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE), _apart(ordinal)),
    (_DECADE, _apart(plural)),
    (_RANGE, _range),
    (_GROUPS, _groups),
    (re.compile(r"((?:\d+|(?<!\d))(?:\.\d+)+)"), _apart(decimal)),
    (re.compile(r"(\d+)"), _apart(lambda figures: year(figures) or cardinal(figures))),
)
