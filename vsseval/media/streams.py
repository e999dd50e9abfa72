"""Which stream of a container is meant, on which clock its times are, and where its header says that it ends.

One time zero for all: **t = 0 is the start of the container**, the time stamp of whichever stream begins first, as
players and `ffmpeg -i FILE` have it, wherever that is (-0.4 s, 0.667 s, an hour). Streams keep their distance from one
another: pictures that begin 20 ms after the sound begin at 0.02 s. What a decoder discards (the priming of AAC in MP4
and Matroska, the pre-skip of Opus, what an edit list leaves out) is not there, and moves nothing. A loose sound file
beside a video begins where the video's t = 0 is.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.errors import Unmeasurable
from vsseval.media.edit_lists import edited_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LEAST_READABLE",
    "UNKNOWN_SOUND",
    "UNKNOWN_VIDEO",
    "audio_stream",
    "clock_zero",
    "declared_end",
    "decoded",
    "formats",
    "is_cover",
    "is_known",
    "require_length",
    "require_video",
    "video_stream",
    "whole_end",
]

LEAST_READABLE = 0.9
"""Share of the declared duration that must be there; with less, a file counts as truncated."""

_STATES_EACH_DURATION = frozenset({"mov", "mp4", "flac", "aiff", "au", "wav", "w64"})
_STATES_WHOLE_DURATION = frozenset({"matroska", "webm", "avi"})
UNKNOWN_SOUND = "the codec of its audio track is not known here"
UNKNOWN_VIDEO = "the codec of its video is not known here; convert it with ffmpeg to H.264"

_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of an album is no video
_STILLS = frozenset({"mjpeg", "png", "bmp", "tiff", "webp", "jpeg2000", "jpegls"})
"""Codecs of pictures that are whole each, as covers are."""
_DEFAULT = 0x1  # AV_DISPOSITION_DEFAULT
_TICKS = 1_000_000  # AV_TIME_BASE: container times are in microseconds


def formats(container: Any) -> set[str]:
    """Return the names of a container's format."""
    return set(container.format.name.split(","))


def is_known(stream: Any) -> bool:
    """Return whether there is a decoder for a stream; without one, PyAV gives it no size, rate or channels."""
    return stream.codec_context is not None


def video_stream(container: Any) -> Any | None:
    """Return the video stream that players show, no cover picture, or None."""
    tracks = [one for one in container.streams.video if not is_cover(one)]
    # not all writers mark a cover as one: beside a film, a track of pictures that are whole each is none
    return _chosen([one for one in tracks if is_known(one) and not _is_of_stills(one)] or tracks)


def is_cover(stream: Any) -> bool:
    """Return whether a track is the cover of an album: marked as one, or a single still that nobody marked."""
    marked = bool(stream.disposition & _ATTACHED_PICTURE)
    return marked or (stream.type == "video" and stream.frames == 1 and is_known(stream) and _is_of_stills(stream))


def _is_of_stills(stream: Any) -> bool:
    return stream.codec_context.name in _STILLS


def require_video(container: Any, path: Path) -> Any:
    """Return the video stream that players show; raise Unmeasurable where none can be decoded."""
    stream = video_stream(container)
    if stream is None:
        raise Unmeasurable(f"{path.name}: holds no video stream")
    if not is_known(stream):
        raise Unmeasurable(f"{path.name}: {UNKNOWN_VIDEO}")
    return stream


def audio_stream(container: Any) -> Any | None:
    """Return the audio stream that players play, or None."""
    return _chosen(container.streams.audio)


def _chosen(streams: Any) -> Any | None:
    """Return the first that can be decoded and is marked as default, the first that can be decoded, or the first."""
    known = [stream for stream in streams if is_known(stream)]
    default = [stream for stream in known if stream.disposition & _DEFAULT]
    return next(iter([*default, *known, *streams]), None)


def clock_zero(container: Any) -> float:
    """Return the time stamp, in seconds, at which t = 0: the start of the container (0 where it states none)."""
    return float((container.start_time or 0) / _TICKS)


def declared_end(container: Any, stream: Any) -> float | None:
    """Return where the header says that a stream ends, in seconds from t = 0.

    None where the format states no exact durations for each stream, as MP4 and its kin do: what PyAV says of
    others is an estimate from the bit rate.
    """
    if not formats(container) & _STATES_EACH_DURATION:
        return None
    if formats(container) & {"mov", "mp4"}:
        end_of_edits = edited_ends(Path(container.name)).get(stream.id)
        if end_of_edits:
            return end_of_edits - clock_zero(container)
    if stream.duration:
        end = ((stream.start_time or 0) + stream.duration) * stream.time_base
        return float(end) - clock_zero(container)
    end = (container.start_time or 0) + (container.duration or 0)
    return end / _TICKS - clock_zero(container) if container.duration else None


def whole_end(container: Any) -> float | None:
    """Return where the header says that the longest stream ends, for formats that say just that."""
    if not container.duration or not formats(container) & _STATES_WHOLE_DURATION:
        return None
    if "avi" in formats(container) and video_stream(container) is None:
        return None  # of sound alone, AVI states bytes, which many writers take for samples
    # Counted from the time stamp zero, whenever the first stream starts; some writers count from that start.
    end, zero = float(container.duration / _TICKS), clock_zero(container)
    return end - zero if end > zero else end


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
