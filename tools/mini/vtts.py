"""Clips of the visual text-to-speech benchmark: a head that says a sentence, and the voice that is heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.mini.clip import FPS, SAMPLE_RATE, Rendered
from tools.mini.draw import Canvas
from tools.mini.face import Appearance, Pose, draw_appearance, draw_backdrop, draw_head, draw_pose
from tools.mini.speech import MARGIN_SECONDS, Voice, speak
from tools.mini.visemes import MouthTrack, mouth_track

SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 5.0
LEAD_SECONDS = (0.2, 0.6)
TAIL_SECONDS = (0.2, 0.7)
RATES = (1.1, 1.35)
"""Factor on durations: a little slower than flite, as one speaks to a machine."""
PITCHES = (0.98, 1.02)
"""One speaker's variation between utterances."""
GAINS_DB = (-2.0, 2.0)
NOISE_LEVEL = 1e-4
"""Root mean square of the room (-80 dB): a recording is never digitally silent."""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A sentence on the clip's clock."""

    audio: np.ndarray
    """float64 (frames * SAMPLE_RATE / FPS,), speech and room."""
    track: MouthTrack
    window: tuple[float, float]
    frames: int
    phones: tuple[tuple[str, float, float], ...]
    """Name, start and end in seconds."""


def supersample(size: int) -> int:
    """Pixels drawn per finished pixel and side: small pictures need more for motion below a pixel."""
    return 3 if size <= 96 else 2


def say(
    rng: np.random.Generator,
    text: str,
    voice: Voice,
    *,
    seconds: float = SHORTEST_SECONDS,
    lead: tuple[float, float] = LEAD_SECONDS,
) -> Spoken:
    """Speak a sentence somewhere in a clip of 3 to 5 seconds.

    Args:
        rng: source of rate, pitch, level and place.
        text: words.
        voice: who says it.
        seconds: shortest length of the clip.
        lead: range of the silence before the first word, in seconds.

    Returns:
        The sound and the mouth. A sentence too long for the clip is spoken faster.
    """
    rate, pitch = float(rng.uniform(*RATES)), float(rng.uniform(*PITCHES))
    utterance = speak(text, voice, rate=rate, pitch=pitch)
    room = LONGEST_SECONDS - LEAD_SECONDS[0] - TAIL_SECONDS[0]
    spoken = len(utterance.audio) / SAMPLE_RATE
    if spoken > room:
        utterance = speak(text, voice, rate=rate * (room - 0.1) / spoken, pitch=pitch)
        spoken = len(utterance.audio) / SAMPLE_RATE
    before, after = float(rng.uniform(*lead)), float(rng.uniform(*TAIL_SECONDS))
    frames = round(min(max(before + spoken + after, seconds), LONGEST_SECONDS) * FPS)
    before = min(before, frames / FPS - TAIL_SECONDS[0] - spoken)
    audio = rng.normal(0.0, NOISE_LEVEL, frames * SAMPLE_RATE // FPS)
    first = round(before * SAMPLE_RATE)
    audio[first : first + len(utterance.audio)] += utterance.audio * 10 ** (float(rng.uniform(*GAINS_DB)) / 20)
    return Spoken(
        audio=audio,
        track=mouth_track(utterance.phones, first / SAMPLE_RATE, frames),
        window=(round(before + MARGIN_SECONDS, 3), round(before + spoken - MARGIN_SECONDS, 3)),
        frames=frames,
        phones=tuple(
            (name, first / SAMPLE_RATE + start, first / SAMPLE_RATE + end) for name, start, end in utterance.phones
        ),
    )


def make_vtts(rng: np.random.Generator, text: str, voice: Voice, size: int, language: str) -> Rendered:
    """Render a head that says `text`.

    Args:
        rng: source of all that varies; the person seen is drawn independently of the voice.
        text: words, lower case.
        voice: who is heard.
        size: side of the picture in pixels.
        language: "en-grid" for GRID commands, else "en".
    """
    spoken = say(rng, text, voice)
    person, pose = draw_appearance(rng), draw_pose(rng, spoken.frames)
    return Rendered(
        frames=_film(person, pose, spoken.track, size),
        audio=spoken.audio.astype(np.float32),
        caption=f"{voice.described} speaking",
        transcript=text,
        language=language,
        voice=voice.name,
        speech_window=spoken.window,
        viseme=spoken.track.viseme,
        mouth=spoken.track.curves,
        phones=spoken.phones,
        notes={"hair": person.style},
    )


def _film(person: Appearance, pose: Pose, track: MouthTrack, size: int) -> np.ndarray:
    backdrop = Canvas(size, supersample(size))
    draw_backdrop(backdrop, person)
    frames = np.empty((len(track.shape), size, size, 3), dtype=np.uint8)
    for i, shape in enumerate(track.shape):
        picture = backdrop.copy()
        draw_head(picture, person, pose, shape, i)
        frames[i] = picture.array()
    return frames
