"""Reads the list of a user's clips, `clips.csv`, `.tsv` or `.jsonl`, into rows, and collects what is wrong with it.

A `metadata.csv` (`.tsv`, `.jsonl`) is made for other programs too: columns of it that mean nothing here are passed
over, and named.
"""

from __future__ import annotations

import difflib
import json
import logging
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from vsseval.datasets.own_files import some
from vsseval.errors import UsageError
from vsseval.text.readers import Unreadable, csv_rows, file_text, json_value, require_few_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["COLUMNS", "LONGEST_ID", "LONGEST_REPORT", "Row", "id_fault", "read_list", "refuse"]

COLUMNS = (
    "id",
    "video",
    "file_name",
    "transcript",
    "caption",
    "reference",
    "speaker_prompt",
    "language",
    "label",
    "cluster",
    "speech_start",
    "speech_end",
    "duration",
)
"""What a list may say of a clip; each row needs `id`, `video` or `file_name`, which is a video or a sound."""

LONGEST_ID = 200
"""Characters."""

LONGEST_HEAD = 20
"""Faults of one header that are named; the rest are counted."""

LONGEST_REPORT = 200
"""Faults of one list that are printed; the rest are counted."""


_MARKS = {".csv": ",", ".tsv": "\t"}
_NAMES = {",": "commas", "\t": "tabs"}

log = logging.getLogger("vsseval")


class Row(NamedTuple):
    """One clip of a list: the number of its line, and its cells that are not empty."""

    line: int
    cells: dict[str, str]


def read_list(path: Path) -> tuple[list[Row], list[str]]:
    """Return the rows of a list, and its faults, each beginning with the number of its line.

    Args:
        path: a file that ends in .csv or .tsv (separated by commas or tabs, with a header) or .jsonl (one object per
            line); UTF-8, with or without a byte-order mark. Blank lines are skipped; an empty cell means that there is
            nothing.

    Raises:
        UsageError: the file cannot be read at all, or its header names unknown columns.
    """
    try:
        text = file_text(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        where = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}, line {where}: not UTF-8; save the list as UTF-8 and run again") from error
    faults: list[str] = []
    foreign = path.stem.lower() == "metadata"
    unread: dict[str, None] = {}
    if path.suffix.lower() == ".jsonl":
        rows = list(_jsonl(text, faults, unread if foreign else None))
    else:
        rows = list(_csv(path, text, faults, unread if foreign else None))
    if unread:
        log.warning("%s: columns passed over: %s; known are %s", path, some([*unread]), ", ".join(COLUMNS))
    return rows, faults


def id_fault(clip: str) -> str | None:
    """Return why a text cannot be the id of a clip, or None where it can."""
    if not clip.strip():
        return "the id is empty"
    if len(clip) > LONGEST_ID:
        return f"the id {clip[:40]!r}... has {len(clip)} characters; {LONGEST_ID} at most"
    if any(mark in clip for mark in ("/", "\\", "..")):
        return f"the id {clip!r} holds '/', '\\' or '..'"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in clip):
        return f"the id {clip!r} holds a control character or no valid Unicode"
    return None


def refuse(where: Path, faults: list[str]) -> None:
    """Raise one UsageError that lists all faults, if there are any."""
    if not faults:
        return
    shown = faults[:LONGEST_REPORT]
    if len(faults) > len(shown):
        shown.append(f"... and {len(faults) - len(shown)} more")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    raise UsageError(f"{where} has {count}; mend and run again:\n" + "\n".join(f"  {fault}" for fault in shown))


def _csv(path: Path, text: str, faults: list[str], unread: dict[str, None] | None) -> Iterator[Row]:
    # strict: an unbalanced quote would otherwise swallow the clips that follow it.
    mark = _MARKS[path.suffix.lower()]
    names: list[str] | None = None
    try:
        for line, cells in csv_rows(text, mark):
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _header(path, line, cells, unread)
            elif len(cells) > len(names):
                faults.append(
                    f"line {line}: {len(cells)} cells under {len(names)} columns; quote cells with {_NAMES[mark]}"
                )
            else:
                stripped = (cell.strip() for cell in cells)
                known = zip(names, stripped, strict=False)
                yield Row(line, {name: cell for name, cell in known if cell and name in COLUMNS})
    except Unreadable as error:
        faults.append(str(error))


def _header(path: Path, line: int, cells: list[str], unread: dict[str, None] | None) -> list[str]:
    names = [_name(cell) for cell in cells]
    mark = _MARKS[path.suffix.lower()]
    if len(names) == 1 and any(other in names[0] for other in {";", "\t", ","} - {mark}):
        raise UsageError(f"{path}, line {line}: columns must be separated by {_NAMES[mark]}")
    if unread is not None:
        unread |= dict.fromkeys(name for name in names if name not in COLUMNS)
    foreign = [name for name in names if name not in COLUMNS and unread is None]
    # what is near to a name is looked for among all of them, which takes its time
    unknown = [_unknown(name) for name in foreign[:LONGEST_HEAD]] + foreign[LONGEST_HEAD:]
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if unknown or doubled:
        problems = unknown + [f"column {name!r} comes twice" for name in doubled]
        if len(problems) > LONGEST_HEAD:
            problems[LONGEST_HEAD:] = [f"and {len(problems) - LONGEST_HEAD} more"]
        raise UsageError(f"{path}, line {line}: {'; '.join(problems)}. Columns: {', '.join(COLUMNS)}")
    return names


def _jsonl(text: str, faults: list[str], unread: dict[str, None] | None) -> Iterator[Row]:
    # Not splitlines: JSON strings may hold U+2028, which Python takes for the end of a line.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            clip = json_value(content)
            require_few_cells(clip if isinstance(clip, dict) else ())
        except Unreadable as error:
            faults.append(f"line {line}: not JSON of a clip: {error}")
            continue
        cells, wrong = _members(clip, unread) if isinstance(clip, dict) else ({}, ["not a JSON object of one clip"])
        faults.extend(f"line {line}: {problem}" for problem in wrong)
        if not wrong:
            yield Row(line, cells)


def _members(clip: dict[str, object], unread: dict[str, None] | None) -> tuple[dict[str, str], list[str]]:
    cells: dict[str, str] = {}
    wrong: list[str] = []
    for key, value in clip.items():
        name = _name(key)
        if name not in COLUMNS and unread is not None:
            unread[name] = None
        elif name not in COLUMNS:
            wrong.append(_unknown(name))
        elif name in cells:
            wrong.append(f"{name!r} comes twice")
        elif isinstance(value, bool) or not isinstance(value, str | int | float | None):
            wrong.append(f"{name} must be a text, not {json.dumps(value)[:40]}")
        elif value is not None and str(value).strip():
            cells[name] = str(value).strip()
    return cells, wrong


def _name(text: str) -> str:
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COLUMNS, n=1)
    return f"unknown column {name!r}" + (f": did you mean {near[0]!r}?" if near else "")
