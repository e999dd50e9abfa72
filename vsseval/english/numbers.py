"""Whole numbers to the words that they are read as: cardinals, ordinals, years, decades, digit by digit."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["cardinal", "decimal", "digits", "ordinal", "plural", "year"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_POWERS = ("", "thousand", "million", "billion", "trillion")
_LONGEST = 15
"""Digits that are read as one number; longer ones are read digit by digit."""
_ENDED = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_YEARS = range(1400, 2100)


def cardinal(figures: str) -> str:
    """Read digits as a number, "one hundred five" of "105"; with a zero in front, or very many, one by one."""
    if len(figures) > _LONGEST or (len(figures) > 1 and figures[0] in _zeros(figures)):
        return digits(figures)
    number = int(figures)
    if number == 0:
        return _SMALL[0]
    groups: list[str] = []
    for power in _POWERS:
        number, group = divmod(number, 1000)
        if group:
            groups.insert(0, f"{_hundreds(group)} {power}".strip())
    return " ".join(groups)


def decimal(figures: str) -> str:
    """Read digits around points: "three point one four" of "3.14", "point five" of ".5"."""
    whole, *parts = figures.split(".")
    if len(parts) == 1:
        return f"{cardinal(whole) if whole else ''} point {digits(parts[0])}".strip()
    return " point ".join(map(cardinal, filter(None, [whole, *parts])))


def digits(figures: str) -> str:
    """Read digits one by one."""
    return " ".join(_SMALL[int(figure)] for figure in figures)


def ordinal(figures: str) -> str:
    """Read digits as a place in an order: "twenty first" of "21"."""
    return _last(cardinal(figures), lambda word: _ENDED.get(word) or _ith(word))


def plural(figures: str) -> str:
    """Read digits as many of them: "nineteen nineties" of "1990", "fives" of "5"."""
    said = year(figures) or cardinal(figures)
    return _last(
        said, lambda word: word[:-1] + "ies" if word.endswith("y") else word + ("es" if word == "six" else "s")
    )


def year(figures: str) -> str | None:
    """Read four digits as a year, in pairs: "nineteen oh five" of "1905"; None where they are read as a number."""
    if len(figures) != 4 or int(figures) not in _YEARS or int(figures) // 10 == 200:
        return None
    century, rest = divmod(int(figures), 100)
    if rest == 0:
        return f"{_hundreds(century)} hundred"
    return f"{_hundreds(century)} {'oh ' if rest < 10 else ''}{_hundreds(rest)}"


def _zeros(figures: str) -> set[str]:
    return {figure for figure in figures if int(figure) == 0}


def _hundreds(number: int) -> str:
    """Read 1 to 999."""
    if number >= 100:
        return " ".join(
            filter(None, [_SMALL[number // 100], "hundred", (number % 100 and _hundreds(number % 100)) or ""])
        )
    if number >= 20:
        return " ".join(filter(None, [_TENS[number // 10], (number % 10 and _SMALL[number % 10]) or ""]))
    return _SMALL[number]


def _ith(word: str) -> str:
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


def _last(said: str, change: Callable[[str], str]) -> str:
    *words, last = said.split()
    return " ".join([*words, change(last)])
