"""Reads the lists that benchmarks come with: lines, CSV, TSV, lines with bars, JSON lines; pins the public ones.

Every list is known by its name, its number of rows and the sha256 of its bytes. A byte-order mark and Windows line ends
are taken for what they are.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.datasets.folder_csv import refuse
from vsseval.errors import UsageError
from vsseval.text.readers import Unreadable, file_bytes, json_value, require_few_cells
from vsseval.text.readers import csv_rows as csv_rows_of
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ListText", "Pin", "Rows", "barred", "csv_rows", "json_objects", "lines", "parsed", "read_list", "table"]

Rows = list[tuple[int, list[str]]]
"""Line numbers and cells."""


class Pin(Record, frozen=True):
    """A public list: where it is, and how to know it."""

    names: tuple[str, ...]
    """File names under which it lies about, its published one first."""
    url: str = ""
    sha256: str | None = None
    """Of its bytes, line ends as published; None where its makers distribute it without a fixed place."""
    git_blob: str = ""
    """The sha1 by which git names the file, of a list that is too large for the copy in which it was seen."""
    licence: str = ""

    @property
    def known(self) -> str:
        """What it is known by; empty where any list will do."""
        return self.sha256 or self.git_blob


class ListText(NamedTuple):
    """A list as it was read."""

    path: Path
    text: str
    sha256: str
    canonical: str
    """sha256 with "\\n" for line ends and without a byte-order mark."""

    @property
    def git_blob(self) -> str:
        """The sha1 by which git names the text, with the line ends that git stores."""
        data = self.text.encode()
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def read_list(path: Path) -> ListText:
    """Read a list.

    Raises:
        UsageError: it cannot be read, is empty, or is not UTF-8.
    """
    try:
        data = file_bytes(path)
    except OSError as error:
        raise UsageError(f"the list {path} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}, line {where}: not UTF-8; save the list as UTF-8 and run again") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise UsageError(f"the list {path} is empty")
    return ListText(path, text, _sha256(data), _sha256(text.encode()))


def matches_pin(found: ListText, pin: Pin) -> bool:
    """Say whether a list is the pinned one, whatever its line ends.

    Git and editors change line ends, so a list that differs in nothing else is the same list.
    """
    if pin.sha256 is None:
        return bool(pin.git_blob) and found.git_blob == pin.git_blob
    windows = _sha256(found.text.replace("\n", "\r\n").encode())
    return pin.sha256 in {found.sha256, found.canonical, windows}


def lines(found: ListText) -> Rows:
    """Return the lines that are not blank, stripped."""
    return [(i, [line.strip()]) for i, line in enumerate(found.text.split("\n"), 1) if line.strip()]


def barred(found: ListText) -> Rows:
    """Return the cells of lines such as `a.wav|text|name`, as they stand between the bars, stripped."""
    return [(i, [cell.strip() for cell in line.split("|")]) for i, (line,) in lines(found)]


def table(found: ListText, delimiter: str = ",") -> Rows:
    """Return the cells of a CSV or TSV file without looking at a header; quoted cells may hold the delimiter.

    Raises:
        UsageError: a quote is never closed.
    """
    # Tabs come with quotes that mean nothing: transcripts hold them.
    try:
        rows = [
            (line, [cell.strip() for cell in cells])
            for line, cells in csv_rows_of(found.text, delimiter, quotes=delimiter != "\t")
        ]
    except Unreadable as error:
        raise UsageError(f"{found.path}, {error}") from error
    return [(line, cells) for line, cells in rows if any(cells)]


def csv_rows(found: ListText, needed: Sequence[str], delimiter: str = ",") -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a table with a header, by column.

    Raises:
        UsageError: a column that is needed is not there, or a row has too few cells.
    """
    rows = table(found, delimiter)
    header = rows[0][1]
    absent = [name for name in needed if name not in header]
    if absent:
        raise UsageError(
            f"{found.path} has no column {', '.join(absent)}: its first line must name {', '.join(needed)}"
        )
    refuse(
        found.path,
        [f"line {i}: {len(cells)} cells under {len(header)} columns" for i, cells in rows if len(cells) != len(header)],
    )
    return [(i, dict(zip(header, cells, strict=True))) for i, cells in rows[1:]]


def json_objects(found: ListText) -> list[tuple[int, dict[str, object]]]:
    """Return the objects of a JSON file (one array), or of JSON lines, with their numbers.

    Raises:
        UsageError: it is neither.
    """
    if found.text.lstrip().startswith("["):
        try:
            whole = json_value(found.text)
            for row in whole:
                require_few_cells(row if isinstance(row, dict) else ())
        except Unreadable as error:
            raise UsageError(f"{found.path} is not JSON: {error}") from error
        return [(i, row) for i, row in enumerate(whole, 1) if isinstance(row, dict)]

    def one(cells: list[str]) -> dict[str, object]:
        row = json_value(cells[0])
        if not isinstance(row, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - `parsed` tells of ValueErrors
        require_few_cells(row)
        return row

    return parsed(found, lines(found), one)


def parsed(found: ListText, rows: Rows, parse: Callable[[list[str]], Any]) -> list[tuple[int, Any]]:
    """Return what `parse` makes of each row's cells.

    Raises:
        UsageError: it raised ValueError for some; all of them are in the message.
    """
    made: list[tuple[int, Any]] = []
    faults: list[str] = []
    for i, cells in rows:
        try:
            made.append((i, parse(cells)))
        except ValueError as error:
            faults.append(f"line {i}: {error}")
    if faults and not made:
        raise UsageError(
            f"{found.path} is no list of this benchmark: none of its {len(rows)} rows could be read; {faults[0]}"
        )
    refuse(found.path, faults)
    return made


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
