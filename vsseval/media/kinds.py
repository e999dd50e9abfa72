"""What kind of file lies in a folder: a video, a sound, a picture, a text, or something else; by content, not by name.

Whatever container PyAV opens counts. The suffix is asked only where the content says nothing: an empty or damaged file
that is called a video is a video that cannot be used, and not something to pass over.
"""

from __future__ import annotations

import codecs
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

from vsseval.errors import Unmeasurable
from vsseval.media.facts import Kind, Look
from vsseval.media.memory import recalled
from vsseval.media.opening import opened
from vsseval.media.streams import audio_stream, video_stream

__all__ = ["SOUND_SUFFIXES", "VIDEO_SUFFIXES", "look"]

VIDEO_SUFFIXES = frozenset(
    ".3g2 .3gp .asf .avi .divx .dv .f4v .flv .ivf .m2t .m2ts .m2v .m4v .mj2 .mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg "
    ".mpg .mts .mxf .nut .ogv .qt .rm .rmvb .ts .vob .webm .wmv .wtv .y4m".split()
)
"""Names of containers with pictures, in lower case."""

SOUND_SUFFIXES = frozenset(
    ".aac .ac3 .aif .aifc .aiff .amr .ape .au .caf .flac .m4a .m4b .mka .mp2 .mp3 .oga .ogg .opus .spx .tta .w64 .wav "
    ".wma .wv".split()
)
"""Names of files of sound alone, in lower case."""

_ALSO_CODE = frozenset({".ts", ".mts"})  # TypeScript
_ANIMATED = frozenset({"gif", "apng", "webp_pipe", "jpegxl_anim"})
"""Formats of pictures that may move."""
_STILL = frozenset({"image2", "ico", "tty", "fits", "avif", "svg_pipe"})
_STILL_SUFFIXES = frozenset({".heic", ".heif", ".avif"})  # one picture in a container of videos
_HEAD = 4096


def look(path: Path) -> Look:
    """Return what a file is; one that cannot be opened is what its suffix says; a pipe or device is never opened."""
    return recalled("look", path, lambda: _look(path))


def _look(path: Path) -> Look:
    if not path.is_file():
        return _by_suffix(path)
    if _is_text(path):
        named = _by_suffix(path)
        return named if named.kind != "other" and path.suffix.lower() not in _ALSO_CODE else Look("text")
    try:
        with opened(path) as container:
            return _content(path, container)
    except Unmeasurable:
        return _by_suffix(path)


def _by_suffix(path: Path) -> Look:
    suffix = path.suffix.lower()
    return Look("video" if suffix in VIDEO_SUFFIXES else "sound" if suffix in SOUND_SUFFIXES else "other")


def _content(path: Path, container: Any) -> Look:
    name = container.format.name
    video, audio = video_stream(container), audio_stream(container)
    if video is not None and name in _ANIMATED:
        return Look("video") if _moves(container, video) else Look("picture")
    still = name in _STILL or name.endswith("_pipe") or path.suffix.lower() in _STILL_SUFFIXES
    if video is not None and still:
        return Look("picture")
    if video is None and audio is None:
        return _by_suffix(path)
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
    return other.type == stream.type and not other.disposition & 0x400  # AV_DISPOSITION_ATTACHED_PIC


def _is_text(path: Path) -> bool:
    """Return whether a file begins with readable text: subtitles, lists and notes, which PyAV would open as well."""
    head = b""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(text) and not any(unicodedata.category(mark) == "Cc" and mark not in "\t\n\r\f\x1b" for mark in text)
