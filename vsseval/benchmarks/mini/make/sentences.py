"""What is said: sentences of the GRID command grammar, and short everyday sentences from templates.

Bench and training never share a sentence: every sentence belongs to one side by a hash of its words.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Side = Literal["bench", "train"]

GRID: tuple[tuple[str, ...], ...] = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
"""Command, colour, preposition, letter (no w), digit, adverb: Cooke et al., JASA 120, 2006."""

BENCH_SHARE = 1 / 8
"""Share of all possible sentences that is set aside for the benchmarks."""

_PEOPLE = (
    "the boy", "the girl", "my mother", "my father", "her brother", "his sister", "the teacher", "the doctor",
    "our neighbor", "the driver", "the old man", "the young woman", "my friend", "the farmer", "the baker",
    "the captain", "a stranger", "the children", "the students", "everybody", "nobody", "someone",
    "the singer", "the painter", "the nurse", "the waiter", "his uncle", "her aunt", "the king", "the guard",
)  # fmt: skip
_ACTIONS = (
    "opened", "closed", "found", "lost", "bought", "sold", "painted", "carried", "dropped", "cleaned", "wanted",
    "liked", "needed", "forgot", "remembered", "saw", "moved", "broke", "fixed", "watched", "took", "left",
    "hid", "brought", "kept", "showed", "borrowed", "touched", "covered", "washed",
)  # fmt: skip
_ADJECTIVES = (
    "red", "blue", "green", "white", "black", "yellow", "small", "large", "old", "new", "heavy", "empty",
    "broken", "clean", "dirty", "wooden", "silver", "golden", "long", "round", "warm", "cold", "little", "big",
    "soft", "strange", "beautiful", "expensive", "simple", "bright",
)  # fmt: skip
_THINGS = (
    "box", "door", "window", "table", "chair", "book", "letter", "bottle", "cup", "basket", "blanket", "bicycle",
    "boat", "camera", "car", "clock", "coat", "garden", "guitar", "hammer", "hat", "house", "key", "kitchen",
    "ladder", "lamp", "mirror", "newspaper", "picture", "piano", "pillow", "radio", "ring", "shirt", "shoe",
    "suitcase", "ticket", "towel", "umbrella", "wallet", "bread", "butter", "cheese", "apple", "orange", "soup",
)  # fmt: skip
_PLACES = (
    "in the garden", "on the table", "at the station", "by the river", "near the bridge", "in the kitchen",
    "behind the house", "under the tree", "at the market", "in the morning", "on the roof", "after dinner",
    "before lunch", "in the winter", "last summer", "on monday", "on friday", "this evening", "at night",
    "in the village", "near the church", "at the beach", "on the train", "in the office", "at school",
    "at the hospital", "by the window", "in the forest", "across the street", "two days ago",
)  # fmt: skip
_ANIMALS = (
    "dog", "cat", "horse", "bird", "cow", "duck", "rabbit", "fox", "bear", "lion", "sheep", "mouse", "fish",
    "goat", "chicken", "tiger",
)  # fmt: skip
_MOTIONS = (
    "walked", "ran", "slept", "waited", "sat", "played", "jumped", "stayed", "stood", "worked", "danced",
    "laughed", "sang", "rested", "lived", "arrived",
)  # fmt: skip
_ADVERBS = ("slowly", "quietly", "quickly", "happily", "alone", "together", "all day", "for an hour", "again", "outside")  # fmt: skip
_WEATHER = (
    "rainy", "sunny", "windy", "cold", "warm", "foggy", "stormy", "dry", "cloudy", "very hot", "quite cool", "snowy",
)  # fmt: skip
_TIMES = ("today", "tomorrow", "this week", "every summer", "in april", "in october", "this afternoon", "again tonight")  # fmt: skip
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "fifty")
_COUNTED = (
    "apples", "books", "chairs", "dollars", "eggs", "flowers", "glasses", "hours", "letters", "minutes",
    "people", "pictures", "stamps", "stones", "tickets", "windows",
)  # fmt: skip
_ASKS = ("please", "could you", "can you", "would you please", "do not", "never")
_VERBS = ("open", "close", "bring", "find", "clean", "paint", "move", "sell", "fix", "touch", "hide", "show me")

_TEMPLATES: tuple[tuple[str | tuple[str, ...], ...], ...] = (
    (_PEOPLE, _ACTIONS, "the", _ADJECTIVES, _THINGS),
    (_PEOPLE, _ACTIONS, "the", _THINGS, _PLACES),
    ("the", _ADJECTIVES, _THINGS, "was", _PLACES),
    ("the", _ANIMALS, _MOTIONS, _ADVERBS, _PLACES),
    (_PEOPLE, _MOTIONS, _ADVERBS, _PLACES),
    (_PEOPLE, _ACTIONS, _NUMBERS, _COUNTED, _PLACES),
    ("it will be", _WEATHER, _PLACES, _TIMES),
    (_ASKS, _VERBS, "the", _ADJECTIVES, _THINGS),
    ("where is the", _ADJECTIVES, _THINGS, "from the", _THINGS),
    ("a", _ADJECTIVES, _ANIMALS, _MOTIONS, _PLACES),
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
            return (
                text.replace("a old", "an old")
                .replace("a orange", "an orange")
                .replace("a empty", "an empty")
                .replace("a expensive", "an expensive")
            )


def vocabulary() -> frozenset[str]:
    """Every word that a free sentence can hold."""
    parts = [part for template in _TEMPLATES for part in template]
    phrases = [phrase for part in parts for phrase in ((part,) if isinstance(part, str) else part)]
    return frozenset(word for phrase in phrases for word in phrase.split()) | {"an"}
