"""A copy of a system's repository for one run: patched, with empty result folders, and nothing written to the original.

Code and settings are copied, large files are linked: weights of many gigabytes stay where they are.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault
from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.models.baseline.spec import Patch

__all__ = ["mirror", "patch"]

_COPIED = 1 << 20
"""Bytes; larger files are linked."""
_CROWD = 2000
"""Entries of a folder from which it is data, and linked as a whole."""


def mirror(repo: Path, target: Path, *, fresh: Sequence[str] = (), patches: Sequence[Patch] = ()) -> None:
    """Make the copy.

    Args:
        repo: the original.
        target: a folder that does not exist yet.
        fresh: folders, relative, that are to be empty.
        patches: changes to make.

    Raises:
        EnvironmentFault: the original cannot be read, or what a patch searches for is not in it.
    """
    with atomic.as_environment_fault(target):
        _copy(repo, target, {repo / name for name in fresh} | {repo / ".git"})
        for name in fresh:
            (target / name).mkdir(parents=True, exist_ok=True)
        for change in patches:
            patch(target, change)


def patch(root: Path, change: Patch) -> None:
    """Replace a text of a file.

    Raises:
        EnvironmentFault: there is no such file, or the text is not in it: the repository is of another revision.
    """
    file = root / change.file
    text = file.read_text() if file.is_file() else ""
    if change.search not in text:
        raise EnvironmentFault(
            f"the patch of {change.file} does not fit ({change.search[:60]!r} is not in it): the repository is "
            "not of the revision in baseline.toml. Check it out with: git checkout REVISION"
        )
    file.write_text(text.replace(change.search, change.replace))


def _copy(source: Path, target: Path, left_out: set[Path]) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry in left_out:
            continue
        place = target / entry.name
        if entry.is_dir() and not entry.is_symlink() and not _crowded(entry):
            _copy(entry, place, left_out)
        elif entry.is_file() and not entry.is_symlink() and entry.stat().st_size <= _COPIED:
            shutil.copy2(entry, place)
        else:
            place.symlink_to(entry.resolve())


def _crowded(folder: Path) -> bool:
    return sum(1 for _, _ in zip(folder.iterdir(), range(_CROWD), strict=False)) == _CROWD
