"""Turns a transcript and what a recogniser heard into words with their errors marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WordError = Literal["equal", "substitute", "insert", "delete"]


class Word(Record, frozen=True):
    """A word as heard; for a deletion, as it should have been heard."""

    text: str
    kind: WordError
    meant: str = ""
    """For a substitution, the word of the transcript."""


def marked(transcript: str, detail: Mapping[str, object]) -> list[Word] | None:
    """Align what was heard with what was to be said.

    Args:
        transcript: of the benchmark.
        detail: of a row that a word error rate wrote; holds `hypothesis`.

    Returns:
        The words heard, and the words missed in their places; None if the row holds no hypothesis. Where the
        alignment does not count the errors that the metric counted (it spells words in another way), the
        words are returned without marks.
    """
    if "hypothesis" not in detail:
        return None
    heard = str(detail["hypothesis"])
    said = " ".join(re.sub(r"[^\w'\s]|_", " ", transcript.lower().replace("\u2019", "'")).split())
    if not heard:
        return [Word(word, "delete") for word in said.split()]
    if not said:
        return [Word(word, "equal") for word in heard.split()]
    import jiwer

    output = jiwer.process_words(said, heard)
    found = output.substitutions, output.deletions, output.insertions
    counted = tuple(detail.get(name) for name in ("substitutions", "deletions", "insertions"))
    if counted != found and None not in counted:
        return [Word(word, "equal") for word in heard.split()]
    return _words(output, said.split(), heard.split())


def _words(output: Any, said: list[str], heard: list[str]) -> list[Word]:
    words: list[Word] = []
    for chunk in output.alignments[0]:
        meant = said[chunk.ref_start_idx : chunk.ref_end_idx]
        got = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if chunk.type == "delete":
            words += [Word(word, "delete") for word in meant]
        elif chunk.type == "substitute":
            words += [Word(g, "substitute", m) for g, m in zip(got, meant, strict=True)]
        else:
            words += [Word(word, chunk.type) for word in got]
    return words


MARKS = {"equal": "=", "substitute": "~", "insert": "+", "delete": "-"}


def compact(words: Sequence[Word]) -> str:
    """Write words as one line: an error is led by its mark, what was meant stands behind a bar (`bin ~glue|blue -now`).

    A right word has a mark only where it would be taken for an error.
    """
    return " ".join(_compact(word) for word in words)


def _compact(word: Word) -> str:
    if word.kind == "equal":
        return f"={word.text}" if word.text[:1] in MARKS.values() else word.text
    return f"{MARKS[word.kind]}{word.text}" + (f"|{word.meant}" if word.meant else "")
