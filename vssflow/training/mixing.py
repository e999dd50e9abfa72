"""Feature-level mixing: a clip with speech and a clip with sound become one clip that has both.

Real video with speech and sound, each labelled, is scarce; VSSFlow is fine-tuned for joint generation on mixtures
of cached features and waveforms instead (arXiv 2509.24773, section 3.5). The speech is laid over the sound
("add") or put in its place ("insert") from a random second on.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Mode = Literal["add", "insert"]
MODES: tuple[Mode, ...] = ("add", "insert")
QUIETEST, LOUDEST = 0.3, 0.7
"""Bounds of the gain of the background under added speech."""


class Clip(NamedTuple):
    """Cached features and sound of one clip; the first axis is time, the speaker's excepted."""

    scene: Tensor
    """(rows, width), semantic features of the frames."""
    sync: Tensor
    """(rows, width), features of motion."""
    lip: Tensor
    """(rows, width)."""
    phones: Tensor
    """(rows,) ids."""
    speaker: Tensor
    """(width,)."""
    sound: Tensor
    """(samples,) in [-1, 1]."""


class Rates(NamedTuple):
    """Rows of each feature in a second; the defaults are the authors'."""

    scene: int = 10
    sync: int = 24
    lip: int = 25
    phones: int = 25
    sound: int = 16_000


class Mix(NamedTuple):
    """What is mixed, and how."""

    speech: int
    """Place in the list of clips with speech."""
    sound: int
    """Place in the list of clips with sound."""
    start: float
    """Second of the sound at which the speech begins."""
    mode: Mode
    gain: float
    """Factor of the sound under added speech, 0.3 to 0.7. 1 by
    "insert", which does not use it: there the sound is silenced."""
    seconds: float
    """Length of the mixture."""


def draw(
    random: Random, share: float, speech: Sequence[float], sound: Sequence[float], modes: Sequence[Mode]
) -> Mix | None:
    """Draw one mixture, or None for a clip as it is.

    The order and the number of the draws are those of the authors, so that the same state of `random` gives the
    same mixture.

    Args:
        random: source of the draws.
        share: probability of a mixture.
        speech: seconds of each clip with speech.
        sound: seconds of each clip with sound.
        modes: what to choose from.
    """
    if random.random() > share:
        return None
    voice, background = random.randint(0, len(speech) - 1), random.randint(0, len(sound) - 1)
    seconds = sound[background]
    start = random.uniform(0, seconds - speech[voice])  # of a negative range too: the draw is made in any case
    if seconds < speech[voice]:
        start, seconds = 0.0, speech[voice]
    mode = random.choice(modes)
    gain = random.uniform(QUIETEST, LOUDEST) if mode == "add" else 1.0
    return Mix(voice, background, start, mode, gain, seconds)


def mixed(speech: Clip, sound: Clip, mix: Mix, seconds: float, rates: Rates) -> Clip:
    """Carry out one mixture.

    Where the authors pad features of pictures to ten seconds, what stands behind the end of the speech clip is the
    feature of black frames, and it is mixed as well; clips that are not padded are mixed over their own length.

    Args:
        speech: the clip with speech; its phones, lips and speaker are the mixture's.
        sound: the clip with sound; its arrays decide the length of pictures and waveform.
        mix: what was drawn.
        seconds: length of the speech.
        rates: rows of each feature in a second.
    """
    add = mix.mode == "add"

    def over(under: Tensor, upper: Tensor, rate: int) -> Tensor:
        first = int(rate * mix.start)
        rows = max(0, min(len(under) - first, len(upper)))
        out = under.clone()
        out[first : first + rows] = upper[:rows] + (under[first : first + rows] if add else 0)
        return out

    def shifted(rows: Tensor, rate: int) -> Tensor:
        return torch.cat([rows.new_zeros(int(rate * mix.start), *rows.shape[1:]), rows])

    first = int(rates.sound * mix.start)
    last = first + int(seconds * rates.sound)
    waveform = sound.sound.clone()
    waveform[first:last] *= mix.gain if add else 0.0
    voice = speech.sound[: len(waveform[first:last])]
    waveform[first : first + len(voice)] += voice
    return Clip(
        scene=over(sound.scene, speech.scene, rates.scene),
        sync=over(sound.sync, speech.sync, rates.sync),
        lip=shifted(speech.lip, rates.lip),
        phones=shifted(speech.phones, rates.phones),
        speaker=speech.speaker,
        sound=waveform,
    )
