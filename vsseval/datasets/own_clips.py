"""The clips of a user's folder before their media are opened: from its list, or from the names of its files."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

from vsseval import language
from vsseval.datasets.file_index import composed
from vsseval.datasets.folder_csv import Row, id_fault, read_list, refuse
from vsseval.datasets.own_files import Contents, Names, OwnFile, ids
from vsseval.errors import UsageError
from vsseval.media import media_limits

__all__ = ["LISTS", "OwnClip", "list_of", "listed", "unlisted"]

LISTS = ("clips.csv", "clips.tsv", "clips.jsonl", "metadata.csv", "metadata.tsv", "metadata.jsonl")
"""In any letter case."""


class OwnClip(NamedTuple):
    """A clip as it is named, before its media are opened."""

    id: str
    video: Path | None
    cells: dict[str, str]
    sound: Path | None = None
    """Its reference, where it is not the video's own track."""
    prompt: Path | None = None
    """Another utterance of the voice that is wanted."""
    window: tuple[float, float] | None = None
    seconds: float | None = None
    """Of a prompt: how long its sound is to be; None for clips that have a video or a recording."""


def list_of(found: Contents) -> Path | None:
    """Return the list of a folder, or None where it has none.

    Raises:
        UsageError: it has two.
    """
    present = [path for path in found.looks if path.parent == found.root and path.name.lower() in LISTS]
    if len(present) > 1:
        raise UsageError(f"{found.root} holds both {' and '.join(path.name for path in present)}: keep one")
    return present[0] if present else None


def unlisted(found: Contents) -> list[OwnClip]:
    """Return a clip for each video; the sound beside it, of the same name, is its reference.

    Raises:
        UsageError: two videos have one id, or a name can be no id.
    """
    named = ids(found.videos)
    beside = _Beside(found)
    faults = [f"{path.name!r}: {fault}" for path, clip in named.items() if (fault := id_fault(clip))]
    by_id: dict[str, list[str]] = {}
    for path, clip in named.items():
        by_id.setdefault(clip, []).append(path.relative_to(found.root).as_posix())
    faults += [f"{' and '.join(names)} share the id {clip!r}" for clip, names in by_id.items() if len(names) > 1]
    refuse(found.root, [f"{fault}: rename it, or give ids in clips.csv" for fault in faults])
    return [OwnClip(named[file.path], file.path, {}, beside.of_video(file.path)) for file in found.videos]


def listed(found: Contents, path: Path) -> list[OwnClip]:
    """Return the clips of a list, in its order.

    Raises:
        UsageError: the list cannot be read, is faulty, or names no clips.
    """
    rows, faults = read_list(path)
    clips: list[OwnClip] = []
    first: dict[str, int] = {}
    videos, beside = Names(found.videos), _Beside(found)
    for row in rows:
        clip, wrong = _clip(found, row, videos, beside)
        if clip.id and clip.id in first:
            wrong.append(f"the id {clip.id!r} is already that of line {first[clip.id]}")
        first.setdefault(clip.id, row.line)
        faults.extend(f"line {row.line}: {fault}" for fault in wrong)
        clips.append(clip)
    if any(clip.video or clip.sound for clip in clips):
        clips = [clip._replace(seconds=None) for clip in clips]  # one that lost its video does not become a prompt
    refuse(path, sorted(faults, key=lambda fault: int(fault.split(":")[0].removeprefix("line "))))
    if not clips:
        raise UsageError(f"{path} names no clips: write one line per clip, or remove it to take every video")
    return clips


class _Beside:
    """The sounds of a folder by the place of the video they lie beside."""

    def __init__(self, found: Contents) -> None:
        self._found = found
        self._places: dict[str, list[OwnFile]] = {}
        for file in found.sounds:
            self._places.setdefault(file.place, []).append(file)
        self._names = Names(found.sounds)
        self._videos = {file.path: file.place for file in found.videos}

    def of_video(self, video: Path) -> Path | None:
        """Return the only sound of a video's place; of several, none, for either could be meant."""
        place = self._videos.get(video)
        return None if place is None else self._only(self._places.get(place, []))

    def named(self, clip: str) -> Path | None:
        """Return the only sound that is named by a clip."""
        return self._only(self._names.find(clip))

    def _only(self, files: list[OwnFile]) -> Path | None:
        if len(files) > 1:
            reason = "sounds of one name, of which either could be the reference (say which in a list)"
            self._found.passed.update((file.path, reason) for file in files)
        return files[0].path if len(files) == 1 else None


def _clip(found: Contents, row: Row, videos: Names, beside: _Beside) -> tuple[OwnClip, list[str]]:
    cells = dict(row.cells)
    wrong = _path_faults(cells)
    file = found.at(cells.pop("file_name")) if "file_name" in cells and not wrong else None
    if file is not None:
        column = "video" if file not in found.looks or found.looks[file].kind == "video" else "reference"
        cells.setdefault(column, str(file))
    clip = composed(cells.get("id") or Path(cells.get("video") or cells.get("reference", "")).stem)
    if not clip and not {"video", "reference"} & cells.keys():
        wrong.append("neither id nor video is given")
    elif fault := id_fault(clip):
        wrong.append(fault)
    same = videos.find(clip)
    if "video" not in cells and len(same) > 1:
        names = " and ".join(other.path.relative_to(found.root).as_posix() for other in same)
        wrong.append(f"{names} could both be the video of {clip!r}: say which under video")
    video = found.at(cells["video"]) if "video" in cells and not wrong else None
    if "video" not in cells and same:
        video = same[0].path
    wrong += _set_language(cells)
    window, fault = _window(cells)
    if fault:
        wrong.append(fault)
    seconds, fault = _seconds(cells)
    if fault:
        wrong.append(fault)
    if wrong:
        return OwnClip(clip, None, cells), wrong
    prompt = found.at(cells["speaker_prompt"]) if "speaker_prompt" in cells else None
    return OwnClip(clip, video, cells, _sound(found, cells, clip, video, beside), prompt, window, seconds), []


def _sound(found: Contents, cells: dict[str, str], clip: str, video: Path | None, beside: _Beside) -> Path | None:
    if "reference" in cells:
        return found.at(cells["reference"])
    if video is None:
        return beside.named(clip)
    return beside.of_video(video)


def _path_faults(cells: dict[str, str]) -> list[str]:
    wrong = [
        f"{name} {cells[name]!r} leads out of the folder: give an absolute path for that"
        for name in ("video", "reference", "speaker_prompt", "file_name")
        if name in cells and _escapes(cells[name])
    ]
    return wrong + [f"{name} holds a NUL character" for name, cell in cells.items() if "\0" in cell and name != "id"]


def _escapes(path: str) -> bool:
    return not Path(path).is_absolute() and Path(os.path.normpath(path)).parts[:1] == (os.pardir,)


def _set_language(cells: dict[str, str]) -> list[str]:
    """Bring the language into its canonical form; English that follows GRID's grammar is of that grammar."""
    try:
        tag = language.parse(cells.get("language", language.ENGLISH))
        cells["language"] = language.recognised(tag, cells.get("transcript"))
    except ValueError as error:
        return [str(error)]
    return []


def _window(cells: dict[str, str]) -> tuple[tuple[float, float] | None, str | None]:
    given = [cells[name] for name in ("speech_start", "speech_end") if name in cells]
    if not given:
        return None, None
    if len(given) == 1:
        return None, "speech_start and speech_end go together"
    try:
        start, end = map(float, given)
    except ValueError:
        return None, f"speech_start and speech_end must be seconds, not {given[0]!r} and {given[1]!r}"
    if not (math.isfinite(end) and 0 <= start < end):
        return None, f"speech from {given[0]} to {given[1]} s is not a span of time"
    return (start, end), None


def _seconds(cells: dict[str, str]) -> tuple[float | None, str | None]:
    """Return how long a prompt is to be; a length without words to be turned into sound is no prompt."""
    if "duration" not in cells or not {"caption", "transcript"} & cells.keys():
        return None, None
    try:
        seconds = float(cells["duration"])
    except ValueError:
        return None, f"duration must be seconds, not {cells['duration']!r}"
    if not 0 < seconds <= media_limits().seconds:
        return None, f"a duration of {cells['duration']} s is none: above 0, at most {media_limits().seconds:g}"
    return seconds, None
