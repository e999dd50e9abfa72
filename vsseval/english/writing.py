"""What writing adds to words without being heard: invisible characters, forms of letters, shapes of apostrophes."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

__all__ = ["plain"]

_APOSTROPHES = dict.fromkeys(
    map(ord, "\u00b4`\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02c8\u2032\u2035\uff07\u055a\ua78c"), "'"
)
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2212\ufe63\uff0d"), "-")
_UNHEARD = dict.fromkeys(map(ord, "\u034f\u115f\u1160\u3164\uffa0\u2122\u00ae\u00a9\u2120"))
"""Fillers and joiners that are no format characters, and the signs of trade marks."""
_FORMS = str.maketrans({**_APOSTROPHES, **_HYPHENS, **_UNHEARD})
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")
_COMPATIBLE: Literal["NFKC"] = "NFKC"


def plain(text: str) -> str:
    """Return a text in composed Unicode with straight apostrophes and hyphens, without what cannot be heard.

    Zero-width and soft characters, variation selectors and signs of trade marks go; control characters and all kinds of
    space become spaces; letters and digits of other width or form become the plain ones, and "½" is "1/2". Case,
    accents and punctuation stay.
    """
    joined = _SPACED_THOUSANDS.sub("", text.translate(_FORMS))
    kept = "".join(map(_visible, joined))
    return " ".join(unicodedata.normalize(_COMPATIBLE, kept).split())


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf" or "\ufe00" <= letter <= "\ufe0f":
        return ""
    if category == "Cc":
        return " "
    if unicodedata.decomposition(letter).startswith("<fraction>"):
        return " " + unicodedata.normalize(_COMPATIBLE, letter).replace("\u2044", "/")
    return letter
