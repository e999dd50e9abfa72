"""Part-of-speech tags, by which homographs are told apart ("I refuse" against "the refuse").

An averaged perceptron (Collins, EMNLP 2002) that tags from left to right: the scores of the features of a word (its
spelling, its neighbours, the two tags before it) are summed over all tags, and the highest wins. The weights are those
of NLTK's `averaged_perceptron_tagger`, without the features that lower-case text without digits cannot have. Tags are
those of the Penn Treebank.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from vssflow.reference.phonemes.tables import read_table

_BEFORE = ("-START-", "-START2-")
_AFTER = ("-END-", "-END2-")


class Perceptron(NamedTuple):
    """The tagger's weights, as text until they are asked for: a sentence needs a few dozen of 74,000 features."""

    tags: tuple[str, ...]
    known: dict[str, str]
    """Words that have one tag only."""
    weights: dict[str, str]
    """Feature to `TAG thousandths TAG thousandths ...`."""


def tag(words: list[str]) -> list[str]:
    """One Penn Treebank tag for each lower-case word or sign."""
    model = perceptron()
    context = (*_BEFORE, *words, *_AFTER)
    tags = ["-START2-", "-START-"]  # going back from the first word; as words they stand the other way round
    for place, word in enumerate(words):
        tags.append(model.known.get(word) or _best(model, _features(context, place + len(_BEFORE), tags[-1], tags[-2])))
    return tags[len(_BEFORE) :]


@cache
def perceptron() -> Perceptron:
    """The shipped weights."""
    first, *lines = read_table("tagger.txt.xz").decode().splitlines()
    rows = (line.split("\t") for line in lines)
    known: dict[str, str] = {}
    weights: dict[str, str] = {}
    for name, value in rows:
        (known if " " not in value else weights)[name] = value
    return Perceptron(tuple(first.split()), known, weights)


def _features(context: tuple[str, ...], here: int, last: str, before: str) -> tuple[str, ...]:
    # The names are the keys of the weights, and their order is the order of summation: it decides the last bit.
    word = context[here]
    return (
        "bias",
        f"i suffix {word[-3:]}",
        f"i pref1 {word[0]}",
        f"i-1 tag {last}",
        f"i-2 tag {before}",
        f"i tag+i-2 tag {last} {before}",
        f"i word {word}",
        f"i-1 tag+i word {last} {word}",
        f"i-1 word {context[here - 1]}",
        f"i-1 suffix {context[here - 1][-3:]}",
        f"i-2 word {context[here - 2]}",
        f"i+1 word {context[here + 1]}",
        f"i+1 suffix {context[here + 1][-3:]}",
        f"i+2 word {context[here + 2]}",
    )


def _best(model: Perceptron, features: tuple[str, ...]) -> str:
    scores = dict.fromkeys(model.tags, 0.0)
    for feature in features:
        row = model.weights.get(feature, "").split()
        for name, thousandths in zip(row[::2], row[1::2], strict=True):
            scores[name] += int(thousandths) / 1000
    return max(model.tags, key=lambda name: (scores[name], name))
