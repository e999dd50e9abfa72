"""The files of weights that the reference configuration is made of: where they lie, and their hashes, without torch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import sha256

SYNCHFORMER = "synchformer_state_dict.pth"
"""Name of the file in which Synchformer is distributed."""
RAWNET3 = "rawnet3.pt"


class WeightFiles(NamedTuple):
    """A checkpoint, and the two networks that it does not hold."""

    checkpoint: Path
    synchformer: Path | None
    rawnet3: Path | None

    @property
    def present(self) -> tuple[Path, ...]:
        """The files that there are, the checkpoint first."""
        return tuple(path for path in self if path is not None)


def find_weight_files(checkpoint: Path) -> WeightFiles:
    """Look beside a checkpoint for the weights of Synchformer and RawNet3."""
    beside = [checkpoint.parent / name for name in (SYNCHFORMER, RAWNET3)]
    return WeightFiles(checkpoint, *(path if path.is_file() else None for path in beside))


def digest(path: Path) -> str:
    """Return the sha256 of a file of weights.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return sha256(path)
    except Unmeasurable as reason:
        raise UsageError(f"{path}: {reason}") from reason


def joint_digest(named: dict[str, str]) -> str:
    """Return one sha256 for several files, given by name and sha256; that of a single file is its own."""
    if len(named) == 1:
        return next(iter(named.values()))
    lines = "".join(f"{content}  {name}\n" for name, content in sorted(named.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
