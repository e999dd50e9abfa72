"""What is said: transcripts as corpora keep them (`.lab`, `.txt`, GRID codes and `.align` files)."""

from __future__ import annotations

import re
from pathlib import Path

from vsseval.english.grid import GRID
from vsseval.errors import UsageError
from vsseval.text.readers import file_text

__all__ = ["grid_sentence", "lower_if_upper", "read_align", "transcript", "transcript_or_reason"]

_ALIGN_UNITS = 25_000
"""Times of `.align` files, per second: samples of the corpus's sound at 25 kHz, recorded at 50 kHz (Cooke et al.,
JASA 120, 2006)."""

_SILENCES = frozenset({"sil", "sp"})


def transcript(path: Path) -> str:
    """Return the sentence of a text file: after `Text:` where it has that (LRS), else its first line with words.

    Byte-order marks and Windows line ends are dropped, runs of spaces become one.

    Raises:
        UsageError: the file cannot be read, is not UTF-8, or holds no words.
    """
    try:
        text = file_text(path)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8") from error
    sentences = [" ".join(line.split()) for line in text.splitlines()]
    first = next((line for line in sentences if line), "")
    sentence = first.removeprefix("Text:").strip()
    if not sentence:
        raise UsageError(f"{path.name} holds no words")
    return sentence


def transcript_or_reason(path: Path | None, why: str | None) -> tuple[str | None, str | None]:
    """Return the sentence of a text file, and why there is none.

    Args:
        path: the file, or None where none was found.
        why: why none was found.
    """
    if path is None:
        return None, f"no transcript: {why}"
    try:
        return transcript(path), None
    except UsageError as error:
        return None, f"no transcript: {error}"


def lower_if_upper(text: str) -> str:
    """Return a sentence in lower case where it is in capitals throughout: synthesisers spell capitals out."""
    return text.lower() if text.isupper() else text


def grid_sentence(code: str) -> str:
    """Return the sentence that a GRID code of six characters stands for: `lbaq4n` is "lay blue at q four now".

    Raises:
        ValueError: it is no such code.
    """
    if len(code) != len(GRID):
        raise ValueError(f"{code!r} is no GRID code: it needs six characters")
    words = []
    for character, slot in zip(code.lower(), GRID, strict=True):
        digits = "zero" in slot
        # The digit zero is written z.
        word = (slot["z123456789".find(character)] if character in "z123456789" else None) if digits else None
        word = word or next((word for word in slot if not digits and word[0] == character), None)
        if word is None:
            raise ValueError(f"{code!r} is no GRID code: {character!r} stands for none of {', '.join(slot)}")
        words.append(word)
    return " ".join(words)


def read_align(path: Path) -> tuple[str, tuple[float, float]]:
    """Return the words of a GRID `.align` file, and the seconds between which they are spoken.

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    try:
        rows = [line.split() for line in file_text(path).splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"alignment: {path.name} cannot be read: {error}") from error
    if any(len(row) != 3 or not re.fullmatch(r"\d+ \d+", " ".join(row[:2])) for row in rows):
        raise UsageError(f"alignment: {path.name} holds lines that are not `start end word`")
    spoken = [row for row in rows if row[2] not in _SILENCES]
    if not spoken:
        raise UsageError(f"alignment: {path.name} holds no words")
    window = int(spoken[0][0]) / _ALIGN_UNITS, int(spoken[-1][1]) / _ALIGN_UNITS
    return " ".join(row[2] for row in spoken), window
