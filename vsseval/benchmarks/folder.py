"""`folder:PATH`: a folder of the user's own videos, with or without a list, as a benchmark.

Without a list, every video of the folder is a clip: its id is the file's name without the suffix, its reference is
its own audio track. A list (`clips.csv` or `clips.jsonl`) names the clips and what is known of them. Nothing is
written into the folder.

What cannot be used is never dropped. A clip whose video is missing, empty, truncated or without frames keeps its
place in N with a `problem`. A reference or speaker prompt that cannot be opened is no fault of any model: the clip is
used without it, the log says so, and the metrics that need it are `not_applicable` there. A list that contradicts
itself (two clips of one id, a line that is not JSON) is refused whole, with every fault in one message.
"""

from __future__ import annotations

import logging
import math
import os.path
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vsseval.benchmarks.base import BenchmarkCard, Sample
from vsseval.benchmarks.clip_list import Row, id_fault, read_list, refuse
from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import check_video, probe, sha256
from vsseval.store.manifest import manifest_hash
from vsseval.types import Medium, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LISTS", "VIDEO_SUFFIXES", "Folder", "folder"]

VIDEO_SUFFIXES = frozenset({".mp4", ".mpg", ".mpeg", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
"""What counts as a video, in lower case."""

LISTS = ("clips.csv", "clips.jsonl")

_EXAMPLE = "--benchmark folder:my_clips, where my_clips holds videos (mp4, mpg, mov, mkv, webm, avi)"

log = logging.getLogger("vsseval")


class _Entry(NamedTuple):
    """A clip as it is named, before its media are opened."""

    id: str
    video: Path | None
    cells: dict[str, str]
    window: tuple[float, float] | None = None


class Folder:
    """A folder of videos. Built once: the list is read, and every medium opened and hashed, in the constructor."""

    def __init__(self, root: Path) -> None:
        """Read the folder.

        Raises:
            UsageError: there is no such folder, it holds no clips, or its list is faulty.
        """
        # Absolute, since extraction may run in processes that stand elsewhere.
        root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would follow links out of the folder)
        if not root.is_dir():
            raise UsageError(f"{root} {'is not a folder' if root.exists() else 'does not exist'}: write {_EXAMPLE}")
        entries = _listed(root) if any((root / name).exists() for name in LISTS) else _unlisted(root)
        self._samples = tuple(_sample(root, entry) for entry in entries)
        self.card = _card(root, self._samples)

    def samples(self) -> Sequence[Sample]:
        """Return the clips, in the list's order; without a list, sorted by file name."""
        return self._samples


def folder(argument: str | None) -> Folder:
    """Return the benchmark of `--benchmark folder:PATH`.

    Raises:
        UsageError: no folder is named, there is none of that name, it holds no clips, or its list is faulty.
    """
    if not argument:
        raise UsageError(f"the benchmark `folder` needs a path: {_EXAMPLE}")
    return Folder(Path(argument).expanduser())


def _videos(root: Path) -> list[Path]:
    return sorted(
        path
        for path in root.iterdir()
        if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".") and not path.is_dir()
    )


def _unlisted(root: Path) -> list[_Entry]:
    videos = _videos(root)
    if not videos:
        below = sorted(path.name for path in root.iterdir() if path.is_dir() and _videos(path))
        hint = f"its subfolder {below[0]!r} does: name that, or list them in clips.csv" if below else _EXAMPLE
        raise UsageError(f"{root} holds no videos: {hint}")
    faults = [f"{path.name!r}: {fault}" for path in videos if (fault := id_fault(path.stem))]
    by_id: dict[str, list[str]] = {}
    for path in videos:
        by_id.setdefault(path.stem, []).append(path.name)
    faults += [f"{' and '.join(names)} share the id {stem!r}" for stem, names in by_id.items() if len(names) > 1]
    refuse(root, [f"{fault}: rename it, or give ids in clips.csv" for fault in faults])
    return [_Entry(path.stem, path, {}) for path in videos]


def _listed(root: Path) -> list[_Entry]:
    present = [root / name for name in LISTS if (root / name).exists()]
    if len(present) > 1:
        raise UsageError(f"{root} holds both {' and '.join(LISTS)}: keep one")
    rows, faults = read_list(present[0])
    by_stem: dict[str, list[Path]] = {}
    for path in _videos(root):
        by_stem.setdefault(path.stem, []).append(path)
    entries: list[_Entry] = []
    first: dict[str, int] = {}
    for row in rows:
        entry, wrong = _entry(root, row, by_stem)
        if entry.id and entry.id in first:
            wrong.append(f"the id {entry.id!r} is already that of line {first[entry.id]}")
        first.setdefault(entry.id, row.line)
        faults.extend(f"line {row.line}: {fault}" for fault in wrong)
        entries.append(entry)
    refuse(present[0], sorted(faults, key=lambda fault: int(fault.split(":")[0].removeprefix("line "))))
    if not entries:
        raise UsageError(f"{present[0]} names no clips: write one line per clip, or remove it to take every video")
    return entries


def _entry(root: Path, row: Row, by_stem: dict[str, list[Path]]) -> tuple[_Entry, list[str]]:
    cells = row.cells
    wrong = [
        f"{name} {cells[name]!r} leads out of the folder: give an absolute path for that"
        for name in ("video", "reference", "speaker_prompt")
        if name in cells and _escapes(cells[name])
    ]
    wrong += [f"{name} holds a NUL character" for name, cell in cells.items() if "\0" in cell and name != "id"]
    clip = cells.get("id") or Path(cells.get("video", "")).stem
    if not clip and "video" not in cells:
        wrong.append("neither id nor video is given")
    elif fault := id_fault(clip):
        wrong.append(fault)
    same_stem = by_stem.get(clip, [])
    if "video" not in cells and len(same_stem) > 1:
        names = " and ".join(path.name for path in same_stem)
        wrong.append(f"{names} could both be the video of {clip!r}: say which under video")
    video = root / cells["video"] if "video" in cells else next(iter(same_stem), None)
    window, fault = _window(cells)
    if fault:
        wrong.append(fault)
    return _Entry(clip, video, cells, window), wrong


def _escapes(path: str) -> bool:
    return not Path(path).is_absolute() and Path(os.path.normpath(path)).parts[:1] == (os.pardir,)


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
        return None, f"speech from {given[0]} to {given[1]} s is no stretch of time"
    return (start, end), None


def _sample(root: Path, entry: _Entry) -> Sample:
    """Open a clip's media; what is wrong with the video is the clip's problem."""
    cells = entry.cells
    video, seconds, has_audio, problem = _video(entry)
    own = video if has_audio else None
    return Sample(
        id=entry.id,
        cluster=cells.get("cluster", entry.id),
        duration=seconds,
        video=video,
        caption=cells.get("caption"),
        transcript=cells.get("transcript"),
        language=cells.get("language", "en"),
        speech_window=entry.window,
        speaker_prompt=_sound(root, entry, "speaker_prompt") if "speaker_prompt" in cells else None,
        reference=_sound(root, entry, "reference") if "reference" in cells else own,
        label=cells.get("label"),
        problem=problem,
    )


def _video(entry: _Entry) -> tuple[Medium | None, float, bool, str | None]:
    """Return the video, its seconds, whether it has an audio track, and why it cannot be used."""
    if entry.video is None:
        return None, 0.0, False, f"there is no video named {entry.id!r} in the folder"
    medium: Medium | None = None
    try:
        medium = Medium(path=entry.video, sha256=sha256(entry.video))
        found = check_video(entry.video)
    except Unmeasurable as reason:
        return medium, 0.0, False, f"unusable video: {reason}"
    return medium, found.seconds, found.has_audio, None


def _sound(root: Path, entry: _Entry, column: str) -> Medium | None:
    """Return a reference or speaker prompt; None, and a warning, where it cannot be opened or has no audio."""
    path = root / entry.cells[column]
    try:
        medium = Medium(path=path, sha256=sha256(path))
        if probe(path).has_audio:
            return medium
        reason = f"{path.name}: has no audio track"
    except Unmeasurable as error:
        reason = str(error)
    log.warning("clip %r is used without its %s: %s", entry.id, column.replace("_", " "), reason)
    return None


def _card(root: Path, samples: tuple[Sample, ...]) -> BenchmarkCard:
    return BenchmarkCard(
        name="folder",
        version=manifest_hash(samples)[:8],
        task=_task(samples),
        size=len(samples),
        licence="the user's own",
        description=f"The clips of {root.name}.",
        metrics=_metrics(samples),
    )


def _task(samples: tuple[Sample, ...]) -> Task:
    spoken = any(sample.transcript for sample in samples)
    sounding = any(sample.caption or sample.label for sample in samples)
    if spoken:
        return "joint" if sounding else "vtts"
    return "v2s"


def _metrics(samples: tuple[Sample, ...]) -> tuple[str, ...]:
    """Return the embedded metrics for which at least one clip has what they need."""
    spoken = {sample.language for sample in samples if sample.transcript}
    possible = {
        "fad@logmel": any(sample.reference for sample in samples),
        "clap_score@mini": any(sample.caption for sample in samples),
        "desync@onset": any(sample.video for sample in samples),
        "wer@sphinx-grid": "en-grid" in spoken,
        "wer@sphinx-lm": "en" in spoken,
        "spk_sim@ge2e": any(sample.speaker_prompt for sample in samples),
    }
    return tuple(metric for metric, there in possible.items() if there)
