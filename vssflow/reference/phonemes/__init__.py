"""Transcript to phoneme ids at 25 frames a second, as the authors' front end makes them, without a network.

    transcript -> cleaner.clean -> pronounce.pronounce -> ids.rows -> stretch.over_window

`phoneme_ids` is all of it. What it makes of unusual input:

| input | ids |
|---|---|
| transcript None, empty or white space | all 0: nobody speaks |
| nothing that can be said (only punctuation, only emoji) | <blank> in the window, as the authors have it |
| digits | read as words; 1001 to 2999 as years; more than 36 digits one by one (the authors' code stops) |
| emoji | dropped |
| other scripts | transliterated and read as if English; needs `unidecode` |
| more phones than frames | every so many phones one is left out, evenly |
| window None | the whole clip |
| window of no frame, or start at or after end | all 0 (the authors' code stops with an error and loses the clip) |
| window of one frame | <blank> in that frame, the first token (the authors' code stops) |
| speech past the end of the clip | stretched over the whole window, then cut: the last phones are lost |
| negative start | the same at the front: what would be said before the clip is cut off |
| a time that is not a finite number | UsageError |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["phoneme_ids", "phoneme_tokens"]


def phoneme_tokens(transcript: str) -> list[str]:
    """Tokens of a transcript: ARPAbet phones with stress and punctuation, between two <blank>s.

    Raises:
        MissingExtra: the transcript needs transliteration and `unidecode` is not installed.
    """
    from vssflow.reference.phonemes.cleaner import clean
    from vssflow.reference.phonemes.ids import between_blanks
    from vssflow.reference.phonemes.pronounce import pronounce

    return between_blanks(pronounce(clean(transcript)))


def phoneme_ids(transcript: str | None, window: tuple[float, float] | None, frames: int = 250) -> Tensor:
    """Row of the phoneme embedding for each frame of a clip, as the authors' inference makes it.

    Args:
        transcript: what is said; None or blank where nobody speaks.
        window: start and end of the speech in seconds; None means the whole clip.
        frames: length of the clip at 25 frames a second.

    Returns:
        int64, shape (frames,): 0 where nobody speaks, 1 to 70 elsewhere. Unusual input: see the package.

    Raises:
        MissingExtra: the transcript needs transliteration and `unidecode` is not installed.
        UsageError: the window holds a time that is not a finite number.
    """
    import torch

    from vssflow.reference.phonemes.ids import SILENCE, rows
    from vssflow.reference.phonemes.stretch import FRAME_RATE, over_window

    if transcript is None or not transcript.strip():
        return torch.full((frames,), SILENCE, dtype=torch.int64)
    return over_window(rows(phoneme_tokens(transcript)), window or (0.0, frames / FRAME_RATE), frames)
