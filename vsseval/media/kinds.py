"""What kind of file lies in a folder: a video, a sound, a picture, a text, or something else; by content, not by name.

Whatever container PyAV opens counts. The suffix is asked only where the content says nothing: an empty or damaged file
that is called a video is a video that cannot be used, and not something to pass over.
"""

from __future__ import annotations

import codecs
import unicodedata
from contextlib import suppress
from pathlib import Path

from vsseval.errors import Unmeasurable
from vsseval.media import wire
from vsseval.media.apart import ask, raw
from vsseval.media.facts import Look
from vsseval.media.memory import recalled

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
        found = ask(path, wire.AskLook(path=raw(path)), wire.Looked).look
    except Unmeasurable:
        found = None
    return found or _by_suffix(path)


def _by_suffix(path: Path) -> Look:
    suffix = path.suffix.lower()
    return Look("video" if suffix in VIDEO_SUFFIXES else "sound" if suffix in SOUND_SUFFIXES else "other")


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
