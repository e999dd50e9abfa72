"""What is in a media file: streams, rates, seconds, without decoding it whole. Runs in the decoder."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from vsseval.errors import Unmeasurable
from vsseval.media.facts import Probe
from vsseval.media.joined import joined_parts
from vsseval.media.limits import LONGEST_FILE, BeyondLimit, require_within
from vsseval.media.opening import opened
from vsseval.media.sizes import sound_bytes
from vsseval.media.streams import (
    UNKNOWN_SOUND,
    audio_stream,
    clock_zero,
    declared_end,
    decoded,
    formats,
    is_known,
    require_length,
    require_video,
    video_stream,
    whole_end,
)

__all__ = ["measured_end", "read_checked", "read_probe"]


def read_probe(path: Path) -> Probe:
    """Return what a media file holds; see `vsseval.media.probe.probe`."""
    try:
        return _by_pyav(path)
    except BeyondLimit:
        raise
    except Unmeasurable:
        found = _by_libsndfile(path)
        if found is None:
            raise
        return found


def _by_libsndfile(path: Path) -> Probe | None:
    """Return what a file of sound holds that PyAV cannot open: AIFF and W64 that were written to a pipe."""
    import soundfile

    try:
        if sound_bytes(path) is None:
            return None
        found = soundfile.info(str(path))
    except Exception:  # noqa: BLE001 - PyAV has said why it cannot be read
        return None
    seconds = found.frames / found.samplerate
    facts = Probe(seconds, has_video=False, has_audio=True, sample_rate=found.samplerate, channels=found.channels)
    return facts if seconds > 0 else None


def _by_pyav(path: Path) -> Probe:
    with opened(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        stream = audio if video is None else video
        if stream is None:
            raise Unmeasurable(f"{path.name}: holds neither video nor audio")
        found = Probe(declared_end(container, stream) or 0.0, has_video=video is not None, has_audio=audio is not None)
        if audio is not None and is_known(audio):
            found = replace(found, sample_rate=int(audio.sample_rate or 0), channels=int(audio.channels or 0))
        elif audio is not None:
            found = replace(found, unheard=UNKNOWN_SOUND)
        if video is not None and is_known(video):
            width, height = video.width, video.height
            require_within(path.name, "pixels", width * height, f"its pictures have {width}x{height} pixels")
            if _is_on_its_side(container, video):
                width, height = height, width
            fps = float(video.average_rate or video.guessed_rate or 0)
            found = replace(found, width=width, height=height, fps=fps)
    found = found if found.seconds > 0 else replace(found, seconds=measured_end(path))
    if found.has_video and found.seconds > LONGEST_FILE:
        raise Unmeasurable(
            f"{path.name}: ends after {found.seconds / 3600:.0f} hours by its time stamps, which are damaged; "
            f"write it anew with ffmpeg"
        )
    return found


def read_checked(path: Path) -> Probe:
    """Return the probe of a video that can be used; see `vsseval.media.probe.check_video`."""
    found = read_probe(path)
    with opened(path) as container:
        stream = require_video(container, path)
        if next(decoded(container, stream), None) is None:
            raise Unmeasurable(f"{path.name}: the video has no readable frame")
        declared = declared_end(container, stream)
    require_length(path, measured_end(path), declared)
    return found


def measured_end(path: Path) -> float:
    """Return where the packets of the video end, or of the audio if there is no video; nothing is decoded.

    Raises:
        Unmeasurable: the header states the length of the whole, and the packets of all streams end before it.
    """
    with opened(path) as container:
        parts = joined_parts(path, formats(container), is_seen=video_stream(container) is not None)
        if len(parts) < 2:
            return _container_end(path, container)
    ends = []
    for part in parts:
        with opened(path, BytesIO(part.data), part.form) as container:
            ends.append(_container_end(path, container))
    return sum(ends)


def _container_end(path: Path, container: Any) -> float:
    import av

    chosen = video_stream(container) or audio_stream(container)
    ends: dict[int, float] = {}
    with suppress(av.error.InvalidDataError, av.error.EOFError):
        for packet in container.demux():
            if packet.pts is not None and not packet.is_discard:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                end += 0.0 if packet.duration else _frame_seconds(packet.stream)
                ends[packet.stream_index] = max(end, ends.get(packet.stream_index, end))
    zero = clock_zero(container)
    require_length(path, max(ends.values(), default=zero) - zero, whole_end(container))
    return ends.get(chosen.index, zero) - zero if chosen else 0.0


def _frame_seconds(stream: Any) -> float:
    return float(1 / stream.average_rate) if stream.type == "video" and stream.average_rate else 0.0


def _is_on_its_side(container: Any, stream: Any) -> bool:
    frame = next(decoded(container, stream), None)
    return frame is not None and round(frame.rotation / 90) % 2 == 1
