"""Sound that the authors of a system publish: their archive, unpacked, with their names for the clips."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import sha256
from vsseval.models.base import ModelOutput
from vsseval.models.baseline.collect import find, read_output
from vsseval.models.baseline.stage import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vsseval.models.base import ModelCard, Request
    from vsseval.models.baseline.spec import Baseline

__all__ = ["PrecomputedModel"]


class PrecomputedModel:
    """Satisfies `Model`."""

    def __init__(self, card: ModelCard, baseline: Baseline, archive: Path) -> None:
        """Look for the archive.

        Raises:
            UsageError: there is no such folder.
        """
        if not archive.is_dir():
            raise UsageError(
                f"{archive} is not a folder: unpack the outputs of {baseline.title} ({baseline.outputs}) and "
                f"write --model {baseline.name}:FOLDER"
            )
        self._baseline = baseline
        self._archive = archive
        self.card = msgspec.structs.replace(
            card, weights=_identity(archive), argument=archive.resolve().name, uses_video=False
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield the published sound of each clip; one without a file is missing."""
        assert self._baseline.collect is not None
        for request in requests:
            values = {"out": str(self._archive), **parts(request.id)}
            files = find(self._baseline.collect, values, None)
            if not files:
                why = f"no file of {self._archive} is named for this clip ({self._baseline.collect.pattern})"
                yield ModelOutput(request.id, None, 0, error=why, missing=True)
            elif len(files) > 1:
                names = " and ".join(file.name for file in files[:3])
                yield ModelOutput(request.id, None, 0, error=f"{len(files)} files claim to be this clip: {names}")
            else:
                yield read_output(self._baseline, request.id, files[0], request.duration)


def _identity(archive: Path) -> str:
    """Return the sha256 of sorted names and contents; a file that cannot be read counts by its name."""
    found = hashlib.sha256()
    for file in sorted(archive.rglob("*")):
        if file.is_file():
            try:
                content = sha256(file)
            except Unmeasurable:
                content = "unreadable"
            found.update(f"{content}  {file.relative_to(archive)}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()
