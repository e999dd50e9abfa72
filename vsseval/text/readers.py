"""Reads files and texts of strangers: regular files alone, of bounded size; JSON, TOML and CSV with one error.

What is wrong with a file (a pipe, a device, too large, no right to read it) is an OSError, as of any other file that
cannot be read; what is wrong with a text is `Unreadable`. Neither has a name in it: who reads knows what it is of.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import re
import stat
import tomllib
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sized
    from io import BufferedReader
    from pathlib import Path

__all__ = [
    "LARGEST",
    "Unreadable",
    "csv_rows",
    "file_bytes",
    "file_sha256",
    "file_text",
    "json_value",
    "opened_file",
    "require_few_cells",
    "toml_tables",
]

LARGEST = 1 << 30
"""Bytes of a file that is read whole; journals and lists of a million clips have a quarter of that."""
MOST_CELLS = 10_000
"""Of a row of a table, or of an object in JSON lines; the widest list of this field has sixty."""
LARGEST_TOML = 4 << 20
"""Characters of a TOML text; the longest of the project has 60,000."""
LONGEST_KEY = 16
"""Parts of a dotted key of TOML, whose reader takes time with their square; the longest of the project has four."""
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{LONGEST_KEY},}}+"
_PIECE = (
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"""|\\?\Z)' + r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)|" + _PART
    + r"""|"(?:[^"\\\n]|\\.)*+|'[^'\n]*+|\#[^\n]*+|\s++|[\s\S]"""
)  # fmt: skip
_LONG_KEY = re.compile(rf"(?:(?!{_KEY})(?:{_PIECE}))*+({_KEY})")
"""What is before the first long key goes piece by piece, none of it twice: texts, comments, words, marks."""


class Unreadable(ValueError):
    """A text is not what it should be; the message says how, and not of which file."""


def file_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Return what is in a file. A pipe, a socket or a device is never opened.

    Args:
        path: the file; links are followed.
        largest: bytes.

    Raises:
        OSError: there is none, it is no regular file, or larger than that.
    """
    with opened_file(path) as file:
        state = os.fstat(file.fileno())
        data = file.read(largest + 1)
    if max(len(data), state.st_size) > largest:
        raise OSError(
            errno.EFBIG, f"it has {state.st_size:,} bytes, more than the {largest:,} that are read", str(path)
        )
    return data


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file of any size, in hexadecimal digits.

    Raises:
        OSError: there is none, or it is no regular file.
    """
    with opened_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened_file(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file for reading.

    Raises:
        OSError: there is none, or it is no regular file.
    """
    _require_regular(os.stat(path), path)  # noqa: PTH116 - what is opened is looked at again below
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        _require_regular(os.fstat(file.fileno()), path)
        yield file


def file_text(path: Path, largest: int = LARGEST) -> str:
    """Return the UTF-8 text of a file, without a byte-order mark.

    Raises:
        OSError: as `file_bytes`.
        UnicodeDecodeError: it is not UTF-8.
    """
    return file_bytes(path, largest).decode("utf-8-sig")


def _require_regular(state: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, and no file", str(path))


def json_value(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        Unreadable: it is no JSON, or nested more deeply than can be read.
    """
    try:
        return msgspec.json.decode(text.encode() if isinstance(text, str) else text)
    except RecursionError:
        raise Unreadable("it is nested too deeply to be read") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Unreadable(str(error)) from None


def toml_tables(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        Unreadable: it is no TOML, has more than `LARGEST_TOML` characters or a key of more than `LONGEST_KEY` parts,
            or is nested more deeply than can be read.
    """
    if len(text) > LARGEST_TOML:
        raise Unreadable(f"it has {len(text):,} characters, more than the {LARGEST_TOML:,} that are read")
    if found := _LONG_KEY.match(text):
        line = text.count("\n", 0, found.start(1)) + 1
        raise Unreadable(f"line {line}: a key has more than the {LONGEST_KEY} parts that are read")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Unreadable("it is nested too deeply to be read") from None
    except ValueError as error:  # also of a number with more digits than Python takes
        raise Unreadable(str(error)) from None


def csv_rows(text: str, delimiter: str = ",", *, quotes: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table, each with the number of its first line; blank ones too.

    Args:
        text: with any line ends.
        delimiter: of cells.
        quotes: whether a cell in quotation marks may hold it.

    Raises:
        Unreadable: a quotation mark is never closed, a cell is longer than 131,072 characters, or a row has more than
            `MOST_CELLS`; the message begins with the line.
    """
    rules = {"strict": True} if quotes else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, **rules)
    first = 1
    try:
        for cells in reader:
            require_few_cells(cells, f"line {first}: ")
            yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"line {first}: not CSV from here on: {error}") from None


def require_few_cells(cells: Sized, where: str = "") -> None:
    """Raise where a row of a table has more cells than any list of clips; messages about its columns would be as long.

    Raises:
        Unreadable: it has; the message begins with `where`.
    """
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"{where}{len(cells):,} cells, more than the {MOST_CELLS:,} that are read")
