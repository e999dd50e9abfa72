"""Texts to the numbers that CLIP's text networks read: byte pairs merged by rank, the longest known piece of each word.

Sennrich et al., 'Neural machine translation of rare words with subword units', ACL 2016; Radford et al., 'Learning
transferable visual models from natural language supervision', 2021, whose table of merges is read.
"""

from __future__ import annotations

import gzip
import html
from itertools import pairwise
from typing import TYPE_CHECKING

from vsseval.errors import UsageError
from vsseval.networks import optional_packages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

CONTEXT = 77
"""Numbers to a text, the two that mark its ends among them; what is longer is cut."""

_MERGES = 49_152 - 256 - 2
_PIECES = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"


class Vocabulary:
    """The numbers of all pieces, and the ranks of all merges."""

    def __init__(self, file: Path) -> None:
        """Read the table of merges.

        Raises:
            UsageError: it is not the table of CLIP.
        """
        try:
            lines = gzip.decompress(file.read_bytes()).decode().split("\n")[1 : 1 + _MERGES]
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} does not hold CLIP's table of byte pairs: {error}") from error
        merges = [tuple(line.split()) for line in lines]
        if len(merges) != _MERGES or any(len(merge) != 2 for merge in merges):
            raise UsageError(
                f"{file} does not hold CLIP's table of byte pairs: {len(merges)} instead of {_MERGES} lines"
            )
        self.letters = _letters()
        single = list(self.letters.values())
        pieces = [*single, *(f"{one}</w>" for one in single), *("".join(merge) for merge in merges)]
        self.ranks = {merge: rank for rank, merge in enumerate(merges)}
        self.numbers = {piece: number for number, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}

    def encoded(self, text: str) -> list[int]:
        """Return the numbers of a text between the two that mark its ends, at most 77.

        Raises:
            MissingExtra: the packages ftfy or regex are not installed.
        """
        ftfy, regex = (
            optional_packages.import_offline(name, "the text encoder of ImageBind") for name in ("ftfy", "regex")
        )
        clean = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
        words = regex.findall(_PIECES, " ".join(clean.split()).lower(), regex.IGNORECASE)
        inner = [self.numbers[piece] for word in words for piece in self._pieces(word)]
        start, end = self.numbers["<|startoftext|>"], self.numbers["<|endoftext|>"]
        return [start, *inner[: CONTEXT - 2], end]

    def _pieces(self, word: str) -> list[str]:
        """Merge neighbours, the best rank first, until no merge is known."""
        if word in {"<|startoftext|>", "<|endoftext|>"}:
            return [word]
        pieces = [self.letters[byte] for byte in word.encode()]
        pieces[-1] += "</w>"
        while len(pieces) > 1:
            pairs = set(pairwise(pieces))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, _MERGES))
            if best not in self.ranks:
                break
            pieces = _merged(pieces, best)
        return pieces


def words(texts: Sequence[str], file: Path) -> Tensor:
    """Return texts as numbers, int64, shape (n, 77), zeros at their ends.

    Args:
        texts: any language; case is lost.
        file: the table of merges, `bpe_simple_vocab_16e6.txt.gz`.

    Raises:
        UsageError: the file is of something else.
        MissingExtra: a package is not installed.
    """
    import torch

    vocabulary = Vocabulary(file)
    numbers = torch.zeros(len(texts), CONTEXT, dtype=torch.int64)
    for row, text in zip(numbers, texts, strict=True):
        found = vocabulary.encoded(text)
        row[: len(found)] = torch.tensor(found)
    return numbers


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Merge every occurrence of a pair, from the left."""
    out: list[str] = []
    place = 0
    while place < len(pieces):
        found = tuple(pieces[place : place + 2]) == pair
        out.append("".join(pair) if found else pieces[place])
        place += 2 if found else 1
    return out


def _letters() -> dict[int, str]:
    """Return a visible letter for each byte: itself, or one beyond the first 256 where it is blank or a control."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in visible}
    hidden = (byte for byte in range(256) if byte not in letters)
    return letters | {byte: chr(256 + index) for index, byte in enumerate(hidden)}
