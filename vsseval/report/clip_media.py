"""Turns one clip into what its page plays and draws: video, sounds, spectrograms, onsets, words with their times.

A job says what to read and holds no more than paths and words, so that other processes can do it.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, media_limits, usable_seconds
from vsseval.media.loudness import integrated_loudness
from vsseval.media.web import small_mp3, small_mp4
from vsseval.report.spectrogram import spectrogram
from vsseval.report.word_times import Aligner
from vsseval.text.readers import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.media import Audio
    from vsseval.types import Medium

QUIETEST = -24.0
"""Loudness units below the loudest sound of a clip: what is quieter does not pull the others down to it."""


class Marks(Protocol):
    """Finds what is drawn over a spectrogram."""

    def of_sound(self, audio: Audio, key: str | None) -> list[float]:
        """Return the seconds at which a sound has onsets; `key` is the sha256 of its file, where that is known."""
        ...

    def of_picture(self, medium: Medium) -> list[float]:
        """Return the seconds at which the picture has events."""
        ...


class SoundJob(NamedTuple):
    """One system's sound of a clip."""

    path: Path
    sha256: str | None
    heard: tuple[str, ...]
    """Words that a recogniser heard, in order."""
    picture: Medium | None
    """The picture that the model made itself."""


class ClipJob(NamedTuple):
    """One clip."""

    place: int
    """On the page."""
    seconds: float | None
    """That are scored; None where the benchmark is not at hand."""
    video: Medium | None
    sounds: dict[int, SoundJob]
    """By the place of the system."""


class EncodedSound(NamedTuple):
    """One system's sound, ready for the page."""

    sound: str
    picture: str
    seconds: float
    onsets: list[float]
    loudness: float | None
    """LUFS; None for silence."""
    times: list[tuple[float, float]] | None
    """Of the words heard."""
    video: str | None


class EncodedClip(NamedTuple):
    """What was made of a job."""

    place: int
    video: str | None
    motion: list[float]
    sounds: dict[int, EncodedSound]
    unreadable: list[str]

    @property
    def size(self) -> int:
        """Bytes of the page that the media take."""
        videos = [self.video, *(one.video for one in self.sounds.values())]
        return sum(len(one.sound) + len(one.picture) for one in self.sounds.values()) + sum(
            len(v or "") for v in videos
        )

    @property
    def media(self) -> int:
        """How many media it holds, spectrograms among them."""
        videos = [self.video, *(one.video for one in self.sounds.values())]
        return 2 * len(self.sounds) + sum(video is not None for video in videos)


def encode_clip(job: ClipJob, marks: Marks | None, aligner: Aligner) -> EncodedClip:
    """Encode everything of a clip; what cannot be read is said and left out."""
    unreadable: list[str] = []
    video = _video(job.video, unreadable)
    motion = marks.of_picture(job.video) if marks and job.video and video else []
    sounds = {}
    for place, sound in job.sounds.items():
        try:
            limit = media_limits().seconds if job.seconds is None else usable_seconds(job.seconds)
            _require_scored(sound)
            audio = load_audio(sound.path, seconds=limit)
        except (Unmeasurable, OSError) as problem:
            unreadable.append(str(problem))
            continue
        loud = integrated_loudness(audio)
        sounds[place] = EncodedSound(
            sound=_uri(small_mp3(audio), "audio/mpeg"), picture=_uri(spectrogram(audio), "image/webp"),
            seconds=round(audio.seconds, 3), onsets=marks.of_sound(audio, sound.sha256) if marks else [],
            loudness=None if math.isinf(loud) else round(loud, 1), times=aligner.times(sound.heard, audio),
            video=_video(sound.picture, unreadable),
        )  # fmt: skip
    return EncodedClip(job.place, video, motion, sounds, unreadable)


def _require_scored(sound: SoundJob) -> None:
    """Refuse a file that was changed after its scores: nobody is to hear another sound than the one that was judged.

    Raises:
        Unmeasurable: it is another one.
        OSError: it is gone.
    """
    if sound.sha256 is not None and file_sha256(sound.path) != sound.sha256:
        raise Unmeasurable(f"{sound.path.name} was changed after it was scored: vsseval verify {sound.path.parents[1]}")


def block(clip: EncodedClip) -> dict[str, object]:
    """Return what the page holds of an encoded clip."""
    volumes = matched({place: one.loudness for place, one in clip.sounds.items()})
    return {
        "video": clip.video, "motion": clip.motion,
        "sounds": {place: {**one._asdict(), "volume": volumes[place]} for place, one in clip.sounds.items()},
    }  # fmt: skip


def matched(loudness: dict[int, float | None]) -> dict[int, float]:
    """Return the volume, 0 to 1, at which each sound is as loud as the quietest that is not near silence.

    Args:
        loudness: LUFS by place; None for silence.
    """
    heard = [level for level in loudness.values() if level is not None]
    aim = min((level for level in heard if level > max(heard) + QUIETEST), default=0.0)
    return {
        place: 1.0 if level is None else round(min(1.0, 10 ** ((aim - level) / 20)), 4)
        for place, level in loudness.items()
    }


def _video(medium: Medium | None, unreadable: list[str]) -> str | None:
    if medium is None:
        return None
    try:
        return _uri(small_mp4(medium.path, medium.start, medium.seconds), "video/mp4")
    except Unmeasurable as problem:
        unreadable.append(str(problem))
        return None


def _uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as a recogniser wrote it."""
    return tuple(text.split())


def order(picks: Sequence[int], clips: int) -> list[int]:
    """Return the places of all clips, those that are worth hearing first."""
    first = dict.fromkeys(picks)
    return [*first, *(place for place in range(clips) if place not in first)]
