"""What kind of file lies there, by its content. Runs in the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vsseval.media.facts import Kind, Look
from vsseval.media.opening import opened
from vsseval.media.streams import audio_stream, is_cover, video_stream

__all__ = ["content"]

_ANIMATED = frozenset({"gif", "apng", "webp_pipe", "jpegxl_anim"})
"""Formats of pictures that may move."""
_STILL = frozenset({"image2", "ico", "tty", "fits", "avif", "svg_pipe"})
_STILL_SUFFIXES = frozenset({".heic", ".heif", ".avif"})  # one picture in a container of videos


def content(path: Path) -> Look | None:
    """Return what a file is by its content; None where that does not tell.

    Raises:
        Unmeasurable: it cannot be opened.
    """
    with opened(path) as container:
        return _content(path, container)


def _content(path: Path, container: Any) -> Look | None:
    name = container.format.name
    video, audio = video_stream(container), audio_stream(container)
    if video is not None and name in _ANIMATED:
        return Look("video") if _moves(container, video) else Look("picture")
    still = name in _STILL or name.endswith("_pipe") or path.suffix.lower() in _STILL_SUFFIXES
    if video is not None and still:
        return Look("picture")
    if video is None and audio is None:
        return None
    kind: Kind = "sound" if video is None else "video"
    return Look(kind, audio is not None, _taken(container, video, audio))


def _moves(container: Any, stream: Any) -> bool:
    packets = 0
    for packet in container.demux(stream):
        packets += packet.size > 0
        if packets > 1:
            return True
    return False


def _taken(container: Any, video: Any, audio: Any) -> str:
    """Say which track is taken where there are several; covers do not count."""
    said = []
    for stream, kind in ((video, "video"), (audio, "audio")):
        tracks = [other for other in container.streams if stream is not None and _is_like(other, stream)]
        if len(tracks) > 1:
            language = stream.metadata.get("language", "")
            named = f" ({language})" if language not in {"", "und"} else ""
            said.append(f"of {len(tracks)} {kind} tracks, number {tracks.index(stream) + 1}{named} is taken")
    return ", ".join(said)


def _is_like(other: Any, stream: Any) -> bool:
    return other.type == stream.type and not is_cover(other)
