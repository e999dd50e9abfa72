"""Writing media: whole or not at all (a temporary file beside the target, flushed, then renamed)."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media.audio import Audio, check_samples
from vsseval.media.probe import clock_zero, decoded, opened, require_video

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["dub", "mute", "write_flac", "write_mp4", "write_wav"]

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_OTHER = 48000
_AAC_CHANNELS = 2
_AAC_BITS = 192_000
_AAC_BLOCK = 1024
_MUXERS = {".mov": "mov", ".mkv": "matroska", ".webm": "matroska"}


def write_flac(path: Path | str, samples: np.ndarray, rate: int) -> None:
    """Write sound as FLAC of 24 bits, atomically.

    Args:
        path: target, replaced if it exists; its folder must exist.
        samples: float, shape (n,) or (channels, n); what exceeds [-1, 1] is clipped.
        rate: samples per second.

    Raises:
        Unmeasurable: samples are NaN or infinite, or there are none.
        EnvironmentFault: the file cannot be written (full disk, no right to).
    """
    _write_sound(Path(path), Audio(samples, rate), "FLAC", "PCM_24")


def write_wav(path: Path | str, samples: np.ndarray, rate: int) -> None:
    """Write sound as WAV of 16 bits, atomically; arguments and errors are those of `write_flac`."""
    _write_sound(Path(path), Audio(samples, rate), "WAV", "PCM_16")


def _write_sound(path: Path, audio: Audio, container: str, subtype: str) -> None:
    import soundfile

    if audio.samples.size == 0:
        raise Unmeasurable(f"{path.name}: there are no samples to write")
    check_samples(audio.samples, path.name)
    # Encoded in memory, written by Python: libsndfile reports a full disk as "System error".
    encoded = BytesIO()
    soundfile.write(encoded, np.clip(audio.samples.T, -1, 1), audio.sample_rate, format=container, subtype=subtype)
    with _replacing(path) as file:
        file.write(encoded.getbuffer())


def write_mp4(
    path: Path | str,
    frames: Iterable[np.ndarray],
    fps: float,
    samples: np.ndarray | None = None,
    rate: int | None = None,
    *,
    crf: int = 20,
) -> None:
    """Write an MP4 (H.264, yuv420p, and AAC if there is sound), atomically, the same bytes every time.

    Args:
        path: target, replaced if it exists.
        frames: uint8 pictures (height, width, 3), as an array or one by one; an odd height or width is made
            even by repeating the last row or column.
        fps: frames per second.
        samples: float, shape (n,) or (channels, n); more than two channels are mixed to one.
        rate: samples per second of `samples`.
        crf: constant rate factor of x264: 0 (lossless) to 51.

    Raises:
        ValueError: there are no frames, or samples without a rate.
        Unmeasurable: samples are NaN or infinite.
        EnvironmentFault: the file cannot be written.
    """
    import av

    path = Path(path)
    if samples is not None and rate is None:
        raise ValueError("samples need a rate")
    pictures = map(_even, frames)
    first = next(pictures, None)
    if first is None:
        raise ValueError(f"{path.name}: there are no frames to write")
    with _replacing(path) as file, av.open(file, "w", format="mp4") as container:
        # All streams must be declared before the first packet is written.
        video = _x264(container, first.shape[:2], Fraction(fps).limit_denominator(1001000), crf)
        sound = _sound_track(container, samples, rate, path.name) if samples is not None and rate else None
        for index, picture in enumerate(chain([first], pictures)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            _encode_sound(container, *sound)


def mute(source: Path | str, target: Path | str, start: float = 0.0, seconds: float | None = None) -> None:
    """Write the video of `source`, or a stretch of it, without audio, at the same times on the container clock.

    The stream is copied as it is. Only where the target's format cannot hold it (VP8 in MP4, the untimed
    packets of an AVI) is it encoded anew, as H.264, and so is a stretch, whose first picture may lean on earlier
    ones. The format follows the target's suffix: mov, mkv, webm; others are MP4.

    Args:
        source: video.
        target: replaced if it exists.
        start: second of the container clock at which the stretch begins; it becomes time zero.
        seconds: length of the stretch; None reaches to the end.

    Raises:
        Unmeasurable: the source is unreadable or has no video.
        EnvironmentFault: the target cannot be written.
    """
    stretch = None if not start and seconds is None else (start, seconds)
    _remux(Path(source), Path(target), None, None, stretch)


def dub(
    source: Path | str, target: Path | str, samples: np.ndarray, rate: int, *, codecs: Collection[str] | None = None
) -> None:
    """Write the video of `source` with other sound, as AAC, in the place of its own.

    Args:
        source: video; copied as `mute` does.
        target: mp4, mov or mkv, replaced if it exists.
        samples: float, shape (n,) or (channels, n), from the start of the container clock.
        rate: samples per second of `samples`.
        codecs: names of the codecs that are copied, where a player knows no others; None for all.

    Raises:
        Unmeasurable: the source is unreadable or has no video, or samples are NaN or infinite.
        EnvironmentFault: the target cannot be written.
    """
    _remux(Path(source), Path(target), Audio(samples, rate), codecs)


Stretch = tuple[float, float | None]
"""Start and length in seconds; a length of None reaches to the end."""


def _remux(
    source: Path, target: Path, sound: Audio | None, codecs: Collection[str] | None, stretch: Stretch | None = None
) -> None:
    import av

    timed = stretch is None and _is_well_timed(source)
    with opened(source) as container, _replacing(target) as file:
        stream = require_video(container, source)
        with av.open(file, "w", format=_MUXERS.get(target.suffix.lower(), "mp4")) as out:
            codec = stream.codec_context.name
            copied = timed and codec in out.supported_codecs and (codecs is None or codec in codecs)
            # All streams must be declared before the first packet is written.
            video = out.add_stream_from_template(stream) if copied else _transcoded(stream, out)
            track = _sound_track(out, sound.samples, sound.sample_rate, source.name) if sound is not None else None
            if copied:
                _copy_video(container, stream, out, video)
            else:
                _transcode_video(container, stream, out, video, stretch or (0.0, None))
            if track is not None:
                _encode_sound(out, *track)


def _is_well_timed(source: Path) -> bool:
    """Return whether the packets can be copied with their times: all present, decoded in rising order."""
    with opened(source) as container:
        stream = require_video(container, source)
        packets = [(packet.pts, packet.dts) for packet in container.demux(stream) if packet.size]
    if any(time is None for packet in packets for time in packet):
        return False
    # The first two may coincide: programme streams do not say that the first is decoded a frame earlier.
    order = [dts for _, dts in packets[1:]]
    return all(before < after for before, after in pairwise(order))


def _copy_video(container: Any, stream: Any, out: Any, copy: Any) -> None:
    zero = round(clock_zero(container) / stream.time_base)
    packets = (packet for packet in container.demux(stream) if packet.size)
    first, second = next(packets, None), next(packets, None)
    if first is not None and second is not None and first.dts >= second.dts:
        first.dts = second.dts - (first.duration or 1)
    for packet in chain(filter(None, (first, second)), packets):
        packet.pts -= zero
        packet.dts -= zero
        packet.stream = copy
        out.mux(packet)


def _transcoded(stream: Any, out: Any) -> Any:
    size = (stream.height + stream.height % 2, stream.width + stream.width % 2)
    video = _x264(out, size, stream.average_rate or stream.guessed_rate or Fraction(25), crf=16)
    video.codec_context.time_base = stream.time_base
    return video


def _transcode_video(container: Any, stream: Any, out: Any, video: Any, stretch: Stretch) -> None:
    start, seconds = stretch
    zero = round((clock_zero(container) + start) / stream.time_base)
    end = None if seconds is None else round(seconds / stream.time_base)
    for frame in decoded(container, stream):
        stop = frame.pts - zero + (frame.duration or 1)
        if start and stop <= 0:
            continue
        if end is not None and frame.pts - zero >= end:
            break
        picture = frame.reformat(width=video.width, height=video.height, format="yuv420p")
        # the picture that is on the screen when a stretch begins
        picture.pts, picture.time_base = max(frame.pts - zero, 0) if start else frame.pts - zero, stream.time_base
        picture.pict_type = 0  # the encoder chooses its own key frames
        out.mux(video.encode(picture))
    out.mux(video.encode(None))


def _x264(container: Any, size: tuple[int, int], rate: Fraction, crf: int) -> Any:
    # One thread: x264 decides differently with every number of threads, and files are compared by their hash.
    # No macroblock tree: with it, the x264 of PyAV 18 makes other pictures of the same frames each time.
    options = {"crf": str(crf), "preset": "medium", "threads": "1", "x264-params": "mbtree=0"}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    return stream


def _even(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(picture)


def _sound_track(container: Any, samples: np.ndarray, rate: int, name: str) -> tuple[Any, Audio]:
    """Declare an AAC track; return it and the sound at a rate and in a number of channels that AAC has."""
    import soxr

    audio = Audio(samples, rate)
    check_samples(audio.samples, name)
    if len(audio.samples) > _AAC_CHANNELS:
        audio = Audio(audio.mono(rate), rate)
    if rate not in _AAC_RATES:
        audio = Audio(soxr.resample(audio.samples.T, rate, _AAC_OTHER).T, _AAC_OTHER)
    layout = "mono" if len(audio.samples) == 1 else "stereo"
    return container.add_stream("aac", rate=audio.sample_rate, layout=layout, bit_rate=_AAC_BITS), audio


def _encode_sound(container: Any, stream: Any, audio: Audio) -> None:
    import av

    samples = np.clip(audio.samples, -1, 1)
    for start in range(0, samples.shape[1], _AAC_BLOCK):
        block = np.ascontiguousarray(samples[:, start : start + _AAC_BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.codec_context.layout.name)
        frame.sample_rate, frame.pts = audio.sample_rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; rename it to `path` at the end, remove it after an error.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    # The name is short, not made from the target's: that may be as long as the file system allows.
    temporary = path.parent / f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        try:
            with temporary.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        cause = _failed_write(error)
        if cause is None:
            raise
        raise _fault(path, cause) from error


def _failed_write(error: BaseException | None) -> OSError | None:
    """Return the error of the operating system behind an exception, which PyAV may have wrapped in its own."""
    while error is not None:
        # PyAV's own OSErrors come from reading the source.
        if isinstance(error, OSError) and not type(error).__module__.startswith("av."):
            return error
        error = error.__cause__ or error.__context__
    return None


def _fault(path: Path, error: OSError) -> EnvironmentFault:
    message = f"cannot write {path}: {error.strerror or error}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        free = shutil.disk_usage(path.parent).free / 1e6
        message += f" ({free:.1f} MB free): free some room there and run the same command again"
    return EnvironmentFault(message)
