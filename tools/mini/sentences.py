"""What is said: sentences of the GRID command grammar, and short plain sentences from templates.

Bench and training never share a sentence: every sentence belongs to one side by a hash of its words.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

from vsseval.english.grid import GRID

Side = Literal["bench", "train"]

BENCH_SHARE = 1 / 8
"""Share of all possible sentences that is set aside for the benchmarks."""

_SELF = ("i", "we", "they", "you")
_MODALS = (
    "want to", "have to", "would like to", "need to", "should", "will", "could", "might", "decided to", "used to",
)  # fmt: skip
_PEOPLE = (
    "my mother", "my father", "the president", "the teacher", "the doctor", "my brother", "my sister",
    "the government", "the company", "my family", "the woman", "the children", "the students", "our neighbors",
    "the police", "the director", "everybody", "someone", "the population", "your husband", "the professor",
    "the officer",
)  # fmt: skip
_PAST = (
    "wanted to", "had to", "decided to", "was able to", "tried to", "would like to", "will never", "should", "could",
)  # fmt: skip
_DEEDS = (
    "buy a new house", "talk about the problem", "go back to work", "see the doctor", "learn another language",
    "listen to the music", "stay in california", "leave the hospital", "read the newspaper", "watch television",
    "visit my parents", "open the window", "finish the project", "play football", "have breakfast",
    "teach american history", "take a picture", "write another letter", "drive to chicago", "answer the question",
    "move to washington", "change the system", "travel around the world", "build a library", "sell the business",
    "find a solution", "understand the situation", "remember the number", "speak with the manager",
    "clean the kitchen", "explain the difference", "improve the economy", "support the family", "join the army",
    "return the money", "discover the answer", "visit the museum", "order a hamburger", "celebrate christmas",
    "attend the university", "discuss the possibilities", "cross the river", "protect the environment",
    "get some information", "start another company", "follow the instructions", "prepare for the future",
)  # fmt: skip
_TIMES = (
    "today", "tomorrow", "this morning", "every day", "next week", "on monday", "in september", "after school",
    "this weekend", "on saturday", "in the summer", "this afternoon", "as soon as possible", "right now",
    "in november", "every sunday", "next year", "together", "again", "in the evening", "before christmas",
)  # fmt: skip
_THINGS = (
    "weather", "music", "television", "newspaper", "apartment", "telephone", "computer", "building", "restaurant",
    "hospital", "university", "station", "program", "picture", "kitchen", "garden", "library", "business",
    "medicine", "airport", "magazine", "elevator", "mountain", "village", "president", "government", "economy",
)  # fmt: skip
_KINDS = (
    "very beautiful", "really interesting", "extremely important", "very expensive", "absolutely wonderful",
    "completely different", "very dangerous", "almost perfect", "not available", "very popular", "really difficult",
    "quite familiar", "probably necessary", "very comfortable", "too complicated", "already finished",
    "very successful", "responsible for everything", "going to be different", "not very important",
)  # fmt: skip
_NUMBERS = (
    "three", "seven", "twenty", "seventy", "many", "several", "thousands of", "hundreds of", "a lot of",
    "not enough", "eleven", "twenty five", "millions of",
)  # fmt: skip
_COUNTED = (
    "people", "children", "students", "questions", "animals", "pictures", "countries", "companies", "families",
    "scientists", "soldiers", "flowers", "buildings", "teachers", "doctors", "computers", "problems", "stories",
)  # fmt: skip
_PLACES = (
    "in the house", "in the city", "in this country", "in the building", "in the world", "at the university",
    "in new york", "in the hospital", "at the restaurant", "near the river", "in the mountains", "in the kitchen",
    "in the newspaper", "at the airport", "in our village", "in california", "on television", "in the garden",
)  # fmt: skip
_ASKS = ("do you want to", "can you", "could you please", "why did you", "did they", "would you like to", "how did he")
_CLAIMS = (
    "i think that", "she said that", "everyone knows that", "they believe that", "we know that", "it seems that",
)  # fmt: skip

_TEMPLATES: tuple[tuple[str | tuple[str, ...], ...], ...] = (
    (_SELF, _MODALS, _DEEDS),
    (_SELF, _MODALS, _DEEDS, _TIMES),
    (_PEOPLE, _PAST, _DEEDS),
    (_PEOPLE, _PAST, _DEEDS, _TIMES),
    ("the", _THINGS, ("is", "was"), _KINDS),
    ("the", _THINGS, _PLACES, ("is", "was"), _KINDS),
    (_ASKS, _DEEDS, _TIMES),
    (("there are", "there were"), _NUMBERS, _COUNTED, _PLACES),
    (_CLAIMS, "the", _THINGS, ("is", "was"), _KINDS),
)
LONGEST, SHORTEST = 9, 4
"""Words of a free sentence."""


def side_of(sentence: str) -> Side:
    """Which side owns a sentence; the same for ever, for every seed."""
    number = int.from_bytes(hashlib.sha256(sentence.encode()).digest()[:4], "big")
    return "bench" if number < BENCH_SHARE * 2**32 else "train"


def grid_sentence(rng: np.random.Generator, side: Side) -> str:
    """Draw a sentence of the GRID grammar, six words."""
    while True:
        text = " ".join(options[rng.integers(len(options))] for options in GRID)
        if side_of(text) == side:
            return text


def free_sentence(rng: np.random.Generator, side: Side) -> str:
    """Draw an everyday sentence of four to nine words, lower case without punctuation."""
    while True:
        template = _TEMPLATES[rng.integers(len(_TEMPLATES))]
        text = " ".join(part if isinstance(part, str) else part[rng.integers(len(part))] for part in template)
        if SHORTEST <= len(text.split()) <= LONGEST and side_of(text) == side:
            return text


def vocabulary() -> frozenset[str]:
    """Every word that a free sentence can hold."""
    parts = [part for template in _TEMPLATES for part in template]
    phrases = [phrase for part in parts for phrase in ((part,) if isinstance(part, str) else part)]
    return frozenset(word for phrase in phrases for word in phrase.split())
