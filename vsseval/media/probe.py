"""What is in a media file, and on which clock: streams, rates, seconds, without decoding it whole.

The container clock starts at zero. Streams may start later; MPEG programme and transport streams start
anywhere, so theirs is shifted to the first stream's start, as is that of a clip cut from a longer recording.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.errors import Unmeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LATEST_START", "LEAST_READABLE", "Probe", "check_video", "probe"]

LEAST_READABLE = 0.9
"""Share of the declared duration that must be there; with less, a file counts as truncated."""

LATEST_START = 1.0
"""Seconds. Where all streams start later than this, the clock is that of a longer recording."""

_CLOCK_STARTS_ANYWHERE = frozenset({"mpeg", "mpegts", "mpegvideo"})
_STATES_EACH_DURATION = frozenset({"mov", "mp4", "flac"})
_STATES_WHOLE_DURATION = frozenset({"matroska", "webm", "avi"})
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of an album is no video
_DEFAULT = 0x1  # AV_DISPOSITION_DEFAULT
_TICKS = 1_000_000  # AV_TIME_BASE: container times are in microseconds


@dataclass(frozen=True)
class Probe:
    """What a media file holds; all zero where there is no such stream.

    `seconds` is the end of the video stream on the container clock, or of the audio where there is no video;
    `fps` is the average frame rate; `width` and `height` are those of the picture as shown, turned upright.
    """

    seconds: float
    has_video: bool
    has_audio: bool
    width: int = 0
    height: int = 0
    fps: float = 0.0
    sample_rate: int = 0
    channels: int = 0


def check_file(path: Path) -> None:
    """Raise Unmeasurable where the file is missing, no file, or empty."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise Unmeasurable(f"{path.name}: no such file") from None
    except OSError as error:
        raise Unmeasurable(f"{path.name}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise Unmeasurable(f"{path.name}: not a file")
    if status.st_size == 0:
        raise Unmeasurable(f"{path.name}: the file is empty (0 bytes)")


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a container with PyAV for reading.

    Raises:
        Unmeasurable: the file is missing, empty, or no readable media file; also for a fault of the
            demuxer or decoder inside the `with` block.
    """
    import av

    check_file(path)
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unmeasurable(f"{path.name}: not readable as media (truncated or damaged): {reason}") from error


def video_stream(container: Any) -> Any | None:
    """Return the default video stream, or the first where none is marked so; no cover picture; or None."""
    return _default([stream for stream in container.streams.video if not stream.disposition & _ATTACHED_PICTURE])


def require_video(container: Any, path: Path) -> Any:
    """Return the first video stream; raise Unmeasurable where there is none."""
    stream = video_stream(container)
    if stream is None:
        raise Unmeasurable(f"{path.name}: holds no video stream")
    return stream


def audio_stream(container: Any) -> Any | None:
    """Return the default audio stream, or the first where none is marked so, or None."""
    return _default(container.streams.audio)


def _default(streams: Sequence[Any]) -> Any | None:
    """Return the stream that players take: the first that the container marks as the default, else the first."""
    return next((stream for stream in streams if stream.disposition & _DEFAULT), next(iter(streams), None))


def clock_zero(container: Any) -> float:
    """Return the time stamp, in seconds, at which the container's clock stands at zero."""
    start = (container.start_time or 0) / _TICKS
    anywhere = bool(_formats(container) & _CLOCK_STARTS_ANYWHERE)
    return start if anywhere or start > LATEST_START else 0.0


def declared_end(container: Any, stream: Any) -> float | None:
    """Return where the header says that a stream ends, in seconds of the container clock.

    None where the format states no exact durations for each stream, as MP4 and its kin do: what PyAV says of
    others is an estimate from the bit rate.
    """
    if not _formats(container) & _STATES_EACH_DURATION:
        return None
    if stream.duration:
        end = ((stream.start_time or 0) + stream.duration) * stream.time_base
        return float(end) - clock_zero(container)
    end = (container.start_time or 0) + (container.duration or 0)
    return end / _TICKS - clock_zero(container) if container.duration else None


def probe(path: Path | str) -> Probe:
    """Return what a media file holds.

    Headers are believed where the format states exact durations (MP4); elsewhere packets are counted.

    Raises:
        Unmeasurable: the file is missing, empty or unreadable, holds neither video nor audio, or is found
            truncated when its packets are counted.
    """
    path = Path(path)
    with opened(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        stream = audio if video is None else video
        if stream is None:
            raise Unmeasurable(f"{path.name}: holds neither video nor audio")
        end = declared_end(container, stream)
        width, height = (video.width, video.height) if video else (0, 0)
        if video and _is_on_its_side(container, video):
            width, height = height, width
        found = Probe(
            seconds=end or 0.0,
            has_video=video is not None,
            has_audio=audio is not None,
            width=width,
            height=height,
            fps=float(video.average_rate or video.guessed_rate or 0) if video else 0.0,
            sample_rate=int(audio.sample_rate or 0) if audio else 0,
            channels=int(audio.channels or 0) if audio else 0,
        )
    return found if found.seconds > 0 else replace(found, seconds=_measured_end(path))


def check_video(path: Path | str) -> Probe:
    """Return the probe of a video that can be used: it has a first frame, and packets to its declared end.

    Only the first frame is decoded; the rest of the file is read but not decoded.

    Raises:
        Unmeasurable: missing, empty, unreadable, without a video stream, without frames, or truncated.
    """
    path = Path(path)
    found = probe(path)
    with opened(path) as container:
        stream = require_video(container, path)
        if next(decoded(container, stream), None) is None:
            raise Unmeasurable(f"{path.name}: the video has no readable frame")
        declared = declared_end(container, stream)
    require_length(path, _measured_end(path), declared)
    return found


def require_length(path: Path, there: float, declared: float | None) -> None:
    """Raise Unmeasurable where less than `LEAST_READABLE` of the declared seconds is there."""
    if declared and there < LEAST_READABLE * declared:
        raise Unmeasurable(
            f"{path.name}: truncated: {max(there, 0.0):.2f} s of the declared {declared:.2f} s are readable"
        )


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the decoded frames of one stream, in order of presentation, skipping packets that are damaged.

    A file that breaks off ends the stream; whether enough was there is for the caller to say.
    """
    import av

    try:
        for packet in container.demux(stream):
            with suppress(av.error.InvalidDataError):
                yield from packet.decode()
    except (av.error.InvalidDataError, av.error.EOFError):
        return


def _formats(container: Any) -> set[str]:
    return set(container.format.name.split(","))


def _whole_end(container: Any) -> float | None:
    """Return where the header says that the longest stream ends, for formats that say just that."""
    if not container.duration or not _formats(container) & _STATES_WHOLE_DURATION:
        return None
    # Counted from the time stamp zero, whenever the first stream starts; some writers count from that start.
    end, zero = float(container.duration / _TICKS), clock_zero(container)
    return end - zero if end > zero else end


def _measured_end(path: Path) -> float:
    """Return where the packets of the video end, or of the audio if there is no video; nothing is decoded.

    Raises:
        Unmeasurable: the header states the length of the whole, and the packets of all streams end before it.
    """
    import av

    with opened(path) as container:
        chosen = video_stream(container) or audio_stream(container)
        ends: dict[int, float] = {}
        with suppress(av.error.InvalidDataError, av.error.EOFError):
            for packet in container.demux():
                if packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    end += 0.0 if packet.duration else _frame_seconds(packet.stream)
                    ends[packet.stream_index] = max(end, ends.get(packet.stream_index, end))
        zero = clock_zero(container)
        require_length(path, max(ends.values(), default=zero) - zero, _whole_end(container))
        return ends.get(chosen.index, zero) - zero if chosen else 0.0


def _frame_seconds(stream: Any) -> float:
    return float(1 / stream.average_rate) if stream.type == "video" and stream.average_rate else 0.0


def _is_on_its_side(container: Any, stream: Any) -> bool:
    frame = next(decoded(container, stream), None)
    return frame is not None and round(frame.rotation / 90) % 2 == 1
