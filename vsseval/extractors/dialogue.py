"""Speech to phrases and the voices that say them: Whisper's words with their times, GE2E's embedding of each phrase.

Words as `faster_whisper_tiny_en` hears them, with times from its attention. A phrase ends with a sentence (`.`, `?`,
`!`) or before a pause of 0.3 s. Its voice is the GE2E embedding of the sound from its first word to its last, widened
to 0.6 s. Who spoke, and how many there are, is not decided here: see `metrics.cpwer`.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.faster_whisper import BEAM, INT8, ProcessorWhisper
from vsseval.extractors.ge2e import GE2E
from vsseval.extractors.ge2e import WEIGHTS as VOICES
from vsseval.extractors.speech import RATE, SHORTEST, decoded
from vsseval.networks.spectrum import silent
from vsseval.weights.find import Weights
from vsseval.weights.verify import joint_sha256

PAUSE = 0.3
"""Seconds without a word that end a phrase."""
LEAST = 0.6
"""Seconds of sound by which a voice is told."""

_DIMENSIONS = 256
_ENDS = (".", "?", "!", "…")
_QUOTES = "\"'\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"


class Word(NamedTuple):
    """One word as it was heard, with a space before it."""

    text: str
    start: float
    end: float


class Dialogue:
    """`text`, str (), a phrase a line; `voices`, float32 (p, 256), of unit length or zero; `seconds`, float64 (p,).

    Satisfies `Extractor`. English; on a processor.
    """

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: of faster-whisper tiny.en.
        """
        self._recogniser = ProcessorWhisper(weights, "tiny_en")
        self.spec = ExtractorSpec(
            name="dialogue_tiny_en",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=joint_sha256({"words": weights.sha256, "voices": VOICES}),
            licence="MIT, Apache-2.0",
            description="phrases heard by faster-whisper tiny.en (int8 on one thread), and their voices by GE2E",
            precision=INT8,
        )

    @cached_property
    def _voices(self) -> GE2E:
        return GE2E()

    def extract(self, source: Source) -> Arrays:
        """Return the phrases; none where there is no speech, which is a result and counts as deletions.

        Raises:
            UsageError: files of weights are missing or of another network.
            MissingExtra: faster-whisper is not installed.
        """
        samples = decoded(sound(source, self.spec.name))
        unheard = samples.size < SHORTEST * RATE or silent(samples)
        found = [] if unheard else phrases(self._words(samples))
        voices = [self._voice(samples, phrase) for phrase in found]
        return {
            "text": np.asarray("\n".join("".join(word.text for word in phrase).strip() for phrase in found)),
            "voices": np.asarray(voices, np.float32).reshape(len(found), _DIMENSIONS),
            "seconds": np.asarray([phrase[-1].end - phrase[0].start for phrase in found], np.float64),
        }

    def _words(self, samples: np.ndarray) -> list[Word]:
        network = self._recogniser.network
        network.model.begin()
        segments, _ = network.transcribe(samples, beam_size=BEAM, language="en", word_timestamps=True)
        return [Word(word.word, word.start, word.end) for segment in segments for word in segment.words or ()]

    def _voice(self, samples: np.ndarray, phrase: list[Word]) -> np.ndarray:
        """Return the embedding of a phrase; zeros where there is no sound to tell a voice by."""
        start, end = phrase[0].start, phrase[-1].end
        beside = max(0.0, LEAST - (end - start)) / 2
        heard = samples[max(0, round((start - beside) * RATE)) : max(0, round((end + beside) * RATE))]
        try:
            return np.asarray(self._voices.extract(Audio(heard, RATE))["embedding"])
        except Unmeasurable:
            return np.zeros(_DIMENSIONS, np.float32)


def phrases(words: list[Word]) -> list[list[Word]]:
    """Return words in the order of their times, cut where a sentence ends or nobody speaks for 0.3 s."""
    found: list[list[Word]] = []
    for word in words:
        last = found[-1][-1] if found else None
        if last is None or last.text.rstrip(_QUOTES).endswith(_ENDS) or word.start - last.end >= PAUSE:
            found.append([])
        found[-1].append(word)
    return found
