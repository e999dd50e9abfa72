"""Text to phone ids at the latent frame rate, without a download.

Words are looked up in the CMU dictionary that pocketsphinx carries (BSD licence); words that it lacks are spelled
by letter rules. Id 0 means "no speech here". The authors spread the phones of a transcript evenly over the frames in
which the face speaks (VSSFlow, arXiv 2509.24773, section 3.2); here `vssflow.small.align` lays them where the lips say
them, and even spreading is what is left where there are more phones than frames.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from vsseval.english import read_out
from vssflow.small.align import lay, script
from vssflow.small.audio import LATENT_RATE

PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
BLANK = len(PHONES) + 1
"""Id of silence around and between the words; phones count from 1."""
ROWS = BLANK + 1
"""Ids in use: no speech, the phones, the blank."""
IDS = {phone: place + 1 for place, phone in enumerate(PHONES)}

# longest spellings first: "tch" before "ch" before "c"
_LETTERS = {
    "tch": "CH", "igh": "AY", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "ng": "NG", "ck": "K",
    "qu": "K W", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "ai": "EY", "ay": "EY", "oy": "OY",
    "oi": "OY", "au": "AO", "aw": "AO", "er": "ER", "ar": "AA R", "or": "AO R", "ir": "ER", "ur": "ER",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH",
    "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T",
    "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_SPELLING = re.compile("|".join(_LETTERS))


@lru_cache(maxsize=1)
def dictionary() -> dict[str, tuple[str, ...]]:
    """First pronunciation of each word of the CMU dictionary."""
    spec = find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the CMU dictionary comes with pocketsphinx: pip install pocketsphinx==5.1.1")
    words = {}
    for line in (Path(spec.origin).parent / "model/en-us/cmudict-en-us.dict").read_text().splitlines():
        word, *phones = line.split()
        if "(" not in word:
            words[word] = tuple(phones)
    return words


def plain(transcript: str) -> str:
    """Lower case without accents; other scripts stay as they are."""
    decomposed = unicodedata.normalize("NFKD", transcript.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def pronounce(transcript: str) -> list[list[int]]:
    """Phone ids of each word of a transcript, without stress; empty where nothing in it can be pronounced.

    Numbers, times, money and abbreviations are read out first.
    """
    words: list[list[int]] = []
    for word in re.findall(r"[a-z']+", plain(read_out(transcript))):
        phones = dictionary().get(word) or dictionary().get(word.replace("'", "")) or spell(word)
        if phones:
            words.append([IDS[phone] for phone in phones])
    return words


def spell(word: str) -> list[str]:
    """Phones of a word that the dictionary lacks, by letter rules."""
    return [phone for part in _SPELLING.findall(word) for phone in _LETTERS[part].split()]


class Lips(NamedTuple):
    """What the video tells about the phones of a clip."""

    evidence: Tensor
    """(frames, ROWS) log-likelihood ratio of each frame for each phone id."""
    log_durations: Tensor
    """(ROWS,) mean logarithm of each phone's frames."""


def phone_frames(transcript: str | None, window: tuple[float, float] | None, frames: int, lips: Lips) -> Tensor:
    """Ids at 25 frames a second, shape (frames,), int64.

    Args:
        transcript: what is said; None or nothing pronounceable gives zeros.
        window: seconds between which the face speaks; None means somewhere in the clip.
        frames: length of the clip.
        lips: evidence of where each phone is said; zeros leave it to the durations.
    """
    ids = torch.zeros(frames, dtype=torch.long)
    words = pronounce(transcript) if transcript else []
    start, end = window if window is not None else (0.0, frames / LATENT_RATE)
    first = min(max(0, round(start * LATENT_RATE)), frames)
    last = min(max(first, round(end * LATENT_RATE)), frames)
    if not words or first == last:
        return ids
    # lips show when they begin to speak; without them and without a window there is no better guess than the whole clip
    fills = window is not None or not lips.evidence.any()
    laid = lay(script(words, BLANK), lips.evidence[first:last], lips.log_durations, fills=fills)
    if laid is None:
        laid = spread(words, last - first)
    elif not fills:
        laid = _without_ends(laid)
    ids[first:last] = laid
    return ids


def _without_ends(ids: Tensor) -> Tensor:
    """Call no speech what comes before and after it, as it is called outside of a window."""
    spoken = (ids != BLANK).nonzero()[:, 0]
    ids = ids.clone()
    ids[: spoken[0]] = 0
    ids[spoken[-1] + 1 :] = 0
    return ids


def spread(words: list[list[int]], frames: int) -> Tensor:
    """Give every phone, and a blank at both ends, equal time."""
    row = torch.tensor([BLANK, *(phone for word in words for phone in word), BLANK])
    return row[torch.arange(frames) * len(row) // frames]
