"""Reads the table of a downloaded data set, whatever its columns are called, into clips: CSV, TSV, JSON, JSON lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from vsseval.datasets import clip_lists
from vsseval.datasets.clip_lists import ListText
from vsseval.datasets.description import ClipEntry, DatasetSource
from vsseval.errors import UsageError
from vsseval.media import SOUND_SUFFIXES, VIDEO_SUFFIXES

__all__ = ["FILES", "entries", "pick", "rows"]

FILES = tuple(f"{stem}.{suffix}" for stem in ("metadata", "test", "data") for suffix in ("csv", "tsv", "jsonl", "json"))
"""Names under which tables lie in a downloaded data set."""

COLUMNS = {
    "id": ("id", "key", "video_id", "videoid", "name", "file_name", "filename", "video", "video_path", "index"),
    "video": ("video", "video_path", "file_name", "filename", "path"),
    "audio": ("audio", "audio_path", "wav", "gt_audio"),
    "caption": ("audio_caption", "audio_prompt", "caption", "prompt", "text"),
    "label": ("label", "labels", "sound_event", "sound_events", "ucs_category", "category", "class"),
    "transcript": ("transcript", "speech", "speech_text", "speech_prompt"),
}
"""What is looked for, in the order in which it is preferred; names are compared in lower case."""


def rows(found: ListText) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a table by column in lower case, with "_" for spaces and hyphens; nothing is left out.

    Raises:
        UsageError: it is no table.
    """
    suffix = found.path.suffix.lower()
    if suffix in {".json", ".jsonl"}:
        read: Sequence[tuple[int, Mapping[str, object]]] = clip_lists.json_objects(found)
    elif suffix in {".csv", ".tsv"}:
        read = clip_lists.csv_rows(found, (), "\t" if suffix == ".tsv" else ",")
    else:
        raise UsageError(f"{found.path} is no table: it must end in .csv, .tsv, .json or .jsonl")
    return [(line, {_plain(name): _text(value) for name, value in row.items()}) for line, row in read]


def pick(row: Mapping[str, str], what: str) -> str | None:
    """Return the first cell of a row that says what is looked for, or None."""
    return next((row[name] for name in COLUMNS[what] if row.get(name)), None)


def entries(
    source: DatasetSource, *, own_sound: bool, subset: str | None = None, prompts: bool = False
) -> list[ClipEntry]:
    """Return a clip for every row: its id is the stem of what names it, its files are found by path or by stem.

    Args:
        source: folder and list.
        own_sound: the videos' own tracks are the references, where the table names no other.
        subset: column by which results are also broken down.
        prompts: rows are texts alone, and no file is looked for.

    Raises:
        UsageError: a row names no clip.
    """
    made: list[ClipEntry] = []
    for line, row in rows(source.list):
        name = pick(row, "id")
        if name is None:
            raise UsageError(f"{source.list.path}, line {line}: no column {', '.join(COLUMNS['id'])} names the clip")
        path = PurePosixPath(name)
        clip = path.stem if path.suffix.lower() in VIDEO_SUFFIXES | SOUND_SUFFIXES else path.name
        if prompts:
            made.append(_texts(row, clip, row.get(subset or "", "")))
        else:
            made.append(_entry(source, row, clip, own_sound=own_sound, subset=row.get(subset or "", "")))
    return made


def _texts(row: Mapping[str, str], clip: str, subset: str) -> ClipEntry:
    return ClipEntry(
        id=clip, cluster=clip, caption=pick(row, "caption"), label=pick(row, "label"),
        transcript=pick(row, "transcript"), subset=subset,
    )  # fmt: skip


def _entry(source: DatasetSource, row: Mapping[str, str], clip: str, *, own_sound: bool, subset: str) -> ClipEntry:
    named = pick(row, "video")
    path = source.tree.at(named) if named else None
    video, problem = (path, None) if path else source.tree.stem("video", clip)
    sound = source.tree.at(row_audio) if (row_audio := pick(row, "audio")) else None
    if sound is None and video is not None and own_sound:
        sound = source.tree.sound_of(video, clip)
    return msgspec.structs.replace(
        _texts(row, clip, subset), video=video, reference=sound if own_sound else None,
        own_sound=own_sound and sound is None, problem=problem,
    )  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value).strip()
