"""Speech to the words that CMU PocketSphinx hears, with the grammar of GRID or with a general language model.

PocketSphinx (Huggins-Daines et al., ICASSP 2006) is a small recogniser that comes whole in its wheel. It is good
enough to rank systems by intelligibility, and far from the recognisers that papers quote. Corpus word error rates on
real recordings: six speakers of GRID, with its grammar, 8.3 % (36 words; 86 % with the general model); 31 files of read
speech, with the general model, 27.2 % (438 words). Bringing files to a common peak makes both worse (11.1 and 29.7 %),
so the level is left as it is.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vsseval.english.grid import GRID
from vsseval.errors import EnvironmentFault
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound

RATE = 16_000
Search = Literal["grid", "lm"]

WEIGHTS = {
    "grid": "986a48b0cf2de7770e9890c6c953806f7c8abebf54d5ffa5e09507062339d759",
    "lm": "f5177eb90288746abe94e6422c09e2ed3cde5dae302cefa78527729ede10a2dd",
}
"""sha256 over the model files of pocketsphinx 5.1.1 (see `model_hash`), checked before the first utterance."""

_SHORTEST = 0.1
"""Seconds below which nothing is asked of the recogniser: there is room for no word."""


class Sphinx:
    """Satisfies `Extractor`. Holds the decoder, whose adaptation to the channel is reset before every utterance."""

    def __init__(self, search: Search) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            search: "grid" for the closed grammar, "lm" for the general trigram model of US English.
        """
        self._search = search
        what = "grammar of the GRID corpus" if search == "grid" else "general US English language model"
        self.spec = ExtractorSpec(
            name=f"sphinx_{search}",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=WEIGHTS[search],
            licence="BSD-2-Clause",
            description=f"words heard by pocketsphinx 5.1.1, {what}",
        )

    @functools.cached_property
    def _decoder(self) -> Any:
        return _decoder(self._search)

    def extract(self, source: Source) -> Arrays:
        """Return `text`, str (): lower-case words, empty where none was heard.

        Silence is not an error: to hear nothing is a result, and counts as deletions. The level is left as it is,
        16-bit as the recogniser wants it; what exceeds [-1, 1] is clipped.

        Raises:
            EnvironmentFault: pocketsphinx or its model is missing or not the one that was pinned.
        """
        source = sound(source, self.spec.name)
        samples = source.mono(RATE)
        if samples.size < _SHORTEST * RATE or not samples.any():
            return {"text": np.asarray("")}
        pcm = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        decoder = self._decoder
        # Without this the cepstral mean of earlier files leaks into this one: hypotheses depend on the order.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        return {"text": np.asarray(heard.hypstr if heard is not None else "")}


def grammar() -> str:
    """Return the language of GRID as a grammar in the Java Speech Grammar Format: one word of each slot."""
    slots = " ".join("(" + " | ".join(words) + ")" for words in GRID)
    return f"#JSGF V1.0;\ngrammar grid;\npublic <sentence> = {slots};\n"


def model_hash(search: Search) -> str:
    """Return the sha256 of the recogniser's model: names and bytes of its files, sorted by name.

    Raises:
        EnvironmentFault: pocketsphinx is not installed.
    """
    digest = hashlib.sha256()
    for path in _model_files(search):
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _model_files(search: Search) -> list[Path]:
    try:
        import pocketsphinx
    except ImportError as error:
        raise EnvironmentFault(
            f"speech recognition needs pocketsphinx ({error}): pip install pocketsphinx==5.1.1"
        ) from error
    folder = Path(pocketsphinx.get_model_path("en-us"))
    names = ["cmudict-en-us.dict"] + (["en-us.lm.bin"] if search == "lm" else [])
    return sorted([*(folder / "en-us").iterdir(), *(folder / name for name in names)])


def _decoder(search: Search) -> Any:
    """Return a decoder, after checking that its model is the one that was pinned."""
    found = model_hash(search)
    if found != WEIGHTS[search]:
        raise EnvironmentFault(
            f"the model of the installed pocketsphinx is not that of 5.1.1 ({found[:8]} instead of "
            f"{WEIGHTS[search][:8]}): pip install --force-reinstall pocketsphinx==5.1.1"
        )
    import pocketsphinx

    folder = Path(pocketsphinx.get_model_path("en-us"))
    options: dict[str, object] = {
        "hmm": str(folder / "en-us"),
        "dict": str(folder / "cmudict-en-us.dict"),
        "lm": str(folder / "en-us.lm.bin") if search == "lm" else None,
        "samprate": RATE,
        "loglevel": "FATAL",
    }
    decoder = pocketsphinx.Decoder(**options)
    if search == "grid":
        decoder.add_jsgf_string("grid", grammar())
        decoder.activate_search("grid")
    return decoder
