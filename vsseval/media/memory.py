"""What this process has found in files, for as long as these stay as they are: nothing is hashed or probed twice.

A memory that outlives the process is put in with `recall` and taken out with `recollection`.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from vsseval.media.facts import Look, Probe
from vsseval.media.limits import media_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FileState", "Findings", "Question", "file_state", "hashed_state", "recall", "recalled", "recollection"]

SETTLED_NS = 20_000_000
"""Nanoseconds after its last change from which on a file's times tell of the next one: clocks of file systems tick in
steps of up to 10 ms."""

Question = Literal["sha256", "look", "probe", "video"]
"""Field of `Findings`."""
T = TypeVar("T")


class FileState(NamedTuple):
    """What the file system says of a file without opening it: while it is the same, so are the bytes."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class Findings(NamedTuple):
    """What was found in one file, in one state of it; None where nobody has asked, or where there was a fault."""

    state: FileState
    sha256: str | None = None
    look: Look | None = None
    probe: Probe | None = None
    video: Probe | None = None
    """Of a file that was looked through as a video (`check_video`)."""
    limits: str = ""
    """Bounds under which all but the sha256 was found (`MediaLimits.text`): under narrower ones it might not have been.
    """

    def under(self, limits: str) -> Findings:
        """Return what holds under some bounds."""
        return self if limits == self.limits else Findings(self.state, self.sha256, limits=limits)


def recalled(question: Question, path: Path, find: Callable[[], T]) -> T:
    """Return what `find` returns for a file; while the file stays as it is, it is called once.

    What it raises is not remembered: whoever mends a file, or the machine, is to see it.
    """
    path, state, limits = _absolute(path), file_state(path), media_limits().text
    known = _memory().get(path)
    if known is not None and question != "sha256":
        known = known.under(limits)
    answer: Any = getattr(known, question) if known is not None and known.state == state else None
    if answer is not None:
        found: T = answer
        return found
    found = find()
    if known is not None and known.state != state:
        _memory().pop(path, None)
    if state is not None and state.changed_ns + SETTLED_NS < time.time_ns():
        before = known if known is not None and known.state == state else Findings(state, limits=limits)
        answers: Any = {question: found}
        _memory()[path] = before._replace(**answers)
    return found


def recall(findings: Mapping[Path, Findings]) -> None:
    """Take findings of earlier processes for granted, of those files that are still in the same state when asked.

    Args:
        findings: by absolute path.
    """
    for path, found in findings.items():
        _memory().setdefault(path, found)


def recollection(folder: Path) -> dict[Path, Findings]:
    """Return all that is known of the files below a folder (an absolute path)."""
    return {path: found for path, found in _memory().items() if path.is_relative_to(folder)}


def file_state(path: Path) -> FileState | None:
    """Return the state of a file; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def hashed_state(path: Path, digest: str) -> FileState | None:
    """Return the state in which a file was found to have a sha256; None where it was not, or not that one."""
    known = _memory().get(_absolute(path))
    return known.state if known is not None and known.sha256 == digest else None


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links are kept: they are how many people name their data


@cache
def _memory() -> dict[Path, Findings]:
    """Return what is known so far."""
    return {}
