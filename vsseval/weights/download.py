"""Fetches one file over HTTP: goes on where it was broken off, tries again, and says what stands in the way.

What arrives lies in `<file>.part`, and beside it `<file>.part.json` says which state of which address it is of: only
that is continued. Whether it is the right file is for the caller to say.
"""

from __future__ import annotations

import shutil
import time
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from vsseval.errors import EnvironmentFault
from vsseval.text.escaping import address
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 20
"""Bytes that are written at once."""
_PASSING = frozenset({408, 416, 425, 429, 500, 502, 503, 504})
"""HTTP states that another attempt may mend; 416 does once the part is thrown away."""
_UNSATISFIABLE = 416
_PARTIAL = 206


class TransferProgress(Protocol):
    """Who is told how it goes."""

    def begin(self, label: str, total: int | None, done: int) -> None:
        """Say what begins: of `total` bytes, `done` are there already."""
        ...

    def advance(self, count: int) -> None:
        """Say that bytes have arrived."""
        ...

    def note(self, text: str) -> None:
        """Say something that the user should know."""
        ...


class RetryPolicy(Record, frozen=True):
    """How long to try."""

    attempts: int = 5
    """In a row without a byte more."""
    pause: float = 1.0
    """Seconds before the second attempt; each further pause is twice as long."""
    timeout: float = 30.0
    """Seconds without a byte."""


class NotAvailable(Exception):
    """The server has no such file, or does not give it to anybody."""


class _Part(Record, frozen=True):
    """Which state of which address a part is of."""

    url: str
    validator: str
    """ETag or Last-Modified; empty where the server gives neither."""


class _Broken(Exception):
    """The connection ended before the file did."""


class RemoteFile(NamedTuple):
    """A file at an address."""

    url: str
    """http or https."""
    size: int | None = None
    """Bytes that it must have, if known."""
    checked: bool = False
    """Its hash will be compared: a part may be continued though the server gives no mark of its state."""


def download(wanted: RemoteFile, part: Path, watcher: TransferProgress, patience: RetryPolicy | None = None) -> None:
    """Fetch a file into `part`, which is whole when this returns.

    Args:
        wanted: the file.
        part: where; its folder exists.
        watcher: is told how it goes.
        patience: how long to try.

    Raises:
        NotAvailable: the server refuses for good (404, 401, …); the message names the state.
        EnvironmentFault: no connection, no room, or a file of another size.
    """
    patience = patience or RetryPolicy()
    left, furthest = patience.attempts, _size(part)
    while True:
        try:
            _attempt(wanted, part, watcher, patience.timeout)
        except (_Broken, HTTPException, OSError) as error:
            reason = _reason(error)
            left = patience.attempts - 1 if _size(part) > furthest else left - 1
            furthest = max(furthest, _size(part))
            if left <= 0:
                raise EnvironmentFault(
                    f"{address(wanted.url)} could not be fetched: {reason}. Run the same command again: it goes on "
                    "where it stopped"
                ) from error
            pause = patience.pause * 2 ** (patience.attempts - 1 - left)
            watcher.note(f"{part.stem}: {reason}; trying again in {pause:.0f} s")
            time.sleep(pause)
        else:
            return


def part_info(part: Path) -> Path:
    """Return the path of what is known about a part."""
    return part.with_name(f"{part.name}.json")


def discard_part(part: Path) -> None:
    """Delete a part, and what is known about it."""
    part.unlink(missing_ok=True)
    part_info(part).unlink(missing_ok=True)


def require_room(folder: Path, needed: int) -> None:
    """Raise EnvironmentFault where a folder's disk has less room than is needed, in bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentFault(
            f"no room in {folder}: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free. "
            "Make room, or name a folder on another disk in the environment variable VSSEVAL_WEIGHTS"
        )


def _attempt(wanted: RemoteFile, part: Path, watcher: TransferProgress, timeout: float) -> None:
    known = _known(part, wanted)
    start = _size(part) if known else 0
    headers = {"User-Agent": "vsseval", "Accept-Encoding": "identity"}
    if known and start:
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": known.validator} if known.validator else {})
    try:
        request = _request(wanted.url, headers)
        answer: Any = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code not in _PASSING:
            raise NotAvailable(f"{address(wanted.url)} answers {error.code} {error.reason}") from error
        if error.code == _UNSATISFIABLE:
            discard_part(part)
        raise
    with answer:
        start = _continued(answer, start)
        length = answer.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        if total is not None and wanted.size not in {None, total}:
            raise EnvironmentFault(
                f"{address(wanted.url)} offers {total} bytes where the file has {wanted.size}: it is another one, or a "
                "page in its place. If the network asks for a login, log in and try again"
            )
        require_room(part.parent, (total or wanted.size or 0) - start)
        if not start:
            _remember(part, address(wanted.url), answer.headers)
        watcher.begin(part.stem, total, start)
        _receive(answer, part, start, watcher)
    if total is not None and _size(part) != total:
        raise _Broken(f"the connection ended after {_size(part) / 1e6:.1f} of {total / 1e6:.1f} MB")


def _request(url: str, headers: dict[str, str]) -> urllib.request.Request:
    """Return the request for an address; user and password in it go to its own server alone, as Basic (RFC 7617)."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(bare, headers=headers)  # noqa: S310 - of the pins, or the user's own
    if login:
        pair = ":".join(map(unquote, login.partition(":")[::2]))
        # not redirected: another server may be where a redirection leads
        request.add_unredirected_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
    return request


def _continued(answer: Any, start: int) -> int:
    """Return the byte at which an answer begins: the one that was asked for, or 0."""
    if answer.status != _PARTIAL:
        return 0
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        raise _Broken("the server gave another part of the file than was asked for")
    return start


def _receive(answer: Any, part: Path, start: int, watcher: TransferProgress) -> None:
    with as_weights_fault(part), part.open("r+b" if start else "wb") as file:
        file.truncate(start)
        file.seek(start)
    # read1 gives what there is: read would lose the last bytes before a connection breaks
    while block := answer.read1(BLOCK):
        with as_weights_fault(part), part.open("ab") as file:
            file.write(block)
        watcher.advance(len(block))


@contextmanager
def as_weights_fault(path: Path) -> Iterator[None]:
    """Turn a fault of the file system into an `EnvironmentFault` that says what to do about it."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFault(
            f"cannot write {path}: {error.strerror or error}. Make room, or name a folder that can be written in the "
            "environment variable VSSEVAL_WEIGHTS"
        ) from error


def _remember(part: Path, url: str, headers: Any) -> None:
    etag = headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
    with as_weights_fault(part):
        part_info(part).write_bytes(msgspec.json.encode(_Part(url, validator)))


def _known(part: Path, wanted: RemoteFile) -> _Part | None:
    try:
        known = msgspec.json.decode(file_bytes(part_info(part)), type=_Part)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if known.url == address(wanted.url) and (known.validator or wanted.checked) else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(getattr(error.reason, "strerror", None) or error.reason)
    if isinstance(error, TimeoutError):
        return "the server went silent"
    return str(error) or type(error).__name__
