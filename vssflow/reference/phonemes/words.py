"""Cleaned text to the words and signs that are pronounced one by one.

The authors' `g2p_en` hands the text to NLTK's tweet tokenizer. Of that tokenizer's rules only a few can meet text of
the letters a-z, spaces and ' . , ? ! alone, and they are written out here.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
    [a-z]+ (?:[.][a-z]+){0,126} [.][a-z]{2,13}\b   # a domain: "stop.now" without a space is one word
    | [a-z] [a-z']+ [a-z]                           # a word, with apostrophes inside
    | [a-z]+
    | \. (?:[ ]*\.)+                                # an ellipsis, spaced or not
    | \S
    """,
    re.VERBOSE,
)


def words(cleaned: str) -> list[str]:
    """Split cleaned text into lower-case words, single signs and ellipses, in reading order.

    Args:
        cleaned: text of `cleaner.clean`. What is neither a letter nor one of ' . , ? ! is dropped.
    """
    text = re.sub(r"[^ a-z'.,?!]", "", cleaned.lower())
    text = text.replace("i.e.", "that is").replace("e.g.", "for example")
    # A sign that is repeated more often than three times stands three times.
    return _TOKEN.findall(re.sub(r"([^a-z])\1{3,}", r"\1\1\1", text))
