"""Videos of a ball that bounces with clicks, and sounds in whatever codec and container people have."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np

__all__ = ["Pipe", "ball_video", "clicks", "encode", "pipe_flac", "rename_codec", "speech_like"]

RATE = 44100
SECONDS = 4.0
SIDE = 128
_TICK = Fraction(1, 90000)
_EVENTS = (0.92, 1.52, 2.32, 2.84, 3.52)
"""Seconds at which the ball strikes, in unequal steps, each at a picture."""


class Pipe:
    """Takes bytes, and cannot be gone back in: headers stay as they were first written."""

    def __init__(self) -> None:
        self.content = BytesIO()

    def write(self, data: bytes) -> int:
        """Take bytes."""
        return self.content.write(data)

    def getvalue(self) -> bytes:
        """Return all of them."""
        return self.content.getvalue()


def clicks() -> np.ndarray:
    """Return a sound of `SECONDS` at `RATE` that strikes at each event: float32, shape (n,)."""
    noise = np.random.default_rng(0).standard_normal(round(0.12 * RATE)).astype(np.float32)
    struck = 0.4 * noise * np.exp(-np.arange(noise.size) / (0.03 * RATE)).astype(np.float32)
    sound = 1e-3 * np.random.default_rng(1).standard_normal(round(SECONDS * RATE)).astype(np.float32)
    for event in _EVENTS:
        begin = round(event * RATE)
        sound[begin : begin + struck.size] += struck
    return sound


def speech_like(seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    """Return a sound whose bands rise and fall, of which variable bit rates make much use: float32, shape (n,)."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(2).standard_normal(time.size)
    voiced = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))
    part = (np.sin(2 * np.pi * 1.7 * time) > 0).astype(float)
    return (0.15 * (part * voiced + (1 - part) * 0.5 * noise)).astype(np.float32)


def _pictures() -> list[np.ndarray]:
    """Return 25 pictures a second: a ball that strikes the ground at every event."""
    down, across = np.mgrid[:SIDE, :SIDE]
    ground = np.random.default_rng(3).integers(50, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    struck = np.array([2 * _EVENTS[0] - _EVENTS[1], *_EVENTS, 2 * _EVENTS[-1] - _EVENTS[-2]])
    pictures = []
    for moment in np.arange(round(25 * SECONDS)) / 25:
        last = int(np.searchsorted(struck, moment + 1e-6)) - 1
        flight = struck[last + 1] - struck[last]
        height = 4 * 90 * flight**2 * (part := (moment - struck[last]) / flight) * (1 - part)
        far = (down - (SIDE - 28 - height)) ** 2 + (across - SIDE / 2) ** 2
        picture = ground.copy()
        picture[far < 14**2] = 220
        picture[far < 6**2] = 90
        pictures.append(picture)
    return pictures


def ball_video(
    path: Path,
    form: str = "mp4",
    codec: str = "libx264",
    *,
    picture_start: float = 0.0,
    sound_start: float | None = 0.0,
    sound_codec: str = "aac",
) -> Path:
    """Write a video in which a ball strikes the ground at every click.

    Args:
        path: target.
        form: FFmpeg's name of the container.
        codec: of the pictures.
        picture_start: time stamp of the first picture, in seconds.
        sound_start: time stamp of the first sample; None for no sound.
        sound_codec: of the sound.
    """
    shift = "disabled" if min(picture_start, sound_start or 0.0) < 0 else "auto"
    with av.open(str(path), "w", format=form, options={"avoid_negative_ts": shift}) as out:
        options = {"crf": "12", "threads": "1"} if codec == "libx264" else {"threads": "1"}
        video: Any = out.add_stream(codec, rate=25, options=options)
        video.width, video.height = (176, 144) if codec in {"h263", "flv1"} else (SIDE, SIDE)
        video.pix_fmt = "yuv420p"
        video.bit_rate = 2_000_000
        if codec == "libx264":
            video.codec_context.time_base = _TICK
        track = None if sound_start is None else out.add_stream(sound_codec, rate=RATE, layout="mono", bit_rate=128_000)
        packets: list[Any] = []
        tick = _TICK if codec == "libx264" else Fraction(1, 25)
        for number, picture in enumerate(_pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(video.width, video.height, "yuv420p")
            frame.pts, frame.time_base = round((number / 25 + picture_start) / tick), tick
            packets += video.encode(frame)
        packets += video.encode(None)
        if track is not None and sound_start is not None:
            packets += _packets(track, clicks(), RATE, sound_start)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return path


def encode(form: str, codec: str, sound: np.ndarray, rate: int = RATE, *, pipe: bool = False, **options: str) -> bytes:
    """Return a sound in a container.

    Args:
        form: FFmpeg's name of the container.
        codec: FFmpeg's name of the encoder.
        sound: float, shape (n,).
        rate: samples per second.
        pipe: whether it is written as to a pipe: no header is corrected at the end.
        options: of the container.
    """
    target = Pipe() if pipe else BytesIO()
    with av.open(target, "w", format=form, options=options) as out:
        track = out.add_stream(codec, rate=rate, layout="mono")
        if codec == "libmp3lame":
            track.codec_context.qscale = True  # bits as the sound needs them
            track.codec_context.global_quality = 0  # the best, -q:a 0
        for packet in _packets(track, sound, rate, 0.0):
            out.mux(packet)
    return target.getvalue()


def _packets(track: Any, sound: np.ndarray, rate: int, start: float) -> list[Any]:
    names = [one.name for one in av.codec.Codec(track.codec_context.codec.name, "w").audio_formats or []]
    form = next((name for name in names if name in {"fltp", "s16", "s16p"}), "fltp")
    track.format = form
    size = track.codec_context.frame_size or 1024
    resampler = av.AudioResampler(format=form, layout="mono", rate=track.codec_context.sample_rate, frame_size=size)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None], np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(start * rate)
    packets: list[Any] = []
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += track.encode(part)
    return [*packets, *track.encode(None)]


def pipe_flac(sound: np.ndarray, rate: int = RATE) -> bytes:
    """Return FLAC as it comes out of a pipe: its header counts no samples."""
    return encode("flac", "flac", sound, rate, pipe=True)


def rename_codec(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a file whose sample entry names another codec: the place where it last stands, behind the samples."""
    at = data.rindex(old)
    return data[:at] + new + data[at + len(old) :]
