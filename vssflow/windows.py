"""Sound of any length from a generator of limited length: overlapping windows, joined where it is quiet.

Every window is a prompt of its own: its segment of the video, the words that fall into it, the same voice, and noise
of its own. Two windows share about a second; between them lies a short cross-fade of equal power (the two sounds are
independent, so that their powers add), at the boundary between two words, or, where nobody speaks, where both are
quietest. No word is said twice, and none is left out.
"""

from __future__ import annotations

import hashlib
import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vssflow.prompt import SAMPLE_RATE, Generator, Prompt
from vssflow.small.phones import pronounce

FRAME_RATE = 25
"""Windows begin on the clock that latents, phones and lips share, in frames a second."""
OVERLAP = 1.0
"""Seconds that neighbours share, at least."""
FADE = 0.1
"""Seconds of cross-fade: shorter than a syllable, longer than the period of any voice."""
_HOP = 160


class Window(NamedTuple):
    """A segment of a clip, in seconds of the clip."""

    start: float
    end: float


class Word(NamedTuple):
    """A word and when it is said, in seconds of the clip."""

    text: str
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Where the word is half said."""
        return (self.start + self.end) / 2


class Part(NamedTuple):
    """What one window is to say."""

    window: Window
    words: tuple[Word, ...]

    @property
    def speech(self) -> tuple[float, float] | None:
        """Seconds of the clip between which this window speaks; None where it has no word."""
        if not self.words:
            return None
        return max(self.words[0].start, self.window.start), min(self.words[-1].end, self.window.end)


def generate_long(generator: Generator, prompt: Prompt, *, seed: int) -> Tensor:
    """Generate sound of exactly `prompt.seconds`, however long that is.

    A prompt that the generator can serve at once goes to it unchanged, with `seed` itself. In a longer one the words
    of the transcript are timed evenly over the speech window (cut to the clip), by the number of their phones, and
    each is said by one window.

    Args:
        generator: model that makes up to `generator.longest` seconds.
        prompt: what to sound like; `seconds` may be anything above zero.
        seed: decides all noise; window k draws from `window_seed(seed, k)`.

    Returns:
        Sound in [-1, 1] at 16 kHz, shape (round(seconds * 16000),), at least one sample.

    Raises:
        ValueError: `generator.longest` is below three times the overlap, and windows would be needed.
    """
    windows = plan(prompt.seconds, generator.longest)
    if len(windows) == 1:
        return exactly(generator.generate(prompt, seed=seed), prompt.seconds)
    parts = divide(prompt, windows)
    pieces = [
        exactly(
            generator.generate(part_prompt(prompt, part), seed=window_seed(seed, index)),
            part.window.end - part.window.start,
        )
        for index, part in enumerate(parts)
    ]
    return exactly(join(pieces, parts), prompt.seconds)


def plan(seconds: float, longest: float, overlap: float = OVERLAP) -> list[Window]:
    """Cut a clip into the fewest windows of at most `longest` seconds, all of about the same length.

    Starts lie on the frame clock, neighbours share `overlap` seconds or little more, and half a frame beyond
    `longest` is not worth a second window.

    Raises:
        ValueError: windows are needed, and `longest` is below three overlaps.
    """
    total, most, shared = (round(value * FRAME_RATE) for value in (seconds, longest, overlap))
    if total <= most:
        return [Window(0.0, seconds)]
    if most < 3 * shared:
        raise ValueError(f"windows of {longest:g} s are too short for an overlap of {overlap:g} s")
    total = math.ceil(seconds * FRAME_RATE - 1e-6)
    count = math.ceil((total - shared) / (most - shared))
    length = math.ceil((total + (count - 1) * shared) / count)
    starts = [index * (total - length) // (count - 1) for index in range(count)]
    return [Window(start / FRAME_RATE, min((start + length) / FRAME_RATE, seconds)) for start in starts]


def time_words(transcript: str, speech: tuple[float, float]) -> list[Word]:
    """Spread the words of a transcript over the seconds of `speech`, each by its number of phones.

    A word that cannot be pronounced in English takes no time, unless there is no other: then letters count.
    """
    texts = transcript.split()
    shares = [sum(map(len, pronounce(text))) for text in texts]
    shares = shares if any(shares) else [len(text) for text in texts]
    total = sum(shares)
    start, end = speech
    words, done = [], 0
    for text, share in zip(texts, shares, strict=True):
        times = (start + (end - start) * count / total for count in (done, done + share))
        words.append(Word(text, *times))
        done += share
    return words


def divide(prompt: Prompt, windows: list[Window]) -> list[Part]:
    """Give each word of the prompt to one window.

    Between two windows the words part at a boundary within the overlap: where speech begins or ends if it does so
    there, or else the boundary nearest to the middle. Where a single word fills the whole overlap, the window
    that holds its middle says it, as far as that window reaches.
    """
    start, end = prompt.speech_window or (0.0, prompt.seconds)
    speech = (max(0.0, start), min(end, prompt.seconds))
    words = time_words(prompt.transcript, speech) if prompt.transcript and speech[0] < speech[1] else []
    cuts = [_cut(words, earlier.end, later.start) for earlier, later in pairwise(windows)]
    edges = [-math.inf, *cuts, math.inf]
    return [
        Part(window, tuple(word for word in words if edges[index] <= word.middle < edges[index + 1]))
        for index, window in enumerate(windows)
    ]


def _cut(words: list[Word], until: float, since: float) -> float:
    """Second at which the words pass from the window that lasts `until` to the one that begins at `since`."""
    middle = (since + until) / 2
    if not words:
        return middle
    inside = [time for time in (words[0].start, words[-1].end) if since <= time <= until]
    inside = inside or [word.start for word in words if since <= word.start <= until]
    return min(inside, key=lambda time: abs(time - middle), default=middle)


def part_prompt(prompt: Prompt, part: Part) -> Prompt:
    """Return the prompt of one window: its seconds, its segment of video and lips, its words."""
    window, speech = part.window, part.speech
    lips = prompt.lips
    if lips is not None:
        lips = lips[round(window.start * FRAME_RATE) : math.ceil(window.end * FRAME_RATE)]
    return prompt._replace(
        seconds=window.end - window.start,
        offset=prompt.offset + window.start,
        transcript=" ".join(word.text for word in part.words) or None,
        speech_window=None if speech is None else (speech[0] - window.start, speech[1] - window.start),
        lips=lips,
    )


def window_prompts(prompt: Prompt, longest: float) -> list[Prompt]:
    """Return the prompts of all windows of a clip; the prompt itself where one window holds it."""
    windows = plan(prompt.seconds, longest)
    return [prompt] if len(windows) == 1 else [part_prompt(prompt, part) for part in divide(prompt, windows)]


def window_seed(seed: int, index: int) -> int:
    """Seed of window `index`: the clip's own for the first, others by hashing, below 2**63."""
    if index == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed} window {index}".encode()).digest()[:8]) >> 1


def exactly(sound: Tensor, seconds: float) -> Tensor:
    """Cut sound (samples,) to `seconds`, or pad it with zeros; at least one sample."""
    samples = max(1, round(seconds * SAMPLE_RATE))
    return nn.functional.pad(sound[:samples], (0, max(0, samples - len(sound))))


def join(pieces: list[Tensor], parts: list[Part]) -> Tensor:
    """Lay the sounds of all windows on the clip's clock, one cross-fade between neighbours.

    Args:
        pieces: one sound (samples,) for each part, as long as its window.
        parts: windows and their words, in order.

    Returns:
        Sound (samples,), to the end of the last window.
    """
    whole = pieces[0]
    for piece, earlier, later in zip(pieces[1:], parts, parts[1:], strict=False):
        begin = round(later.window.start * SAMPLE_RATE)
        shared = len(whole) - begin
        # between the last word of the one and the first of the other
        low = earlier.speech[1] if earlier.speech else later.window.start
        high = later.speech[0] if later.speech else earlier.window.end
        bounds = (round(low * SAMPLE_RATE) - begin, round(high * SAMPLE_RATE) - begin)
        before, after = whole[begin:], piece[:shared]
        width = min(round(FADE * SAMPLE_RATE), shared)
        place = seam(before, after, bounds, width)
        angle = (torch.arange(width, dtype=whole.dtype, device=whole.device) + 0.5) / width * (math.pi / 2)
        faded = before[place : place + width] * angle.cos() + after[place : place + width] * angle.sin()
        whole = torch.cat([whole[: begin + place], faded.clamp(-1.0, 1.0), piece[place + width :]])
    return whole


def seam(before: Tensor, after: Tensor, bounds: tuple[int, int], width: int) -> int:
    """Return the first sample of a cross-fade of `width`, where two sounds (samples,) are quietest together.

    Its middle is kept within `bounds`, as far as the fade stays within the sounds; where the bounds leave no
    choice (words on both sides) it lies at them.
    """
    last = len(before) - width
    low, high = (min(max(0, bound - width // 2), last) for bound in bounds)
    if high - low < _HOP:
        return (low + high) // 2
    power = nn.functional.pad((before.double().square() + after.double().square()).cumsum(0), (1, 0))
    places = torch.arange(low, high + 1, _HOP, device=before.device)
    return int(places[(power[places + width] - power[places]).argmin()])
