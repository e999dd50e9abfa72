"""The lists and the original layout of V2C-Animation: rows of three kinds, and files by film, speaker and number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vsseval.datasets import clip_lists
from vsseval.datasets.clip_lists import ListText
from vsseval.datasets.file_index import FileIndex

__all__ = ["Key", "Raw", "Row", "key_of", "raw_files", "rows"]

_CLIP = re.compile(r"(?P<movie>[^@/]+)@(?P<speaker>[^/]+)_00_(?P<number>\d{4})_00")
_RAW_SOUND = re.compile(r"(?:.*/)?([^/]+)_speeches/([^/]+)/00/\2-00-(\d{4})\.wav", re.IGNORECASE)
_RAW_VIDEO = re.compile(r"(?:.*/)?([^/]+)_videos/([^/]+)/(\d{4})\.(?:mp4|mkv|mov)", re.IGNORECASE)

Key = tuple[str, str, str]
"""Film, speaker and number."""
Raw = Mapping[tuple[str, Key], Path]


class Row(NamedTuple):
    """One line of a list: a target, the recording whose voice is the prompt, and the text where the list has it."""

    target: str
    voice: str | None = None
    text: str | None = None


def key_of(stem: str) -> Key | None:
    """Return film, speaker and number of `Movie@Speaker_00_nnnn_00`, film and speaker in lower case; else None."""
    match = _CLIP.fullmatch(stem)
    return (match["movie"].casefold(), match["speaker"].casefold(), match["number"]) if match else None


def rows(found: ListText) -> list[Row]:
    """Return the rows of a list, as they stand.

    Raises:
        UsageError: it is none of the three kinds.
    """
    tabs = "\t" in found.text.split("\n", 1)[0]
    cells = clip_lists.table(found, "\t") if tabs else clip_lists.barred(found)
    return [row for _, row in clip_lists.parsed(found, cells, _deepaudio if tabs else _barred)]


def _barred(cells: list[str]) -> Row:
    target = _stem(cells[0])
    if len(cells) in {4, 5}:
        return Row(target, _stem(cells[-2]))
    if len(cells) in {1, 2, 3}:
        return Row(target, target)
    raise ValueError(f"{len(cells)} cells: expected clip|phones|number, or target|phones|(speaker|)reference|phones")


def _deepaudio(cells: list[str]) -> Row:
    if len(cells) != 6:
        raise ValueError(
            f"{len(cells)} cells between tabs: expected reference wav, video, text, target wav, video, text"
        )
    return Row(_stem(cells[3]), _stem(cells[0]), " ".join(cells[5].split()))


def _stem(path: str) -> str:
    """Return `Movie@Speaker_00_nnnn_00`, or the stem of a clip of another corpus."""
    raw = _RAW_SOUND.fullmatch(path)
    if raw is not None:
        return f"{raw[1]}@{raw[2]}_00_{raw[3]}_00"
    stem = re.sub(r"\.(wav|mp4|flac)$", "", path.rsplit("/", 1)[-1])
    if not stem or " " in stem:
        raise ValueError(f"{path!r} names no clip")
    return stem


def raw_files(tree: FileIndex) -> Raw:
    """Return the files of the original layout, by kind and (film, speaker, number), whatever their case."""
    found: dict[tuple[str, Key], Path] = {}
    for kind, pattern in (("audio", _RAW_SOUND), ("video", _RAW_VIDEO)):
        for name in tree.names():
            match = pattern.fullmatch(name)
            path = tree.at(name)
            if match is not None and path is not None:
                found[kind, (match[1].casefold(), match[2].casefold(), match[3])] = path
    return found
