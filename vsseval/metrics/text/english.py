"""Whisper's two text normalisers, written afresh: the same output as openai-whisper 20250625, quirks and all.

Radford et al., "Robust speech recognition via large-scale weak supervision", 2022, appendix C. The quirks that count:
the letter "o" alone is a zero ("O'Brien's" is "0 brien is"), digits read one by one are one number ("one two three" is
123), "H2O" is "h 20", "cannot" and "can not" differ, and "minus ten" keeps its sign while "-10" loses it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from importlib.resources import files

from vsseval.metrics.text.numbers import figures

_BRACKETED = re.compile(r"[<\[][^>\]]*[>\]]")
_IN_PARENTHESES = re.compile(r"\(([^)]+?)\)")
_HESITATIONS = re.compile(r"\b(hmm|mm|mhm|mmm|uh|um)\b")

_EXPANSIONS = (
    # words of their own
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b", "can not"),
    (r"\blet's\b", "let us"),
    (r"\bain't\b", "aint"),
    (r"\by'all\b", "you all"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "got to"),
    (r"\bgonna\b", "going to"),
    (r"\bi'ma\b", "i am going to"),
    (r"\bimma\b", "i am going to"),
    (r"\bwoulda\b", "would have"),
    (r"\bcoulda\b", "could have"),
    (r"\bshoulda\b", "should have"),
    (r"\bma'am\b", "madam"),
    # titles
    *(
        (rf"\b{short}\b", f"{long} ")
        for short, long in (
            pair.split(":")
            for pair in (
                "mr:mister mrs:missus st:saint dr:doctor prof:professor capt:captain gov:governor ald:alderman "
                "gen:general sen:senator rep:representative pres:president rev:reverend hon:honorable asst:assistant "
                "assoc:associate lt:lieutenant col:colonel jr:junior sr:senior esq:esquire"
            ).split()
        )
    ),
    # endings; what follows tells "has" from "is" and "had" from "would"
    (r"'d been\b", " had been"),
    (r"'s been\b", " has been"),
    (r"'d gone\b", " had gone"),
    (r"'s gone\b", " has gone"),
    (r"'d done\b", " had done"),
    (r"'s got\b", " has got"),
    (r"n't\b", " not"),
    (r"'re\b", " are"),
    (r"'s\b", " is"),
    (r"'d\b", " would"),
    (r"'ll\b", " will"),
    (r"'t\b", " not"),
    (r"'ve\b", " have"),
    (r"'m\b", " am"),
)
"""In this order: each sees what those before it left."""

_INSEPARABLE = dict(
    pair.split(":") for pair in "œ:oe Œ:OE ø:o Ø:O æ:ae Æ:AE ß:ss ẞ:SS đ:d Đ:D ð:d Ð:D þ:th Þ:th ł:l Ł:L".split()
)
"""Letters whose marks NFKD does not take off."""

_NUMERIC_SIGNS = ".%$¢€£"


def basic(text: str) -> str:
    """Return text through Whisper's normaliser for any language: lower case, marks and punctuation become spaces.

    Parts in brackets and parentheses go; diacritics stay. A space may be left at either end.
    """
    shorn = _without_asides(text.lower())
    kept = "".join(
        " " if unicodedata.category(letter)[0] in "MSP" else letter for letter in unicodedata.normalize("NFKC", shorn)
    )
    return re.sub(r"\s+", " ", kept.lower())


class English:
    """Whisper's normaliser for English: contractions, titles, numbers, spellings; called with a text."""

    def __init__(self) -> None:
        self._expansions = [(re.compile(short), long) for short, long in _EXPANSIONS]
        self._american: dict[str, str] = json.loads(
            files("vsseval.metrics.text").joinpath("spellings.json").read_text(encoding="utf-8")
        )

    def __call__(self, text: str) -> str:
        """Return a text in the form in which Whisper's authors compare it. A space may be left at either end."""
        spoken = _HESITATIONS.sub("", _without_asides(text.lower()))
        spoken = re.sub(r"\s+'", "'", spoken)
        for short, long in self._expansions:
            spoken = short.sub(long, spoken)
        spoken = re.sub(r"(\d),(\d)", r"\1\2", spoken)
        spoken = re.sub(r"\.([^0-9]|$)", r" \1", spoken)
        counted = figures(_letters(spoken))
        spelt = " ".join(self._american.get(word, word) for word in counted.split())
        # signs that belong to no number
        spelt = re.sub(r"[.$¢€£]([^0-9])", r" \1", spelt)
        spelt = re.sub(r"([^0-9])%", r"\1 ", spelt)
        return re.sub(r"\s+", " ", spelt)


def _without_asides(text: str) -> str:
    return _IN_PARENTHESES.sub("", _BRACKETED.sub("", text))


def _letters(text: str) -> str:
    """Take the marks off letters; other marks, symbols and punctuation become spaces, but for the signs of numbers."""
    return "".join(map(_letter, unicodedata.normalize("NFKD", text)))


def _letter(letter: str) -> str:
    if letter in _NUMERIC_SIGNS:
        return letter
    if letter in _INSEPARABLE:
        return _INSEPARABLE[letter]
    category = unicodedata.category(letter)
    if category == "Mn":
        return ""
    return " " if category[0] in "MSP" else letter
