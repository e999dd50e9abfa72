"""Cleaned text to phones: homographs by part of speech, the dictionary, and letters for what it lacks.

Specification: the behaviour of g2p_en 2.1.0, which the authors call, after which they drop the spaces between words.
"""

from __future__ import annotations

from vssflow.reference.phonemes.speller import spell
from vssflow.reference.phonemes.tables import dictionary, homographs
from vssflow.reference.phonemes.tagger import tag
from vssflow.reference.phonemes.words import words


def pronounce(cleaned: str) -> list[str]:
    """ARPAbet phones with stress of the words in cleaned text, with the signs between them left as they are."""
    tokens = words(cleaned)
    # Only homographs need tags, and a sentence without one is spared the tagger's weights.
    tags = tag(tokens) if any(token in homographs() for token in tokens) else [""] * len(tokens)
    return [phone for token, tag_ in zip(tokens, tags, strict=True) for phone in _phones(token, tag_)]


def _phones(token: str, part_of_speech: str) -> tuple[str, ...]:
    if not any(char.isalpha() for char in token):
        return (token,)
    if token in homographs():
        tagged, otherwise, needed = homographs()[token]
        return tuple((tagged if part_of_speech.startswith(needed) else otherwise).split())
    if token in dictionary():
        return tuple(dictionary()[token].split())
    return spell(token)
