"""Spoken English numbers to figures, as Whisper's normaliser reads them: "twenty five dollars" to "$25".

Kept by hand to the results of openai-whisper 20250625, whose reading has habits of its own: "nineth" is a word and
"ninth" is not, a "point" before a number that cannot follow it vanishes, and a sign clings to whatever comes next.
"""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_POWERS = (
    "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion"
).split()
_IRREGULAR = {"zeroth": "0th", "first": "1st", "second": "2nd", "third": "3rd", "fifth": "5th", "twelfth": "12th"}

ZEROS = frozenset({"o", "oh", "zero"})
ONES = {name: value for value, name in enumerate(_UNITS, 1)}
TENS = {name: 10 * value for value, name in enumerate(_TENS, 2)}
MULTIPLIERS = {"hundred": 100, **{name: 1000**power for power, name in enumerate(_POWERS, 1)}}

ENDED_ONES = {
    **{("sixes" if name == "six" else name + "s"): (value, "s") for name, value in ONES.items()},
    **{name: (int(figure[:-2]), figure[-2:]) for name, figure in _IRREGULAR.items()},
    **{
        name + ("h" if name.endswith("t") else "th"): (value, "th")
        for name, value in ONES.items()
        if value > 3 and value not in {5, 12}
    },
}
ENDED_TENS = {
    **{name.replace("y", "ies"): (value, "s") for name, value in TENS.items()},
    **{name.replace("y", "ieth"): (value, "th") for name, value in TENS.items()},
}
ENDED_MULTIPLIERS = {
    **{name + "s": (value, "s") for name, value in MULTIPLIERS.items()},
    **{name + "th": (value, "th") for name, value in MULTIPLIERS.items()},
}

SIGNS = {"minus": "-", "negative": "-", "plus": "+", "positive": "+"}
CURRENCIES = {
    name + ending: sign
    for name, sign in zip("pound euro dollar cent".split(), "£€$¢", strict=True)
    for ending in ("", "s")
}
DIGIT_WORDS = frozenset({*ONES, *TENS, *ZEROS})
"""What may follow a "point"."""
WORDS = frozenset({*DIGIT_WORDS, *ENDED_ONES, *ENDED_TENS, *MULTIPLIERS, *ENDED_MULTIPLIERS, *SIGNS, *CURRENCIES}) | {
    *("per", "percent", "and", "double", "triple", "point")
}

_NUMBER = re.compile(r"^\d+(\.\d+)?$")
_PREFIXES = frozenset("-+£€$¢")
_HALF = re.compile(r"\band\s+a\s+half\b")


def figures(text: str) -> str:
    """Return text with its spoken numbers as figures, words separated by single spaces.

    Args:
        text: lower case, without punctuation but for the signs of numbers.
    """
    return _joined_currency(" ".join(_Reader(_halves(text).split()).read()))


def _halves(text: str) -> str:
    """Turn "two and a half" into "two point five", and part letters from figures."""
    segments = _HALF.split(text)
    parts: list[str] = []
    for place, segment in enumerate(segments, 1):
        if not segment.strip():
            continue
        parts.append(segment)
        if place < len(segments):
            last = segment.rsplit(maxsplit=2)[-1]
            parts.append("point five" if last in DIGIT_WORDS or last in MULTIPLIERS else "and a half")
    spaced = re.sub(r"([a-z])([0-9])", r"\1 \2", " ".join(parts))
    spaced = re.sub(r"([0-9])([a-z])", r"\1 \2", spaced)
    return re.sub(r"([0-9])\s+(st|nd|rd|th|s)\b", r"\1\2", spaced)


def _joined_currency(text: str) -> str:
    """Turn "$2 and ¢7" into "$2.07", "$0.07" into "¢7", and a lone 1 back into "one"."""
    text = re.sub(r"([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b", lambda m: f"{m[1]}{m[2]}.{int(m[3]):02d}", text)
    text = re.sub(r"[€£$]0.([0-9]{1,2})\b", lambda m: f"¢{int(m[1])}", text)
    return re.sub(r"\b1(s?)\b", r"one\1", text)


class _Reader:
    """Reads words from left to right; holds the number that is being built and the sign before it.

    A number is an int while words add up ("twenty five"), and a str once figures are strung together ("one oh one").
    """

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._number: int | str | None = None
        self._sign = ""
        self._said: list[str] = []

    def read(self) -> list[str]:
        """Return the words with numbers as figures."""
        skip = False
        for place, word in enumerate(self._words):
            if skip:
                skip = False
                continue
            before = self._words[place - 1] if place else ""
            after = self._words[place + 1] if place + 1 < len(self._words) else ""
            skip = self._take(before, word, after)
        self._close()
        return self._said

    def _take(self, before: str, word: str, after: str) -> bool:
        """Read one word; return whether the next one is read with it."""
        bare = word[1:] if word[0] in _PREFIXES else word
        if _NUMBER.match(bare):
            self._figure(word, bare)
        elif word not in WORDS:
            self._close()
            self._say(word)
        elif word in ZEROS:
            self._number = str(self._number or "") + "0"
        elif word in ONES:
            self._number = self._with_ones(ONES[word], before)
        elif word in ENDED_ONES:
            value, ending = ENDED_ONES[word]
            self._say(f"{self._with_ones(value, before)}{ending}")
        elif word in TENS:
            self._number = self._with_tens(TENS[word])
        elif word in ENDED_TENS:
            value, ending = ENDED_TENS[word]
            self._say(f"{self._with_tens(value)}{ending}")
        elif word in MULTIPLIERS:
            self._number = self._multiplied(MULTIPLIERS[word])
        elif word in ENDED_MULTIPLIERS:
            value, ending = ENDED_MULTIPLIERS[word]
            self._say(f"{self._multiplied(value, ended=True)}{ending}")
        else:
            return self._sign_or_link(before, word, after)
        return False

    def _say(self, text: str | int) -> None:
        self._said.append(f"{self._sign}{text}")
        self._sign, self._number = "", None

    def _close(self) -> None:
        if self._number is not None:
            self._say(self._number)

    def _figure(self, word: str, bare: str) -> None:
        if isinstance(self._number, str) and self._number.endswith("."):
            self._number += word
            return
        self._close()
        if bare is not word:
            self._sign = word[0]
        fraction = Fraction(bare)
        self._number = fraction.numerator if fraction.denominator == 1 else bare

    def _with_ones(self, ones: int, before: str) -> int | str:
        """Return the number with one to nineteen after it: added where there is room, else strung on."""
        number = self._number
        if number is None:
            return ones
        if isinstance(number, str):
            return f"{number[:-1]}{ones}" if before in TENS and ones < 10 else f"{number}{ones}"
        room = before not in ONES and number % (10 if ones < 10 else 100) == 0
        return number + ones if room else f"{number}{ones}"

    def _with_tens(self, tens: int) -> int | str:
        if self._number is None:
            return tens
        if isinstance(self._number, int) and self._number % 100 == 0:
            return self._number + tens
        return f"{self._number}{tens}"

    def _multiplied(self, multiplier: int, *, ended: bool = False) -> int | str:
        """Return the number times a hundred, thousand, …; what cannot be multiplied is said, and stands before it."""
        number = self._number
        if number is None:
            return multiplier
        if isinstance(number, str) or (number == 0 and not ended):
            product = _times(number, multiplier)
            if product is None:
                self._close()
                return multiplier
            return product
        return number // 1000 * 1000 + number % 1000 * multiplier

    def _sign_or_link(self, before: str, word: str, after: str) -> bool:
        """Read signs, currencies, per cent, and the words that link numbers."""
        numeric = after in WORDS or bool(_NUMBER.match(after))
        if word in SIGNS:
            self._close()
            if numeric:
                self._sign = SIGNS[word]
            else:
                self._say(word)
        elif word in CURRENCIES:
            if self._number is None:
                self._say(word)
            else:
                self._sign = CURRENCIES[word]
                self._close()
        elif word in {"per", "percent"}:
            return self._per_cent(word, after)
        else:
            return self._link(before, word, after, numeric=numeric)
        return False

    def _per_cent(self, word: str, after: str) -> bool:
        whole = word == "percent" or after == "cent"
        if self._number is not None and whole:
            self._say(f"{self._number}%")
            return word == "per"
        self._close()
        self._say(word)
        return False

    def _link(self, before: str, word: str, after: str, *, numeric: bool) -> bool:
        """Read "and", "double", "triple" and "point", which mean something before numbers only."""
        if numeric and word == "and" and before in MULTIPLIERS:
            return False
        if numeric and word == "point":
            if after in DIGIT_WORDS or _NUMBER.match(after):
                self._number = str(self._number or "") + "."
            return False
        if numeric and word in {"double", "triple"} and (after in ONES or after in ZEROS):
            self._number = str(self._number or "") + str(ONES.get(after, 0)) * (2 if word == "double" else 3)
            return True
        self._close()
        self._say(word)
        return False


def _times(number: str | int, multiplier: int) -> int | None:
    """Return the product where it is whole."""
    try:
        product = Fraction(number) * multiplier
    except ValueError:
        return None
    return product.numerator if product.denominator == 1 else None
