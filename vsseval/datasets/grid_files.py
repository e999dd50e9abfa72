"""The files of GRID, by speaker and code, however they are named and nested."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from vsseval.datasets.file_index import FileIndex

__all__ = ["Clip", "Files", "clip_of", "grid_files"]

_STEM = re.compile(
    r"(?:(?P<speaker>s\d{1,2})[-_]|id(?P<number>\d{1,2})_vcd_)?(?P<code>[blps][bgrw][abiw][a-z][z1-9][anps])"
)
_SPEAKER = re.compile(r"(s\d{1,2})(?:[._-].*)?")


Clip = tuple[str, str]
"""Speaker (s1 to s34, or nothing where no name tells) and code."""


class Files(NamedTuple):
    """What there is of one clip."""

    video: list[Path]
    audio: list[Path]
    text: list[Path]


def grid_files(tree: FileIndex) -> dict[Clip, Files]:
    """Return the files of every clip, by speaker and code; the speaker is in the name, or in that of a folder above."""
    found: dict[Clip, Files] = {}
    for kind in ("video", "audio", "text"):
        for path in tree.media(kind):
            match = _STEM.fullmatch(path.stem)
            # Of texts only alignments count: some trees hold sentences of the same names.
            if match is not None and (kind != "text" or path.suffix.lower() == ".align"):
                number = match["number"] and f"s{int(match['number'])}"
                speaker = match["speaker"] or number or _folder_speaker(path.relative_to(tree.root))
                getattr(found.setdefault((speaker, match["code"]), Files([], [], [])), kind).append(path)
    return found


def _folder_speaker(path: Path) -> str:
    matches = (_SPEAKER.fullmatch(part) for part in reversed(path.parts[:-1]))
    return next((match[1] for match in matches if match), "")


def clip_of(cells: list[str]) -> Clip:
    """Return the clip of a line such as `s2/s2-lwbz4s.wav|...` or `s2_lwbz4s`.

    Raises:
        ValueError: it names no speaker or no code.
    """
    name = re.split(r"[/\\]", cells[0])[-1].rsplit(".", 1)[0]
    match = _STEM.fullmatch(name)
    if match is None or not match["speaker"]:
        raise ValueError(f"{cells[0]!r} is no clip of GRID: a speaker (s1 to s34) and a code such as lwbz4s")
    return match["speaker"], match["code"]
