"""The files of a user's folder: what each is, whose clip's name it bears, and which are passed over for what reason.

One rule of names holds for the videos of a benchmark and for the sounds of a system: a file is named by its stem; where
the folders below hold a stem twice, by its path without the suffix, with "__" for "/". Names are compared in composed
Unicode. Case counts.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from vsseval.datasets.file_index import composed, walk
from vsseval.media import SOUND_SUFFIXES, VIDEO_SUFFIXES, Look, look

__all__ = ["Contents", "Names", "OwnFile", "contents", "ids", "is_sound", "own_files", "some", "tell"]

_SHOWN = 40
"""Files of one reason that are named; the rest are counted."""

log = logging.getLogger("vsseval")


class OwnFile(NamedTuple):
    """A file of a user's folder."""

    path: Path
    place: str
    """Path below the folder, without the suffix, with "__" for "/", in composed Unicode."""
    stem: str
    """The last part of the place."""


class Names:
    """Files by the names of clips."""

    def __init__(self, files: Iterable[OwnFile], *, decode: bool = False) -> None:
        """Sort the files by place and by stem.

        Args:
            files: in the order in which they are found again.
            decode: whether names are percent-encoded.
        """
        self._places: defaultdict[str, list[OwnFile]] = defaultdict(list)
        self._stems: defaultdict[str, list[OwnFile]] = defaultdict(list)
        for file in files:
            place, stem = (unquote(file.place), unquote(file.stem)) if decode else (file.place, file.stem)
            self._places[place].append(file)
            self._stems[stem].append(file)

    def find(self, clip: str) -> list[OwnFile]:
        """Return the files whose place is the name of a clip; where there are none, those whose stem is."""
        name = composed(clip)
        return self._places.get(name) or self._stems.get(name) or []


class Contents(NamedTuple):
    """What a folder of clips holds."""

    root: Path
    videos: list[OwnFile]
    """Also those that are damaged, and those that are called videos and hold only sound."""
    sounds: list[OwnFile]
    looks: dict[Path, Look]
    """Of every file."""
    passed: dict[Path, str]
    """What is passed over, and why."""
    spelled: dict[str, Path]
    """Every file by its path in composed Unicode."""

    def at(self, cell: str) -> Path:
        """Return the file that a list names, whatever Unicode form and slashes it is written in."""
        given = self.root / cell
        if given.exists():
            return given
        wanted = composed(given.as_posix())
        return self.spelled.get(wanted) or self.spelled.get(wanted.replace("\\", "/")) or given


def own_files(root: Path, passed: dict[Path, str], *, results: bool = False) -> list[OwnFile]:
    """Return the files below a folder but the hidden ones, sorted; see `walk`."""
    return [_own_file(path, root) for path in walk(root, passed, results=results)]


def contents(root: Path) -> Contents:
    """Look at every file of a folder of clips.

    Raises:
        UsageError: a folder below it cannot be read.
    """
    passed: dict[Path, str] = {}
    files = own_files(root, passed)
    looks = {file.path: look(file.path) for file in files}
    videos = [file for file in files if _is_called_video(file.path, looks[file.path])]
    called = {file.path for file in videos}
    sounds = [file for file in files if looks[file.path].kind == "sound" and file.path not in called]
    return Contents(root, videos, sounds, looks, passed, {composed(path.as_posix()): path for path in looks})


def ids(files: Iterable[OwnFile]) -> dict[Path, str]:
    """Return the id of each file: its stem, or its place where the stem is found in several places."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    files = list(files)
    for file in files:
        places[file.stem].add(file.place)
    return {file.path: file.stem if len(places[file.stem]) == 1 else file.place for file in files}


def tell(root: Path, passed: Mapping[Path, str]) -> None:
    """Log what is passed over, one line for each reason."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for path, reason in sorted(passed.items()):
        name = path.relative_to(root) if path.is_relative_to(root) else path
        reasons[reason].append(str(name).encode("utf-8", "backslashreplace").decode())
    for reason, names in reasons.items():
        log.warning("%s: passed over, %s: %s", root, reason, some(names))


def some(names: Sequence[str]) -> str:
    """Return names in a line; of very many the first, and how many there are more."""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def is_sound(path: Path) -> bool:
    """Return whether a file is taken for the sound of a clip: by its suffix, else by what it holds."""
    return path.suffix.lower() in SOUND_SUFFIXES | VIDEO_SUFFIXES or look(path).has_audio


def _own_file(path: Path, root: Path) -> OwnFile:
    """Return a file with the names it has below a folder."""
    place = composed("__".join(path.relative_to(root).with_suffix("").parts))
    return OwnFile(path, place, composed(path.stem))


def _is_called_video(path: Path, seen: Look) -> bool:
    return seen.kind == "video" or (seen.kind == "sound" and path.suffix.lower() in VIDEO_SUFFIXES)
