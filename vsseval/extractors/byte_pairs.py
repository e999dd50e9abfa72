"""Text to token numbers by byte-level byte pair encoding, from the two files that GPT-2 and RoBERTa are published with.

Radford et al., "Language Models are Unsupervised Multitask Learners", 2019. The files lie beside the weights; nothing
is looked up anywhere else, and a tokenizer without a vocabulary is an error, never an empty tokenizer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import Unmeasurable, UsageError
from vsseval.networks import optional_packages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

LEAST = 1000
"""Entries that a vocabulary has at least: all published ones have fifty thousand."""


class Special(NamedTuple):
    """A token that is cut out of the text before anything else."""

    text: str
    takes_space: bool = False
    """Swallows the space before it."""


def tokenizer(vocabulary: Path, merges: Path, special: Sequence[Special]) -> Tokenizer:
    """Return a tokenizer that neither pads, nor cuts, nor adds tokens of its own.

    Args:
        vocabulary: vocab.json, token -> number.
        merges: merges.txt.
        special: tokens of the vocabulary that are never taken apart.

    Raises:
        MissingExtra: the package tokenizers is not installed.
        UsageError: a file is missing, no such file, or of another tokenizer.
    """
    optional_packages.require_package("tokenizers", "a text encoder")
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    known = _vocabulary(vocabulary)
    lacking = [token.text for token in special if token.text not in known]
    if len(known) < LEAST or lacking:
        what = f"lacks {', '.join(lacking)}" if lacking else f"has {len(known)} entries, fewer than {LEAST}"
        raise UsageError(f"{vocabulary} is not the vocabulary of this text encoder: it {what}")
    try:
        model = models.BPE.from_file(str(vocabulary), str(merges))
    except Exception as error:  # the package raises bare exceptions
        raise UsageError(f"{merges} does not hold the merges of {vocabulary.name}: {error}") from error
    found = Tokenizer(model)
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.add_special_tokens(
        [AddedToken(token.text, lstrip=token.takes_space, normalized=False, special=True) for token in special]
    )
    return found


def require_words(caption: str) -> None:
    """Refuse a caption that says nothing.

    Raises:
        Unmeasurable: it is empty, or white space.
    """
    if not caption.strip():
        raise Unmeasurable("the caption is empty")


def _vocabulary(file: Path) -> dict[str, int]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as a vocabulary: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{file} is not a vocabulary: it maps no tokens to numbers")
    return content
