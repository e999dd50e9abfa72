"""Opens and hashes media, in several processes; a journal lets an interrupted command continue."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import msgspec

from vsseval import media
from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import VIDEO_SUFFIXES
from vsseval.store import atomic, codec
from vsseval.text.readers import file_bytes
from vsseval.types import Record

__all__ = ["FileFacts", "examine", "examined", "journal", "unchanged"]

CHUNK = 8
"""Files handed to a process at a time."""
FEW = 24
"""Files that are not worth the start of processes."""


class FileFacts(Record, frozen=True):
    """What was found when a file was opened."""

    path: Path
    size: int = 0
    changed_ns: int = 0
    """Time of change, in nanoseconds of the file system's clock."""
    sha256: str = ""
    seconds: float = 0.0
    has_audio: bool = False
    """Whether it has a sound that can be heard."""
    fault: str | None = None
    """Why it cannot be used."""


def examine(path: Path) -> FileFacts:
    """Open and hash one file; whatever is wrong with it becomes its `fault`."""
    size = changed = 0
    digest = ""
    try:
        with media.reading(path):
            size, changed = _state(path)
        digest = media.sha256(path)
        found = media.check_video(path) if path.suffix.lower() in VIDEO_SUFFIXES else media.probe(path)
    except Unmeasurable as reason:
        return FileFacts(path, size, changed, digest, fault=str(reason))
    return FileFacts(path, size, changed, digest, found.seconds, found.has_audio and found.unheard is None)


def unchanged(facts: FileFacts) -> bool:
    """Say whether a file still has the size and the time of change that it had when it was opened."""
    try:
        return _state(facts.path) == (facts.size, facts.changed_ns)
    except OSError:
        return False


def journal(path: Path) -> dict[Path, FileFacts]:
    """Return the last facts of each file; a line that a crash has torn is no line."""
    try:
        data = file_bytes(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise atomic.environment_fault(error, path) from error
    found: dict[Path, FileFacts] = {}
    for line in data.split(b"\n"):
        try:
            facts = codec.decode(line, FileFacts)
        except msgspec.MsgspecError:
            continue
        found[facts.path] = facts
    return found


def examined(
    paths: Iterable[Path], journal_path: Path, jobs: int, known: Mapping[Path, FileFacts]
) -> Iterator[FileFacts]:
    """Yield the facts of files, and keep each in the journal as it comes.

    Args:
        paths: files; those that `known` holds unchanged and sound are not opened again.
        journal_path: appended to.
        jobs: processes.
        known: facts by path. A file of the same name, size and time of change that is no longer where it was is taken
            for moved.

    Raises:
        EnvironmentFault: the journal cannot be written, or processes cannot be started.
    """
    new: list[Path] = []
    moved: list[FileFacts] = []
    elsewhere = {(facts.path.name, facts.size, facts.changed_ns): facts for facts in known.values() if not facts.fault}
    for path in dict.fromkeys(paths):
        facts = known.get(path)
        if facts is not None and facts.fault is None and unchanged(facts):
            yield facts
        elif (same := _moved(path, elsewhere)) is not None:
            moved.append(same)
        else:
            new.append(path)
    with atomic.as_environment_fault(journal_path):
        journal_path.parent.mkdir(parents=True, exist_ok=True)
        torn = journal_path.exists() and journal_path.read_bytes()[-1:] not in {b"", b"\n"}
        file = journal_path.open("ab")
    with file, atomic.as_environment_fault(journal_path):
        file.write(b"\n" if torn else b"")
        for facts in chain(moved, _opened(new, jobs)):
            file.write(codec.encode(facts) + b"\n")
            file.flush()
            yield facts
        os.fsync(file.fileno())


def _moved(path: Path, elsewhere: Mapping[tuple[str, int, int], FileFacts]) -> FileFacts | None:
    """Return the facts of a file under its new path, where it was known under one at which nothing lies any more."""
    try:
        facts = elsewhere.get((path.name, *_state(path)))
    except OSError:
        return None
    if facts is None or facts.path == path or facts.path.exists():
        return None
    return msgspec.structs.replace(facts, path=path)


def _opened(paths: Sequence[Path], jobs: int) -> Iterator[FileFacts]:
    if jobs == 1 or len(paths) < FEW:
        yield from map(examine, paths)
        return
    left: list[Path] = []
    # Spawned, not forked: libav and torch may hold threads.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as error:
        raise EnvironmentFault("processes cannot be started to open the files. Use one: --jobs 1") from error
    try:
        chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
        running = {pool.submit(_chunk, chunk): chunk for chunk in chunks}
        for future in as_completed(running):
            try:
                yield from future.result()
            except BrokenProcessPool:
                left += running[future]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for path in left:
        yield _alone(path)


def _alone(path: Path) -> FileFacts:
    """Open a file in a process of its own: one that crashes the decoder must not take the others along."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(examine, path).result()
        except BrokenProcessPool:
            size, changed = _state(path)
            return FileFacts(path, size, changed, fault=f"{path.name}: the process that opened it was killed")


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent, which stops handing out files."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _chunk(paths: Sequence[Path]) -> list[FileFacts]:
    return [examine(path) for path in paths]


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns
