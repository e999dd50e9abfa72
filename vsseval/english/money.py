"""Amounts of money to words: "$5.50" is "five dollars and fifty cents"."""

from __future__ import annotations

import re

from vsseval.english.numbers import cardinal, decimal

__all__ = ["money"]

_UNITS = {
    "$": ("dollar", "dollars"), "\u20ac": ("euro", "euros"), "\u00a3": ("pound", "pounds"), "\u00a2": ("cent", "cents"),
    "\u00a5": ("yen", "yen"), "\u20b9": ("rupee", "rupees"), "\u20a9": ("won", "won"), "\u20bd": ("ruble", "rubles"),
}  # fmt: skip
_PARTS = {"$": ("cent", "cents"), "\u20ac": ("cent", "cents"), "\u00a3": ("penny", "pence")}
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion"}
_AMOUNT = r"(?P<amount>\d+(?:\.\d+)?|\.\d+)"
_SCALE = r"(?:\s?(?P<scale>k|mn?|bn?|tn|thousand|million|billion|trillion)\b)?"
_SIGN = "(?P<sign>[" + "".join(_UNITS) + "])"
_BEFORE = re.compile(rf"(?:\bUS)?{_SIGN}\s?{_AMOUNT}{_SCALE}", re.IGNORECASE)
_AFTER = re.compile(rf"(?<![\d.]){_AMOUNT}{_SCALE}\s?{_SIGN}(?!\d)", re.IGNORECASE)


def money(text: str) -> str:
    """Return a text with its amounts of money in words; thousands are written without commas."""
    return _AFTER.sub(_said, _BEFORE.sub(_said, text))


def _said(found: re.Match[str]) -> str:
    sign, amount, scale = found["sign"], found["amount"], (found["scale"] or "").lower()
    whole, _, rest = amount.partition(".")
    if scale:
        number = decimal(amount) if rest else cardinal(whole)
        return f"{number} {_SCALES.get(scale, scale)} {_UNITS[sign][1]} "
    if len(rest) == 2 and sign in _PARTS:
        parts = _counted(rest.lstrip("0"), _PARTS[sign]) if int(rest) else ""
        units = _counted(whole, _UNITS[sign]) if int(whole or "0") or not parts else ""
        return f"{' and '.join(filter(None, [units, parts]))} "
    if rest:
        return f"{decimal(amount)} {_UNITS[sign][1]} "
    return f"{_counted(whole, _UNITS[sign])} "


def _counted(figures: str, names: tuple[str, str]) -> str:
    return f"{cardinal(figures or '0')} {names[int(figures or '0') != 1]}"
