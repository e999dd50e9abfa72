"""Clips of YouTube videos: the lists of VGGSound in all their forms, and the entry of a clip in a folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from vsseval.datasets import clip_lists
from vsseval.datasets.clip_lists import ListText
from vsseval.datasets.description import ClipEntry
from vsseval.datasets.file_index import FileIndex, youtube_names

__all__ = ["Row", "rows", "youtube_entry"]

_WINDOW = 2.56
"""Seconds that V-AURA generates; its lists say where each begins (Viertola et al., 2024)."""
_VSSFLOW_BARS = 6
"""Of a line of VSSFlow's lists: video, CLIP, speaker, lips, Synchformer, phones by time, phones; no header."""


class Row(NamedTuple):
    """One line of a list."""

    names: tuple[str, ...]
    """Names under which the clip may lie, its id first."""
    label: str | None = None
    subset: str = ""
    start: float = 0.0
    """Seconds of the file at which the clip begins."""
    seconds: float | None = None


def youtube_entry(
    tree: FileIndex, names: tuple[str, ...], *, label: str | None, subset: str, start: float = 0.0,
    seconds: float | None = None, caption: str | None = None,
) -> ClipEntry:  # fmt: skip
    """Return the entry of a YouTube clip: found under any of its names, its sound in the video or beside it."""
    found = tree.stem("video", *names)
    sound = tree.sound_of(found.path, *names) if found.path else None
    return ClipEntry(
        id=names[0], cluster=names[0][:11], video=found.path, reference=sound,
        own_sound=found.path is not None and sound is None, caption=caption or label, label=label, subset=subset,
        start=start, seconds=seconds, problem=found.problem,
    )  # fmt: skip


def rows(found: ListText) -> list[Row]:
    """Return the rows of any of the published lists."""
    head = found.text.split("\n", 1)[0].strip()
    if head == "file,start_sec":
        windows = clip_lists.table(found)[1:]
        return [row for _, row in clip_lists.parsed(found, windows, _windowed)]
    if head.startswith("dataset_name,video_id,start_sec"):
        marked = clip_lists.csv_rows(found, ("video_id", "start_sec", "is_sync"))
        return [
            Row(_names(f"{r['video_id']}_{int(r['start_sec']):06d}"), None, "sync" if r["is_sync"] == "1" else "")
            for _, r in marked
        ]
    if head.count("|") == _VSSFLOW_BARS:
        barred = clip_lists.barred(found)
        return [row for _, row in clip_lists.parsed(found, barred, _of_path)]
    cells = clip_lists.table(found, "\t" if "\t" in head else ",")
    rows_of_text = cells[1:] if head.split("\t")[0] == "id" else cells
    # vggsound.csv holds both splits: `YouTube ID,start seconds,label,split`.
    tests = [(i, row) for i, row in rows_of_text if not (_is_split(row) and row[3] == "train")]
    return [row for _, row in clip_lists.parsed(found, tests, _row)]


def _of_path(cells: list[str]) -> Row:
    return Row(_names(PurePosixPath(cells[0]).name))


def _windowed(cells: list[str]) -> Row:
    return Row(_names(cells[0]), start=float(cells[1]), seconds=_WINDOW)


def _row(cells: list[str]) -> Row:
    if _is_split(cells):
        return Row(_names(f"{cells[0]}_{int(cells[1]):06d}"), cells[2])
    if len(cells) > 2:
        raise ValueError(f"{len(cells)} cells where an id and a label are expected; quote labels with commas")
    return Row(_names(cells[0]), cells[1] if len(cells) > 1 else None)


def _is_split(cells: list[str]) -> bool:
    return len(cells) == 4 and cells[1].isdigit() and cells[3] in {"train", "test"}


def _names(clip: str) -> tuple[str, ...]:
    names = youtube_names(clip)
    if names is None:
        raise ValueError(f"{clip!r} is no id: eleven characters, '_', and the start in seconds or milliseconds")
    return names
