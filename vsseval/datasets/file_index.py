"""A data folder, walked once: finds the file of a clip under any of the names that people give it.

Names are compared in composed Unicode, suffixes in lower case. Hidden files, unfinished downloads and whatever is no
medium or text are never taken for a clip; nor is what lies in folders where systems put their results, for it has the
names of the clips.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Literal, NamedTuple

from vsseval.errors import UsageError
from vsseval.media import SOUND_SUFFIXES, VIDEO_SUFFIXES

__all__ = ["FileIndex", "LocatedFile", "composed", "walk", "youtube_names"]

MediaKind = Literal["video", "audio", "text"]

_SUFFIXES = {"video": VIDEO_SUFFIXES, "audio": SOUND_SUFFIXES, "text": frozenset({".txt", ".lab", ".align"})}
_CLIP = re.compile(r"(?P<youtube>.{11})_(?P<start>\d+)(?:_(?P<end>\d+))?", re.DOTALL)
_SOUND_FOLDERS = ("audio", "wav", "sound")
_RESULTS = re.compile(r"(generated|generations?|outputs?|results?|predictions?|predicted)([_.-].*)?", re.IGNORECASE)
_CLIP_SECONDS = 10
"""VGGSound and AudioSet cut ten seconds from a video."""


class LocatedFile(NamedTuple):
    """The file of a clip, or why there is none that could be used."""

    path: Path | None
    problem: str | None = None


class FileIndex:
    """Every file below a folder, by relative name and by stem."""

    def __init__(self, root: Path) -> None:
        """Walk the folder; links to folders are followed once.

        Raises:
            UsageError: there is no such folder, or a folder below it cannot be read.
        """
        # Absolute without resolving links: a link is how many people name their data.
        self.root = Path(os.path.abspath(root))  # noqa: PTH100
        if not self.root.is_dir():
            raise UsageError(f"--root {root} {'is no folder' if self.root.exists() else 'does not exist'}")
        self._files: dict[str, Path] = {}
        self._stems: dict[tuple[str, str], list[Path]] = {}
        for path in walk(self.root):
            self._files[composed(path.relative_to(self.root).as_posix())] = path
            for kind, suffixes in _SUFFIXES.items():
                if path.suffix.lower() in suffixes:
                    self._stems.setdefault((kind, composed(path.stem)), []).append(path)

    def __len__(self) -> int:
        return len(self._files)

    def media(self, kind: MediaKind) -> list[Path]:
        """Return every file of a kind, sorted."""
        return sorted(path for (found, _), paths in self._stems.items() if found == kind for path in paths)

    def names(self) -> list[str]:
        """Return every file's name relative to the root, with slashes, sorted."""
        return sorted(self._files)

    def at(self, *names: str) -> Path | None:
        """Return the first of some relative names that is there."""
        return next((self._files[name] for name in map(composed, names) if name in self._files), None)

    def stem(self, kind: MediaKind, *stems: str) -> LocatedFile:
        """Return the only file of a kind that has one of some stems, wherever it lies below the root."""
        paths = [path for stem in dict.fromkeys(map(composed, stems)) for path in self._stems.get((kind, stem), [])]
        return self._only(kind, paths, stems)

    def pair(self, kind: MediaKind, *names: str) -> LocatedFile:
        """Return the only file of a kind whose folder and stem are `folder/stem`, wherever that folder lies."""
        found: list[Path] = []
        for name in dict.fromkeys(map(composed, names)):
            folder, _, stem = name.rpartition("/")
            found += [path for path in self._stems.get((kind, stem), []) if composed(path.parent.name) == folder]
        return self._only(kind, found, names)

    def _only(self, kind: MediaKind, paths: list[Path], names: tuple[str, ...]) -> LocatedFile:
        if not paths:
            asked = " or ".join(list(dict.fromkeys(names))[:2])
            return LocatedFile(None, f"absent: no {kind} is named {asked}")
        if len(paths) > 1:
            shown = " and ".join(path.relative_to(self.root).as_posix() for path in sorted(paths)[:3])
            return LocatedFile(
                None, f"two files: {shown} could both be the {kind}; keep one, or name a narrower --root"
            )
        return LocatedFile(paths[0])

    def sound_of(self, video: Path, *stems: str) -> Path | None:
        """Return the sound that belongs to a video: beside it, or in a folder of sounds beside the video's.

        A folder may also hold what systems have generated, under the same names: that is never taken.
        """
        homes = {video.parent}
        for stem in map(composed, stems or (video.stem,)):
            for path in self._stems.get(("audio", stem), []):
                beside = path.parent.parent == video.parent.parent
                if path.parent in homes or (beside and path.parent.name.lower().startswith(_SOUND_FOLDERS)):
                    return path
        return None


def composed(text: str) -> str:
    """Return a name in composed Unicode: some file systems hand out "é" as two characters."""
    return unicodedata.normalize("NFC", text)


def youtube_names(clip: str) -> tuple[str, ...] | None:
    """Return the names under which a clip of a YouTube video lies, the canonical one first; None if it is no such id.

    The first eleven characters are YouTube's and may hold "_" and "-" anywhere, so an id is never split at them.

    Args:
        clip: `{id}_{start in s, six digits}`, or `{id}_{start}_{end}` in milliseconds or seconds; a suffix may follow.
    """
    found = _CLIP.fullmatch(re.sub(r"\.(mp4|mkv|webm|wav|flac)$", "", clip))
    if found is None:
        return None
    youtube, start, end = found["youtube"], int(found["start"]), found["end"]
    # Some write both ends in seconds.
    if end is not None and int(end) - start >= 1000:
        start //= 1000
    seconds = f"{youtube}_{start:06d}"
    millis = f"{youtube}_{start * 1000}_{(start + _CLIP_SECONDS) * 1000}"
    return seconds, millis, f"{youtube}_{start}", f"{youtube}_{start}_{start + _CLIP_SECONDS}"


def walk(root: Path, passed: dict[Path, str] | None = None, *, results: bool = False) -> list[Path]:
    """Return every file below a folder, sorted; links to folders are followed once.

    Args:
        root: the folder.
        passed: is given what is passed over, and why; what is hidden is not mentioned.
        results: whether folders in which systems put their results are walked as well.

    Raises:
        UsageError: a folder cannot be read.
    """
    passed = {} if passed is None else passed
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}. Make it readable, and run again")

    for folder, below, names in os.walk(root, onerror=unreadable, followlinks=True):
        state = Path(folder).stat()
        if (state.st_dev, state.st_ino) in seen:
            below.clear()  # a link that leads back: it would be walked for ever
            passed[Path(folder)] = "a link to a folder that is read already"
            continue
        seen.add((state.st_dev, state.st_ino))
        shown = sorted(name for name in below if not name.startswith("."))
        below[:] = [name for name in shown if results or not _RESULTS.fullmatch(name)]
        passed |= {Path(folder, name): "a folder of results by its name" for name in shown if name not in below}
        files = [name for name in names if not name.startswith(".")]
        special = {name for name in files if _is_special(Path(folder, name))}
        passed |= {Path(folder, name): "a pipe, a socket or a device" for name in special}
        files = [name for name in files if name not in special]
        found.extend(Path(folder, name) for name in files if _is_unicode(name))
        passed |= {Path(folder, name): "its name is no Unicode" for name in files if not _is_unicode(name)}
    return sorted(found)


def _is_special(path: Path) -> bool:
    """Return whether something is there that is no file; a link to nowhere is a file that is missing."""
    return path.exists() and not path.is_file()


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False  # bytes that are no text: no list can name such a file
    return True
