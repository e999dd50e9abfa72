"""Concatenated minimum-permutation error rates (cpWER, cpCER): what is said, and by whom, where several speak.

Watanabe et al., "CHiME-6 challenge", 2020: what each speaker says is put together, on both sides; each speaker of the
transcript is matched with one that was heard, so that the errors are fewest, and one without a partner is matched with
silence. Errors over all words, or characters, of the transcript. As in meeteval and in MOVA's evaluation, whose
recogniser of speakers is a service of its own and is not available here.

Who was heard is told by the voices of phrases (`extractors.dialogue`). The two most alike groups of phrases become one
until no two are as alike as their length lets expect of one voice (0.65 at 1 s, 0.72 at 2.4 s), and there are no more
of them than the transcript has speakers. A system that says a dialogue in one voice has one speaker: the other's words
count as missing and as too many. Two voices that GE2E does not tell apart are one here, too.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.metrics.text import Name, Normaliser, normaliser
from vsseval.turns import by_speaker

Measure = Literal["cpwer", "cpcer"]

_ALIKE, _PER_SECOND, _MOST_ALIKE = 0.60, 0.05, 0.72
"""Cosine of GE2E embeddings above which two groups of phrases are of one voice, by the seconds of the shorter one.

Of recordings of 1, 1.6 and 2.5 s, 95 % of pairs of one reader lie above 0.62, 0.67 and 0.73, and 95 % of pairs of two
readers below 0.65, 0.60 and 0.63."""
_SHORTEST = 0.1
"""Seconds by which a phrase counts at least."""


class PermutedErrorRate:
    """`cpwer@…` and `cpcer@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure, normaliser: Name) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `dialogue` and `turns`.
            measure: errors per word, or per character without spaces.
            normaliser: of both sides.
        """
        self.spec = spec
        self._words, self._normaliser = measure == "cpwer", normaliser

    @cached_property
    def _normal(self) -> Normaliser:
        return normaliser(self._normaliser)

    def score(self, dialogue: Arrays, turns: str) -> Score:
        """Return errors per word or character, 0 upwards; the weight is their number, so that the mean is the corpus's.

        Detail: `by_speaker`, what each voice was heard to say, as normalised; `speakers` of the transcript and `heard`
        ones; `hits`, `substitutions`, `deletions`, `insertions`.

        Args:
            dialogue: `text` (), `voices` (p, d) and `seconds` (p,) of the phrases that were heard.
            turns: the transcript with its tags.

        Raises:
            Unmeasurable: no speaker of the transcript says a word.
        """
        said = [self._normal(words) for words in by_speaker(turns).values()]
        said = [words for words in said if any(letter.isalnum() for letter in words)]
        if not said:
            raise Unmeasurable("the benchmark's transcript of this clip holds no word")
        lines = str(dialogue["text"]).split("\n") if str(dialogue["text"]) else []
        groups = voices(np.asarray(dialogue["voices"]), np.asarray(dialogue["seconds"]), len(said))
        heard = [self._normal(" ".join(lines[place] for place in group)) for group in groups]
        heard = [words for words in heard if words.strip()]
        counts = fewest_errors(said, heard, words=self._words)
        units = counts["hits"] + counts["substitutions"] + counts["deletions"]
        errors = counts["insertions"] + counts["substitutions"] + counts["deletions"]
        detail: dict[str, float | int | str] = {"by_speaker": " | ".join(heard), "speakers": len(said)}
        return Score(value=errors / units, weight=float(units), detail={**detail, "heard": len(heard), **counts})


def fewest_errors(said: list[str], heard: list[str], *, words: bool) -> dict[str, int]:
    """Return hits, substitutions, deletions and insertions under the best match of two lists of speakers.

    Args:
        said: what each speaker of the transcript says, normalised; none is empty.
        heard: what each speaker was heard to say.
        words: count words; else characters without spaces.
    """
    import jiwer
    from scipy.optimize import linear_sum_assignment

    def units(text: str) -> str:
        return " ".join(text.split()) if words else " ".join("".join(text.split()))

    most = max(len(said), len(heard))
    rows, columns = ([*map(units, side), *[""] * (most - len(side))] for side in (said, heard))

    def counted(row: str, column: str) -> tuple[int, int, int, int]:
        if not row:
            return 0, 0, 0, len(column.split())
        found = jiwer.process_words(row, column)
        return found.hits, found.substitutions, found.deletions, found.insertions

    table = np.array([[counted(row, column) for column in columns] for row in rows])
    matched = table[linear_sum_assignment(table[..., 1:].sum(axis=2))].sum(axis=0)
    return dict(zip(("hits", "substitutions", "deletions", "insertions"), matched.tolist(), strict=True))


def voices(embeddings: np.ndarray, seconds: np.ndarray, most: int) -> list[list[int]]:
    """Return which phrases are of one voice, each group in the order of time, by its first phrase.

    Args:
        embeddings: of the phrases, (p, d), of unit length; zeros where there is no voice, like nobody's.
        seconds: their lengths, (p,), by which they count in the voice of a group.
        most: groups at the end, at most.
    """
    groups = [[place] for place in range(len(embeddings))]
    lengths = [max(float(length), _SHORTEST) for length in seconds]
    sums = [embedding.astype(np.float64) * length for embedding, length in zip(embeddings, lengths, strict=True)]
    while len(groups) > 1:
        unit = np.stack([one / max(float(np.linalg.norm(one)), 1e-12) for one in sums])
        alike = np.where(np.tri(len(groups), dtype=bool), -np.inf, unit @ unit.T)
        first, second = divmod(int(alike.argmax()), len(groups))
        shorter = min(lengths[first], lengths[second])
        if alike[first, second] < min(_ALIKE + _PER_SECOND * shorter, _MOST_ALIKE) and len(groups) <= most:
            break
        groups[first] += groups.pop(second)
        sums[first] = sums[first] + sums.pop(second)
        lengths[first] += lengths.pop(second)
    return sorted(sorted(group) for group in groups)
