"""The journal of a shard: one writer, one line per clip that was tried, the last line of a clip counts.

Where several samples of each clip are made, each has journals of its own, with its seed in their names.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.store import atomic, codec
from vsseval.store.layout import SAMPLE
from vsseval.text.readers import file_bytes
from vsseval.types import Generation, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

log = logging.getLogger("vsseval")

NOT_OK: dict[Status, str] = {
    "ok": "are ok", "failed": "failed", "missing": "are missing", "not_applicable": "do not apply",
}  # fmt: skip
"""How messages speak of samples."""


class Journal:
    """Appends to one journal; on opening, a line that a crash has torn is cut off.

    Raises:
        EnvironmentFault: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with atomic.as_environment_fault(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _heal(path)
            self._file = path.open("ab")

    def append(self, generation: Generation) -> None:
        """Add one line, and wait until it is on the disk."""
        with atomic.as_environment_fault(self._path):
            self._file.write(codec.encode(generation) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_journal(path: Path) -> dict[str, Generation]:
    """Return the last line of each clip, by id; a torn line is no line, and a missing file has none."""
    return {line.id: line for line in _lines(path)}


def read_journals(folder: Path) -> dict[str, Generation]:
    """Return what became of each clip by all journals of a run: its last line; of several samples, `of_samples`."""
    samples = read_samples(folder)
    lines: dict[str, list[Generation]] = {}
    for seed in sorted(samples, key=lambda seed: -1 if seed is None else seed):
        for clip, line in samples[seed].items():
            lines.setdefault(clip, []).append(line)
    return {clip: of_samples(found) for clip, found in lines.items()}


def read_samples(folder: Path) -> dict[int | None, dict[str, Generation]]:
    """Return the last line of each clip by the seed of the sample; None where there is one sample only."""
    found: dict[int | None, dict[str, Generation]] = {}
    for path in sorted(path for path in folder.glob("*.jsonl") if not path.name.startswith(".")):
        seed = path.stem.partition(SAMPLE)[2]
        found.setdefault(int(seed) if seed else None, {}).update(read_journal(path))
    return found


def of_samples(lines: Sequence[Generation]) -> Generation:
    """Return what became of a clip, given what became of its samples.

    The clip is ok where all of them are, and stands for them with the first; else it is what the first bad one is.
    """
    first = next((line for line in lines if line.status != "ok"), lines[0])
    if first.status == "ok":
        return first
    status, reason = common([line.status for line in lines], [line.error for line in lines])
    return msgspec.structs.replace(first, status=status, error=reason)


def common(statuses: Sequence[Status], reasons: Sequence[str | None]) -> tuple[Status, str | None]:
    """Return the status of a clip, given those of its samples, and why: no clip is ok of which a sample is not.

    Args:
        statuses: of the samples.
        reasons: of the samples; None for those that are ok.
    """
    bad = [status for status in statuses if status != "ok"]
    if not bad:
        return "ok", None
    status: Status = "failed" if "failed" in bad else bad[0]
    if len({*zip(statuses, reasons, strict=True)}) == 1:
        return status, reasons[0]
    why = next(reason for found, reason in zip(statuses, reasons, strict=True) if found == status)
    return status, f"{len(bad)} of {len(statuses)} samples {NOT_OK[status]}: {why}"


def _lines(path: Path) -> Iterator[Generation]:
    try:
        data = file_bytes(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    for line in data.split(b"\n"):
        try:
            found = codec.decode(line, Generation)
        except msgspec.MsgspecError:
            continue  # torn by a crash: the clip has no line, so it is generated again
        astray = next((named for named in _named(found) if not _is_below(named)), None)
        if astray is not None:
            log.warning("%s names %s, which is not in its run: that line is passed over", path, astray)
            continue
        yield found


def _named(line: Generation) -> list[Path]:
    """Return the files that a line says are the clip's."""
    own = [] if line.picture is msgspec.UNSET else [line.picture.path]
    return own if line.path is None else [line.path, *own]


def _is_below(path: Path) -> bool:
    """Return whether a path leads from a folder to something in it, by its words alone."""
    return not path.is_absolute() and ".." not in path.parts and "\0" not in str(path)


def _heal(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
