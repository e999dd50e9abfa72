"""Turns sound and video into small files that every browser plays, for embedding in a page."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsseval.media.encode import write_mp4
from vsseval.media.remux import mute
from vsseval.media.video import Video

if TYPE_CHECKING:
    from vsseval.media.audio import Audio

__all__ = ["small_mp3", "small_mp4"]

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hertz that MPEG audio layer III knows."""
HEIGHT = 240
"""Greatest height of a small video."""
FPS = 25.0
PLAIN_BYTES = 200_000
"""An MP4 up to this size is taken as it is, without its audio track."""


def small_mp3(audio: Audio) -> bytes:
    """Encode the mean of all channels as MP3 of variable rate, about 3 kB a second for speech at 16 kHz."""
    import soundfile

    rate = audio.sample_rate if audio.sample_rate in MP3_RATES else 44100
    encoded = BytesIO()
    samples = np.clip(audio.mono(rate), -1, 1)
    soundfile.write(encoded, samples, rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.6)
    return encoded.getvalue()


def small_mp4(path: Path | str, start: float = 0.0, seconds: float | None = None, *, height: int = HEIGHT) -> bytes:
    """Return a video, or a segment of it, as a small MP4 without sound.

    Small MP4 files keep their pictures as they are; others are scaled to at most `height` lines and encoded anew.

    Args:
        path: the video.
        start: seconds from the start of the container at which the segment begins.
        seconds: its length; None reaches to the end.
        height: lines, at most.

    Raises:
        Unmeasurable: the video is missing or unreadable.
    """
    path = Path(path)
    video = Video(path, start, seconds)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "small.mp4"
        if path.suffix.lower() == ".mp4" and path.stat().st_size <= PLAIN_BYTES:
            mute(path, target, start, seconds)
        else:
            scale = min(1.0, height / video.probe.height)
            size = (max(2, round(video.probe.height * scale)), max(2, round(video.probe.width * scale)))
            fps = min(FPS, video.fps or FPS)
            write_mp4(target, video.stream(fps, size), fps, crf=30)
        return target.read_bytes()
