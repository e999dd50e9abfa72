"""Numbers to English words, in the wording that the authors' text front end gives them.

The wording is that of the `inflect` library with no "and" in cardinals ("one hundred one", "eighty-three thousand,
nine hundred eighty-one") and with "and" in ordinals ("one hundred and first"). It is written out here because that
library takes a second to import for one function of it.
"""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "- ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = (
    "- thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion"
).split()
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip

MOST_DIGITS = 3 * len(_SCALES)
"""Longest number that has a name; longer ones are read digit by digit (the authors' code stops with an error)."""


def cardinal(number: int, *, joint: str = " ") -> str:
    """Spell a number of at most `MOST_DIGITS` digits, 0 or more.

    Args:
        number: what is counted.
        joint: what stands before the last two digits of a number above 99: " " or " and ".
    """
    if number == 0:
        return _ONES[0]
    groups = []
    for scale, name in enumerate(_SCALES):
        group = number // 1000**scale % 1000
        if group:
            groups.append(_group(group, joint) + (f" {name}" if scale else ""))
    rest = number % 1000
    if number > 1000 and 0 < rest < 100:  # "one thousand and one", not "one thousand, one"
        last, *above = groups
        return ", ".join(reversed(above)) + joint + last
    return ", ".join(reversed(groups))


def ordinal(number: int) -> str:
    """Spell a rank: "twenty-first", "one hundred and first"."""
    words = cardinal(number, joint=" and ")
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    stem, last = words[:cut], words[cut:]
    if last in _ORDINALS:
        return stem + _ORDINALS[last]
    return stem + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(number: int) -> str:
    """Spell a number between 1001 and 2999 as years are read: in pairs, with "oh" for a leading zero."""
    high, low = divmod(number, 100)
    if number == 2000:
        return "two thousand"
    if 2000 < number < 2010:
        return f"two thousand {_ONES[low]}"
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def spoken(digits: str) -> str:
    """Spell a run of digits: 1001 to 2999 as a year, the rest as cardinals, what has no name digit by digit."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > MOST_DIGITS:
        return " ".join(_ONES[int(digit)] for digit in digits)
    number = int(digits)
    return year(number) if 1000 < number < 3000 else cardinal(number)


def _group(number: int, joint: str) -> str:
    """Spell 1 to 999."""
    hundreds, rest = divmod(number, 100)
    if rest < 20:
        low = _ONES[rest] if rest else ""
    else:
        low = _TENS[rest // 10] + (f"-{_ONES[rest % 10]}" if rest % 10 else "")
    if not hundreds:
        return low
    return f"{_ONES[hundreds]} hundred" + (joint + low if low else "")
