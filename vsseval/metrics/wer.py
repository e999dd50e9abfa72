"""Word and character error rates of what a recogniser hears against what was to be said: one class, many recipes.

Substitutions, deletions and insertions (NIST sclite), aligned by jiwer. What papers call WER is a choice of recogniser,
normaliser, average and direction; each row of `recipes/wer.toml` is one published choice. "micro" is the corpus rate,
all errors over all words: each clip carries its number of words as weight. "macro" is the mean of the clips' rates:
weight 1.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.metrics.text import Name, Normaliser, normaliser

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput

__all__ = ["ErrorRate"]

Measure = Literal["wer", "cer", "wer_over50"]


class ErrorRate:
    """`wer@…`, `cer@…` and `wer_over50@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(
        self,
        spec: MetricSpec,
        measure: Measure,
        normaliser: Name,
        average: Literal["micro", "macro"],
        *,
        as_reported: bool = False,
    ) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `hypothesis` and `transcript`.
            measure: errors per word, errors per character, or whether more than half of the words are wrong.
            normaliser: of both sides.
            average: the corpus rate, or the mean of the clips' rates.
            as_reported: reproduce what StyleDubber's script does: the transcript is counted against the hypothesis,
                whose length is the denominator, and a clip in which nothing was heard leaves the average (it stays as
                a row of weight 0).
        """
        self.spec = spec
        self._measure, self._normaliser, self._as_reported = measure, normaliser, as_reported
        self._micro = average == "micro"

    @cached_property
    def _normal(self) -> Normaliser:
        return normaliser(self._normaliser)

    def score(self, hypothesis: Arrays, transcript: str) -> Score:
        """Return errors per word or character, 0 upwards (insertions may carry it above 1), with the recipe's weight.

        Detail: `hypothesis` as normalised and, where it differs, `heard` as it came; `hits`, `substitutions`,
        `deletions`, `insertions`; `unheard_seconds` where the recogniser did not listen to the end; `dropped` where
        the recipe leaves the clip out of the average.

        Args:
            hypothesis: `text` () of the recogniser; empty counts as all words deleted.
            transcript: what was to be said.

        Raises:
            Unmeasurable: the transcript holds no word.
        """
        raw = str(hypothesis["text"])
        said, heard = self._normal(transcript), self._normal(raw)
        if not any(letter.isalnum() for letter in said):
            raise Unmeasurable("the benchmark's transcript of this clip holds no word")
        detail: dict[str, float | int | str] = {"hypothesis": heard}
        if raw != heard:
            detail["heard"] = raw
        if "unheard_seconds" in hypothesis and hypothesis["unheard_seconds"] > 0:
            detail["unheard_seconds"] = float(hypothesis["unheard_seconds"])
        if self._as_reported and not heard.split():
            return Score(value=1.0, weight=0.0, detail={**detail, "dropped": "nothing was heard"})
        counts = self._counts(heard, said) if self._as_reported else self._counts(said, heard)
        errors = counts.substitutions + counts.deletions + counts.insertions
        units = counts.substitutions + counts.deletions + counts.hits
        detail.update(
            hits=counts.hits,
            substitutions=counts.substitutions,
            deletions=counts.deletions,
            insertions=counts.insertions,
        )
        rate = errors / units
        value = float(rate > 0.5) if self._measure == "wer_over50" else rate
        return Score(value=value, weight=float(units) if self._micro else 1.0, detail=detail)

    def _counts(self, said: str, heard: str) -> WordOutput | CharacterOutput:
        import jiwer

        return jiwer.process_characters(said, heard) if self._measure == "cer" else jiwer.process_words(said, heard)
