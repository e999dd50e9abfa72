"""Writing media: whole or not at all (a temporary file beside the target, flushed, then renamed)."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media.audio import Audio, check_samples
from vsseval.media.interrupts import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["encode_sound", "failed_write", "replacing", "sound_track", "write_flac", "write_mp4", "write_wav", "x264"]

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_OTHER = 48000
_AAC_CHANNELS = 2
_AAC_BITS = 192_000
_AAC_BLOCK = 1024


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
    with replacing(path) as file:
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
    with replacing(path) as file, av.open(file, "w", format="mp4") as container:
        # All streams must be declared before the first packet is written.
        video = x264(container, first.shape[:2], Fraction(fps).limit_denominator(1001000), crf)
        sound = sound_track(container, samples, rate, path.name) if samples is not None and rate else None
        for index, picture in enumerate(chain([first], pictures)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            encode_sound(container, *sound)


def x264(container: Any, size: tuple[int, int], rate: Fraction, crf: int) -> Any:
    """Declare an H.264 stream of (height, width) that encodes to the same bytes every time."""
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


def sound_track(container: Any, samples: np.ndarray, rate: int, name: str) -> tuple[Any, Audio]:
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


def encode_sound(container: Any, stream: Any, audio: Audio) -> None:
    """Write all of a sound into the track that `sound_track` declared."""
    import av

    samples = np.clip(audio.samples, -1, 1)
    for start in range(0, samples.shape[1], _AAC_BLOCK):
        block = np.ascontiguousarray(samples[:, start : start + _AAC_BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.codec_context.layout.name)
        frame.sample_rate, frame.pts = audio.sample_rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; rename it to `path` at the end, remove it after an error.

    An interrupt is put off until then (`interrupts`).

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    # The name is short, not made from the target's: that may be as long as the file system allows.
    temporary = path.parent / f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        try:
            with uninterrupted(), temporary.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        cause = failed_write(error)
        if cause is None:
            raise
        raise _fault(path, cause) from error


def failed_write(error: BaseException | None) -> OSError | None:
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
