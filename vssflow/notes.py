"""What of a prompt is refused, and what of it cannot be honoured, in words for the person who asked."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from vsseval.errors import UsageError
from vssflow.prompt import LONGEST_VOICE, SAMPLE_RATE, Prompt
from vssflow.reference.phonemes import phoneme_tokens
from vssflow.reference.phonemes.cleaner import clean
from vssflow.small.audio import LATENT_RATE, MelSpectrogram
from vssflow.small.phones import plain, pronounce
from vssflow.small.scenes import Seen
from vssflow.small.voice import voice_vector

SHORT_VOICE = 3.0
"""Seconds. What the authors' speaker network hears at once (RawNet3, 48,000 samples)."""
_MOST_SHOWN = 8
_READ_OUT = "%&#@*/\\"
"""Punctuation that a reader would say aloud."""


class Reader(NamedTuple):
    """What a configuration makes of a prompt."""

    phones: Callable[[str], int]
    """How many phones of a transcript are spoken."""
    unread: Callable[[str], list[str]]
    """What of a transcript is left out."""
    takes_lips: bool
    """Whether lip features come from a file; otherwise from the video."""
    hears: bool = True
    """Whether there is something that listens to the voice prompt."""


def of_sight(seen: Seen, prompt: Prompt, classes: Sequence[str]) -> str | None:
    """Say what is not honoured of a video; None where all of it is.

    Args:
        seen: what was taken from it.
        prompt: what was asked.
        classes: of the scenes that are known.
    """
    if prompt.video is None or seen == "rendered":
        return None
    if seen == "motion":
        known = ", ".join(name.replace("_", " ") for name in classes)
        return f"the scene is none that this model knows ({known}, all of them rendered): its sound is a guess"
    unknown = "the video is not of the rendered kind that this model knows"
    if seen == "mouth":
        return f"{unknown}: the lips are read by landmarks of the face, and nothing but speech is made"
    return f"{unknown}, and no face is seen in it: the words are said without it, and nothing but speech is made"


def refuse(prompt: Prompt) -> None:
    """Refuse what can only be a mistake.

    Raises:
        UsageError: the speech window ends before it begins, begins before the clip, or is no number.
    """
    if prompt.speech_window is None:
        return
    start, end = prompt.speech_window
    shown = f"the speech window {start:g}:{end:g}"
    mend = "give it as START:END in seconds of the clip, as in --speech-window 0.5:2.5"
    if not (math.isfinite(start) and math.isfinite(end)):
        raise UsageError(f"{shown} is not a span of time: {mend}")
    if start < 0:
        raise UsageError(f"{shown} begins before the clip: {mend}")
    if end < start:
        raise UsageError(f"{shown} ends before it begins: {mend}")


def notes(prompt: Prompt, reader: Reader) -> list[str]:
    """Say in one line each what of a prompt is not, or only partly, honoured; empty where all of it is."""
    found = _of_words(prompt, reader) + _of_voice(prompt, reader)
    if prompt.lips is not None and not reader.takes_lips:
        found.append("the lip features are not used: this model reads the lips off the video itself")
    if prompt.lips is None and reader.takes_lips and prompt.transcript:
        found.append("the lips are not seen: this model takes lip features from a file (--lips)")
    if prompt.seconds < 1 / LATENT_RATE:
        found.insert(
            0, f"the clip lasts {1000 * prompt.seconds:.3g} ms, less than one frame (40 ms): so does the sound"
        )
    return found


def phones_of_small(transcript: str) -> int:
    """How many phones the small configuration says."""
    return sum(map(len, pronounce(transcript)))


def phones_of_reference(transcript: str) -> int:
    """How many phones the reference configuration says; it transliterates other scripts.

    Raises:
        MissingExtra: that needs unidecode, which is not installed.
    """
    return sum(token[0].isalpha() for token in phoneme_tokens(transcript))


def unread_by_reference(transcript: str) -> list[str]:
    """Runs of characters of which transliteration leaves nothing, above all emoji; each once."""
    return [run for run in unread(transcript) if not any(map(str.isalnum, clean(run)))]


def unread(transcript: str) -> list[str]:
    """Runs of characters of a transcript that are not pronounced, though a reader would say them; each once."""
    runs, run = [], ""
    for letter in [*plain(transcript), " "]:
        if _is_unread(letter):
            run += letter
        elif run and unicodedata.category(letter) != "Cf":  # joiners within an emoji
            runs.append(run)
            run = ""
    points = re.findall(r"(?<=[0-9])[.,:](?=[0-9])", transcript)
    return list(dict.fromkeys(runs + points))


def _is_unread(letter: str) -> bool:
    if letter in _READ_OUT:
        return True
    known = letter.isascii() and (letter.isalnum() or unicodedata.category(letter) == "Sk")
    return not known and unicodedata.category(letter)[0] in "LNSM" and letter != "\N{VARIATION SELECTOR-16}"


def _of_words(prompt: Prompt, reader: Reader) -> list[str]:
    if prompt.transcript is None:
        asked = prompt.speech_window is not None
        return ["there is a speech window but no transcript: no word is spoken"] if asked else []
    phones = reader.phones(prompt.transcript)
    if not phones:
        why = "nothing in it can be pronounced" if prompt.transcript.strip() else "it is empty"
        return [f"no word of the transcript is spoken: {why} (the model reads English)"]
    found = []
    left_out = reader.unread(prompt.transcript)
    if left_out:
        shown = " ".join(left_out[:_MOST_SHOWN]) + (" ..." if len(left_out) > _MOST_SHOWN else "")
        found.append(f"left out of the transcript, because nothing says how to pronounce it: {shown}")
    return found + _of_window(prompt, phones)


def _of_window(prompt: Prompt, phones: int) -> list[str]:
    start, end = prompt.speech_window or (0.0, prompt.seconds)
    total = max(1, round(prompt.seconds * LATENT_RATE))
    frames = min(round(end * LATENT_RATE), total) - min(round(start * LATENT_RATE), total)
    if start >= prompt.seconds:
        return [f"no word is spoken: the speech window begins at {start:g} s, the clip ends at {prompt.seconds:.2f} s"]
    if frames < 1:
        return [f"no word is spoken: the speech window {start:g}:{end:g} holds no frame (a frame is 0.04 s)"]
    found = []
    if end > prompt.seconds + 0.5 / LATENT_RATE:
        found.append(
            f"the speech window ends at {end:g} s, the clip at {prompt.seconds:.2f} s: the words are spoken by then"
        )
    if frames < phones:
        found.append(
            f"speech is cut short: {phones} phones do not fit into {frames} frame{'s' * (frames > 1)} of 0.04 s"
        )
    return found


def _of_voice(prompt: Prompt, reader: Reader) -> list[str]:
    if prompt.voice is None:
        return []
    if not reader.hears:
        return ["the voice prompt is not heard: weights for that are not beside the checkpoint"]
    if not voice_vector(prompt.voice, MelSpectrogram()).any():
        return ["the voice prompt is silent or next to nothing: the voice is left to the model"]
    seconds = len(prompt.voice) / SAMPLE_RATE
    if seconds >= LONGEST_VOICE:
        return [f"of the voice prompt the first {LONGEST_VOICE:g} s are heard, and no more"]
    if seconds < SHORT_VOICE:
        return [f"the voice prompt lasts {seconds:.2g} s: it is used as it is, {SHORT_VOICE:g} s or more tell more"]
    return []


SMALL = Reader(phones_of_small, unread, takes_lips=False)
REFERENCE = Reader(phones_of_reference, unread_by_reference, takes_lips=True)
