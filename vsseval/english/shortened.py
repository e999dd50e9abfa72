"""Abbreviations to words: titles, streets, months, units after numbers, and Roman numerals after "War" or "Part"."""

from __future__ import annotations

import re

__all__ = ["spelled_out"]

_TITLES = dict(
    pair.split(":")
    for pair in (
        "Mr:Mister Mrs:Missus Dr:Doctor Prof:Professor Capt:Captain Gov:Governor Sen:Senator Lt:Lieutenant "
        "Sgt:Sergeant Rev:Reverend St:Saint Mt:Mount Ft:Fort"
    ).split()
)
_PLACES = dict(pair.split(":") for pair in "St:Street Dr:Drive Ave:Avenue Rd:Road Blvd:Boulevard".split())
_SUFFIXES = dict(pair.split(":") for pair in "Jr:Junior Sr:Senior".split())
_WORDS = {"vs": "versus", "etc": "et cetera", "approx": "approximately", "dept": "department", "pct": "percent"}
_MONTHS = dict(
    pair.split(":")
    for pair in (
        "Jan:January Feb:February Mar:March Apr:April Jun:June Jul:July Aug:August Sep:September Sept:September "
        "Oct:October Nov:November Dec:December"
    ).split()
)
_UNITS = {
    "kg": "kilogram", "mg": "milligram", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "m": "meter",
    "lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot", "mi": "mile", "hr": "hour", "hrs": "hour",
    "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "ml": "milliliter", "kb": "kilobyte",
    "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz",
    "ghz": "gigahertz", "kw": "kilowatt",
}  # fmt: skip
_RATES = {
    "mph": "miles per hour",
    "km/h": "kilometers per hour",
    "kph": "kilometers per hour",
    "m/s": "meters per second",
}
_DEGREES = {"c": "degrees Celsius", "f": "degrees Fahrenheit", "": "degrees"}
_NUMERALS = {"II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}

_MONTH_NAMES = "January|February|April|June|July|August|September|October|November|December"
# "may" and "march" are also words: only a comma, a year or the end after the day makes them months.
_DATE = re.compile(
    rf"\b({_MONTH_NAMES}|(?:May|March)(?=\s\d{{1,2}}(?:[,.;!?]|\s\d{{4}}|$)))\s(\d{{1,2}})(?![\d:/%]|st|nd|rd|th|\.\d)"
)
_NAMED = re.compile(rf"\b({'|'.join(_TITLES)})\.(?=\s+[A-Z])")
_PLACED = re.compile(rf"(?<=[a-z]\s)({'|'.join(_PLACES)})(?:\.|\b(?!\.))(?!\s+[A-Z])")
_ENDED = re.compile(rf"\b({'|'.join(_SUFFIXES)})\b\.")
_SHORT = re.compile(rf"\b({'|'.join(_WORDS)})\b\.?", re.IGNORECASE)
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b\.?(?=\s\d)|(?<=\d\s)({'|'.join(_MONTHS)})\b\.?")
_RATE = re.compile(rf"(?<=\d)\s?({'|'.join(_RATES)})\b", re.IGNORECASE)
_UNIT = re.compile(rf"(\d+(?:\.\d+)?)\s?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b(?!')\.?", re.IGNORECASE)
_HEIGHT = re.compile(r"(?<![\w.'])(\d)'\s?(\d{1,2})(?:\"|''|\u2033|\u2032\u2032)?(?![\w'])")
_DEGREE = re.compile(r"\s?\u00b0\s?([CF]\b)?", re.IGNORECASE)
_NUMBERED = re.compile(r"\b(War|Part|Chapter|Act|Scene|Volume|Book|Phase|Type|Episode|Level|Class)\s([IVX]+)\b")


def spelled_out(text: str) -> str:
    """Return a text with its abbreviations in words; numbers stay figures."""
    text = _NUMBERED.sub(lambda found: f"{found[1]} {_NUMERALS.get(found[2], found[2])}", text)
    text = _NAMED.sub(lambda found: _TITLES[found[1]], text)
    text = _PLACED.sub(lambda found: _PLACES[found[1]], text)
    text = _ENDED.sub(lambda found: _SUFFIXES[found[1]], text)
    text = _SHORT.sub(lambda found: _WORDS[found[1].lower()], text)
    text = _MONTH.sub(lambda found: _MONTHS[found[1] or found[2]], text)
    text = _DATE.sub(lambda found: f"{found[1]} {found[2]}{'th' if 0 < int(found[2]) <= 31 else ''}", text)
    text = _HEIGHT.sub(r"\1 foot \2", text)
    text = _DEGREE.sub(lambda found: f" {_DEGREES[(found[1] or '').lower()]}", text)
    text = _RATE.sub(lambda found: f" {_RATES[found[1].lower()]}", text)
    return _UNIT.sub(_unit, text)


def _unit(found: re.Match[str]) -> str:
    name = _UNITS[found[2].lower()]
    if found[1] == "1" or name.endswith("hertz"):
        return f"{found[1]} {name}"
    return f"{found[1]} {'feet' if name == 'foot' else name + 's'}"
