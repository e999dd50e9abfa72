"""What can be said of a media file: what kind it is, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Kind", "Look", "Probe"]

Kind = Literal["video", "sound", "picture", "text", "other"]


class Look(NamedTuple):
    """What a file is."""

    kind: Kind
    has_audio: bool = False
    tracks: str = ""
    """Which track is taken, where there are several of one kind."""


@dataclass(frozen=True)
class Probe:
    """What a media file holds; all zero where there is no such stream.

    `seconds` is the end of the video stream, from t = 0, or of the audio where there is no video;
    `fps` is the average frame rate; `width` and `height` are those of the picture as shown, turned upright. A track
    whose codec is not known here is there, but has no size and no rate; of sound, `unheard` then says so.
    """

    seconds: float
    has_video: bool
    has_audio: bool
    width: int = 0
    height: int = 0
    fps: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    unheard: str | None = None
    """Why the audio track cannot be decoded."""
