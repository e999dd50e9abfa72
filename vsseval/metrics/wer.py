"""Word error rate of what a recogniser hears against what was to be said.

Substitutions, deletions and insertions over the words of the transcript (NIST sclite), aligned by jiwer. Each clip
carries its number of words as weight, so that the benchmark's value is the corpus rate: all errors over all words.
"""

from __future__ import annotations

import re
from typing import Literal

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})


class WerSphinx:
    """`wer@sphinx-grid` and `wer@sphinx-lm`; satisfies `SampleMetric`."""

    def __init__(self, search: Literal["grid", "lm"], language: str, description: str) -> None:
        """Declare the metric.

        Args:
            search: which recogniser hears.
            language: of the samples that it applies to.
            description: one line for `vsseval list`.
        """
        self.spec = MetricSpec(
            name="wer",
            recipe=f"sphinx-{search}",
            version="1",
            inputs={
                "hypothesis": Feature(extractor=f"sphinx_{search}", of=Need.AUDIO),
                "transcript": Need.TRANSCRIPT,
            },
            direction="lower",
            unit="%",
            scale=100.0,
            decimals=1,
            least=0.0,
            language=language,
            description=description,
            citation="Huggins-Daines et al., PocketSphinx, ICASSP 2006 (not comparable with rates by Whisper)",
        )

    def score(self, hypothesis: Arrays, transcript: str) -> Score:
        """Return errors per word, 0 upwards (insertions may carry it above 1), weighted by the words.

        Detail: `hypothesis` as normalised, `hits`, `substitutions`, `deletions`, `insertions`.

        Args:
            hypothesis: `text` () of the recogniser; empty counts as all words deleted.
            transcript: what was to be said.

        Raises:
            Unmeasurable: the transcript holds no word.
        """
        said, heard = normalise(transcript), normalise(str(hypothesis["text"]))
        words = len(said.split())
        if not words:
            raise Unmeasurable("the benchmark's transcript of this clip holds no word")
        import jiwer

        counts = jiwer.process_words(said, heard)
        errors = counts.substitutions + counts.deletions + counts.insertions
        return Score(
            value=errors / words,
            weight=float(words),
            detail={
                "hypothesis": heard,
                "hits": counts.hits,
                "substitutions": counts.substitutions,
                "deletions": counts.deletions,
                "insertions": counts.insertions,
            },
        )


def wer_sphinx_grid() -> WerSphinx:
    """Return the metric for the closed language of GRID."""
    return WerSphinx("grid", "en-grid", "corpus word error rate of pocketsphinx with the GRID grammar")


def wer_sphinx_lm() -> WerSphinx:
    """Return the metric for general English."""
    return WerSphinx("lm", "en", "corpus word error rate of pocketsphinx with a general US English language model")


def normalise(text: str) -> str:
    """Return words in lower case, separated by single spaces; the same for both sides.

    Curly apostrophes become straight and stay inside words; all other punctuation separates words; each digit
    standing alone becomes its word, so that "2" is "two", while the letter o stays a letter.
    """
    lowered = text.lower().translate(_QUOTES)
    words = (word.strip("'") for word in re.sub(r"[^\w']|_", " ", lowered).split())
    return " ".join(_DIGITS[int(word)] if re.fullmatch("[0-9]", word) else word for word in words if word)
