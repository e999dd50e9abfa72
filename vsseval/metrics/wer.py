"""Word and character error rates of what a recogniser hears against what was to be said: one class, many recipes.

Substitutions, deletions and insertions (NIST sclite), aligned by jiwer. What papers call WER is a choice of recogniser,
normaliser, average and direction; each factory below is one published choice. "micro" is the corpus rate, all errors
over all words: each clip carries its number of words as weight. "macro" is the mean of the clips' rates: weight 1.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from vsseval.language import ENGLISH, GRID
from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable
from vsseval.metrics.text import Name, Normaliser, normaliser
from vsseval.types import Record

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput

__all__ = ["ErrorRate", "Recipe"]

Measure = Literal["wer", "cer", "wer_over50"]


class Recipe(Record, frozen=True):
    """One way to count errors."""

    name: str
    """The part of the metric's id after "@"."""
    hears: str
    """The extractor whose `text` is compared."""
    normal: Name
    """The normaliser of both sides."""
    average: Literal["micro", "macro"]
    citation: str
    what: str = ""
    """Who hears, for the description."""
    language: str = "en*"
    version: str = "1"
    as_reported: bool = False
    """Reproduce what StyleDubber's script does: the transcript is counted against the hypothesis, whose length is the
    denominator, and a clip in which nothing was heard leaves the average (it stays as a row of weight 0)."""


class ErrorRate:
    """`wer@…`, `cer@…` and `wer_over50@…`; satisfies `SampleMetric`."""

    def __init__(self, recipe: Recipe, measure: Measure = "wer") -> None:
        """Declare the metric.

        Args:
            recipe: how errors are counted.
            measure: errors per word, errors per character, or whether more than half of the words are wrong.
        """
        self._recipe = recipe
        self._measure = measure
        self._micro = recipe.average == "micro" and measure != "wer_over50"
        name = {"wer": "word error rate", "cer": "character error rate", "wer_over50": "clips over 50 % word errors"}
        average = "corpus" if self._micro else "mean of clips'"
        self.spec = MetricSpec(
            name=measure,
            recipe=recipe.name,
            version=recipe.version,
            inputs={"hypothesis": Feature(extractor=recipe.hears, of=Need.AUDIO), "transcript": Need.TRANSCRIPT},
            direction="lower",
            unit="%",
            scale=100.0,
            decimals=1,
            least=0.0,
            greatest=1.0 if measure == "wer_over50" else None,
            language=recipe.language,
            description=f"{'share of' if measure == 'wer_over50' else average} {name[measure]} of {recipe.what}",
            citation=recipe.citation,
        )

    @cached_property
    def _normal(self) -> Normaliser:
        return normaliser(self._recipe.normal)

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
        if self._recipe.as_reported and not heard.split():
            return Score(value=1.0, weight=0.0, detail={**detail, "dropped": "nothing was heard"})
        counts = self._counts(heard, said) if self._recipe.as_reported else self._counts(said, heard)
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


def wer_sphinx_grid() -> ErrorRate:
    """Return the corpus rate of pocketsphinx in the closed language of GRID."""
    return ErrorRate(_sphinx("grid", GRID, "pocketsphinx with the GRID grammar"))


def wer_sphinx_lm() -> ErrorRate:
    """Return the corpus rate of pocketsphinx in general English."""
    return ErrorRate(_sphinx("lm", ENGLISH, "pocketsphinx with a general US English language model"))


def _sphinx(search: str, language: str, what: str) -> Recipe:
    return Recipe(
        name=f"sphinx-{search}",
        hears=f"sphinx_{search}",
        normal="spoken",
        average="micro",
        version="2",
        language=language,
        what=what,
        citation="Huggins-Daines et al., PocketSphinx, ICASSP 2006 (not comparable with rates by Whisper)",
    )


def wer_vssflow() -> ErrorRate:
    """Return the rate of ESPnet's evaluation of speech language models, which VSSFlow's file formats point to."""
    return ErrorRate(_vssflow())


def cer_vssflow() -> ErrorRate:
    """Return the character rate of the same."""
    return ErrorRate(_vssflow(), "cer")


def wer_over50_vssflow() -> ErrorRate:
    """Return the share of clips of which more than half is wrong, by the same."""
    return ErrorRate(_vssflow(), "wer_over50")


def _vssflow() -> Recipe:
    return Recipe(
        name="vssflow",
        hears="openai_whisper_large_v3",
        normal="english",
        average="micro",
        what="openai-whisper large-v3 (English, beam 1, fallback temperatures) with Whisper's normaliser",
        citation="ESPnet evaluate_asr.sh with --whisper_tag large and the cleaner whisper_en, sclite",
    )


def wer_v2c() -> ErrorRate:
    """Return the rate of the dubbing papers after StyleDubber, counted the right way round."""
    return ErrorRate(_v2c("v2c", "large_v3", as_reported=False))


def wer_v2c_as_reported() -> ErrorRate:
    """Return the rate as StyleDubber's script computes it, with its arguments swapped and empty transcripts dropped."""
    return ErrorRate(_v2c("v2c-asreported", "large_v3", as_reported=True))


def wer_v2c_grid() -> ErrorRate:
    """Return the rate that those papers give for GRID, by Whisper's base size, counted the right way round."""
    return ErrorRate(_v2c("v2c-grid", "base", as_reported=False))


def wer_v2c_grid_as_reported() -> ErrorRate:
    """Return the rate for GRID as the script computes it."""
    return ErrorRate(_v2c("v2c-grid-asreported", "base", as_reported=True))


def _v2c(name: str, size: str, *, as_reported: bool) -> Recipe:
    return Recipe(
        name=name,
        hears=f"openai_whisper_{size}_detect",
        normal="styledubber",
        average="macro",
        what=f"openai-whisper {size.replace('_', '-')} (language detected, fallback temperatures), digit by digit"
        + (", arguments swapped and empty transcripts dropped as in the original script" if as_reported else ""),
        citation="Cong et al., StyleDubber, ACL 2024 Findings; Dub_Metric/WER_Whisper/Setting_test.py",
        as_reported=as_reported,
    )


def wer_seedtts() -> ErrorRate:
    """Return the rate of seed-tts-eval for English."""
    return ErrorRate(_seedtts())


def wer_over50_seedtts() -> ErrorRate:
    """Return the share of clips of which more than half is wrong, by seed-tts-eval."""
    return ErrorRate(_seedtts(), "wer_over50")


def _seedtts() -> Recipe:
    return Recipe(
        name="seedtts",
        hears="whisper_large_v3",
        normal="seedtts",
        average="macro",
        what="Whisper large-v3 (transformers, greedy, first 30 s), punctuation but apostrophes removed",
        citation="Anastassiou et al., Seed-TTS, 2024; seed-tts-eval run_wer.py and average_wer.py",
    )


def wer_f5() -> ErrorRate:
    """Return the rate of F5-TTS."""
    return ErrorRate(_faster("f5", "macro", "Chen et al., F5-TTS, ACL 2025; f5_tts/eval/utils_eval.py"))


def wer_over50_f5() -> ErrorRate:
    """Return the share of clips of which more than half is wrong, by F5-TTS's recogniser and normaliser."""
    return ErrorRate(_faster("f5", "macro", "Chen et al., F5-TTS, ACL 2025; f5_tts/eval/utils_eval.py"), "wer_over50")


def wer_aligndit() -> ErrorRate:
    """Return the rate of AlignDiT: that of F5-TTS, as a corpus rate."""
    return ErrorRate(_faster("aligndit", "micro", "Choi et al., AlignDiT, 2025; script/eval/eval_lrs3_test.py"))


def wer_deepaudio() -> ErrorRate:
    """Return the rate of DeepAudio-V1: that of F5-TTS."""
    return ErrorRate(_faster("deepaudio", "macro", "Zhang et al., DeepAudio-V1, 2025; eval_v2c_test.py"))


def _faster(name: str, average: Literal["micro", "macro"], citation: str) -> Recipe:
    return Recipe(
        name=name,
        hears="faster_whisper_large_v3",
        normal="f5",
        average=average,
        what="faster-whisper large-v3 (English, beam 5, fallback temperatures), punctuation and apostrophes removed",
        citation=citation,
    )


def wer_whisper_base() -> ErrorRate:
    """Return the rate of a small Whisper for machines without a GPU; no paper's recipe."""
    return ErrorRate(
        Recipe(
            name="whisper-base",
            hears="whisper_base",
            normal="spoken",
            average="micro",
            version="2",
            what="Whisper base (transformers, greedy, first 30 s), numbers read out, then Whisper's normaliser",
            citation="Radford et al., Robust speech recognition via large-scale weak supervision, 2022",
        )
    )


def wer_ctc_wav2vec2() -> ErrorRate:
    """Return the rate of a recogniser without a language model, which invents no words."""
    return ErrorRate(_ctc("wav2vec2", "Baevski et al., wav2vec 2.0, NeurIPS 2020"))


def cer_ctc_wav2vec2() -> ErrorRate:
    """Return the character rate of the same."""
    return ErrorRate(_ctc("wav2vec2", "Baevski et al., wav2vec 2.0, NeurIPS 2020"), "cer")


def wer_ctc_hubert() -> ErrorRate:
    """Return the rate of a larger recogniser without a language model."""
    return ErrorRate(_ctc("hubert", "Hsu et al., HuBERT, TASLP 2021"))


def _ctc(network: str, citation: str) -> Recipe:
    return Recipe(
        name=f"ctc-{network}",
        hears=f"{network}_ctc",
        normal="spoken",
        average="micro",
        version="2",
        what=f"{network} (greedy CTC, no language model), numbers read out, then Whisper's normaliser",
        citation=citation,
    )
