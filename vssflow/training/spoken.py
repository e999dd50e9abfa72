"""The phones of a training clip: of an aligner's TextGrid where there is one, else of its transcript."""

from __future__ import annotations

import re
from pathlib import Path

from vsseval.errors import UsageError
from vssflow.reference.phonemes import phoneme_tokens
from vssflow.reference.phonemes.ids import BLANK, TOKENS, rows
from vssflow.reference.phonemes.stretch import over_window

_SILENT = frozenset({"", "sil", "sp", "spn", "<eps>"})
"""What the Montreal Forced Aligner writes where nobody speaks, or nothing that it knows."""
_TIER = re.compile(r'name\s*=\s*"phones"(?P<intervals>.*?)(?:item\s*\[|\Z)', re.DOTALL)
_LABEL = re.compile(r'text\s*=\s*"((?:[^"]|"")*)"')


def spoken_names(transcript: str, grid: Path | None = None) -> tuple[str, ...]:
    """Name the phones of a clip, ARPAbet with stress; silence is <blank>, and punctuation has no place.

    Raises:
        UsageError: the TextGrid has no tier of phones; or nothing of the transcript can be said.
        MissingExtra: the transcript needs transliteration and `unidecode` is not installed.
    """
    if grid is not None:
        return aligned(grid)
    names = tuple(token for token in phoneme_tokens(transcript) if token in TOKENS)
    if set(names) <= {BLANK}:
        raise UsageError(f"nothing of its transcript can be said: {transcript[:60]!r}")
    return names


def aligned(path: Path) -> tuple[str, ...]:
    """Read the phones of a TextGrid in Praat's long form, in their order, silences as <blank>.

    Raises:
        UsageError: it cannot be read, or holds no tier named "phones", or a phone that is no ARPAbet.
    """
    try:
        tier = _TIER.search(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if tier is None:
        raise UsageError(f'{path} has no tier named "phones"; align with: mfa align … --output_format long_textgrid')
    names = tuple(BLANK if label in _SILENT else label for label in _LABEL.findall(tier["intervals"]))
    strange = [name for name in names if name not in TOKENS]
    if strange or not names:
        raise UsageError(
            f"{path}: {strange[0] if strange else 'an empty tier'} is no ARPAbet phone with stress; "
            "align with the dictionary english_us_arpa"
        )
    return names


def spoken_ids(
    names: tuple[str, ...], window: tuple[float, float] | None = None, frames: int | None = None
) -> tuple[int, ...]:
    """Rows of the phone table for a training row.

    Training spreads what a row holds evenly over the sound. Where speech has a window, a row therefore holds an id for
    each frame of the sound, and spreading leaves them as they are.

    Args:
        names: as `spoken_names` gives them.
        window: seconds between which they are spoken; None for all of the sound.
        frames: of the sound, at 25 a second; with a window.
    """
    ids = rows([*names])
    if window is None or frames is None:
        return tuple(ids)
    return tuple(over_window(ids, window, frames).tolist())
