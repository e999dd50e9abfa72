"""A transcript as it is written to a transcript as it is read: numbers, abbreviations and signs become words.

The steps and their order are those of the authors' front end: a split between digits and letters, then the "custom
English" cleaner of Tacotron (Wang et al., Interspeech 2017) as ESPnet ships it. Three of its habits are part of the
model and are kept: "1st" is split before it could be read as a rank ("ONE ST"), the comma inside a spelled number
survives ("EIGHTY THREE THOUSAND, NINE HUNDRED"), and "%" is left for the next stage to drop.
"""

from __future__ import annotations

import re
import unicodedata

from vsseval.errors import MissingExtra
from vssflow.reference.phonemes.numbers import MOST_DIGITS, ordinal, spoken

# One after the other: "co.st." is read differently when they are taken at once.
_ABBREVIATIONS = (
    ("mrs", "misess"), ("mr", "mister"), ("dr", "doctor"), ("st", "saint"), ("co", "company"), ("jr", "junior"),
    ("maj", "major"), ("gen", "general"), ("drs", "doctors"), ("rev", "reverend"), ("lt", "lieutenant"),
    ("hon", "honorable"), ("sgt", "sergeant"), ("capt", "captain"), ("esq", "esquire"), ("ltd", "limited"),
    ("col", "colonel"), ("ft", "fort"),
)  # fmt: skip
_SIGNS = str.maketrans({";": ",", ":": ",", "-": " ", "&": "and"} | dict.fromkeys('()[]<>"', ""))
# Where unidecode is not needed: what typographers put into English. Letters with accents follow from Unicode itself.
_TYPOGRAPHY = str.maketrans({
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-", "\N{EM DASH}": "--", "\N{HORIZONTAL ELLIPSIS}": "...", "\N{NO-BREAK SPACE}": " ",
})  # fmt: skip


def clean(transcript: str) -> str:
    """Upper-case ASCII text with numbers, abbreviations and signs spelled out; not stripped at its ends.

    Args:
        transcript: any text. Emoji vanish, other scripts are transliterated ("мир" is read as "mir").

    Raises:
        MissingExtra: the text holds characters beyond accented letters and typographic signs, and `unidecode`,
            which knows how to transliterate them, is not installed.
    """
    text = transcript.upper()
    text = re.sub(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])", "  ", text)
    text = _numbers_as_words(ascii_of(text).lower())
    for short, word in _ABBREVIATIONS:
        text = re.sub(rf"\b{short}\.", word, text)
    return re.sub(r"\s+", " ", text.translate(_SIGNS).upper())


def ascii_of(text: str) -> str:
    """Transliterate to ASCII as `unidecode` does; plain and accented Latin text does not need that library.

    Raises:
        MissingExtra: see `clean`.
    """
    plain = "".join(_unaccented(char) for char in text.translate(_TYPOGRAPHY))
    if plain.isascii():
        return plain
    try:
        from unidecode import unidecode
    except ModuleNotFoundError:
        strange = next(char for char in plain if not char.isascii())
        raise MissingExtra(
            f"the transcript holds {strange!r} (U+{ord(strange):04X}); reading scripts other than Latin, symbols and "
            "emoji needs unidecode: pip install 'vsseval[authors]'"
        ) from None
    # Halves of surrogate pairs are no characters: unidecode would drop them too, with a warning for each.
    return unidecode("".join(char for char in plain if unicodedata.category(char) != "Cs"))


def _unaccented(char: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFD", char) if not "\u0300" <= part <= "\u0362")
    return base if not base or (base.isascii() and base.isalpha()) else char


def _numbers_as_words(text: str) -> str:
    # Other currencies have no rule: transliteration has already made "PS5" of five pounds, read "psfive".
    text = re.sub(r"[0-9][0-9,]+[0-9]", lambda found: found[0].replace(",", ""), text)
    text = re.sub(r"\$([0-9.,]*[0-9])", lambda found: _dollars(found[1]), text)
    text = re.sub(r"([0-9]+)\.([0-9]+)", r"\1 point \2", text)
    text = re.sub(r"([0-9]+)(st|nd|rd|th)", lambda found: _rank(found[1], found[2]), text)
    return re.sub(r"[0-9]+", lambda found: spoken(found[0]), text)


def _rank(digits: str, ending: str) -> str:
    number = digits.lstrip("0") or "0"
    return ordinal(int(number)) if len(number) <= MOST_DIGITS else f"{digits} {ending}"


def _dollars(amount: str) -> str:
    """Read "3.50" as dollars and cents; an amount with two points keeps them. Figures are spelled later."""
    if amount.count(".") > 1:
        return f"{amount} dollars"
    # A comma is left here only where none belongs ("$,5", on which the authors' code stops): it is passed over.
    whole, _, part = amount.replace(",", "").partition(".")
    dollars, cents = whole.lstrip("0"), part.lstrip("0")
    spelled = [
        f"{count} {unit}" if count == "1" else f"{count} {unit}s"
        for count, unit in ((dollars, "dollar"), (cents, "cent"))
        if count
    ]
    return ", ".join(spelled) or "zero dollars"
