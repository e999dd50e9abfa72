"""Turns a sound and the words that a recogniser heard in it into when each was said.

By forced alignment of pocketsphinx (Huggins-Daines et al., ICASSP 2006), in English: the recognisers that metrics use
give words and not always times, and of all of them the times are then of one kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.media import Audio

RATE = 16_000
FRAMES = 100
"""Frames a second of the recogniser."""
DIGITS = dict(enumerate("zero one two three four five six seven eight nine".split()))


class Aligner:
    """Holds the recogniser; it is loaded by the first words, and where it is not installed, words have no times."""

    def __init__(self) -> None:
        """Begin without the recogniser."""
        self._decoder: Any = None
        self._missing = False

    def times(self, words: Sequence[str], audio: Audio) -> list[tuple[float, float]] | None:
        """Return the seconds at which each word begins and ends.

        Args:
            words: as heard, in order.
            audio: in which they were heard.

        Returns:
            None where there are no words, a word is not in the dictionary, or they do not fit the sound.
        """
        spoken = [_spoken(word) for word in words]
        if not spoken or audio.seconds < 0.1 or not self._knows(spoken):
            return None
        pcm = np.rint(np.clip(audio.mono(RATE), -1.0, 1.0) * 32767).astype("<i2").tobytes()
        decoder = self._decoder
        decoder.reinit_feat()
        try:
            decoder.set_align_text(" ".join(spoken))
            decoder.start_utt()
            decoder.process_raw(pcm, no_search=False, full_utt=True)
            decoder.end_utt()
            found = [part for part in decoder.seg() or () if not part.word.startswith(("<", "["))]
        except RuntimeError:  # words that do not fit the sound
            return None
        if [re.sub(r"\(\d+\)$", "", part.word) for part in found] != spoken:
            return None
        return [(part.start_frame / FRAMES, (part.end_frame + 1) / FRAMES) for part in found]

    def _knows(self, words: Sequence[str]) -> bool:
        if self._decoder is None and not self._missing:
            self._decoder = _decoder()
            self._missing = self._decoder is None
        return not self._missing and all(self._decoder.lookup_word(word) is not None for word in words)


def _spoken(word: str) -> str:
    bare = word.lower().strip('.,;:!?"')
    return DIGITS.get(int(bare), bare) if bare.isascii() and bare.isdigit() else bare


def _decoder() -> Any:
    try:
        import pocketsphinx
    except ImportError:
        return None
    from pathlib import Path

    folder = Path(pocketsphinx.get_model_path("en-us"))
    return pocketsphinx.Decoder(
        hmm=str(folder / "en-us"), dict=str(folder / "cmudict-en-us.dict"), lm=None, samprate=RATE, loglevel="FATAL",
        bestpath=False,
    )  # fmt: skip
