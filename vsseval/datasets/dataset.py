"""What a benchmark over the user's own copy of a data set is: a description that finds its registered data.

Media are opened and hashed, and the manifest is written, once, by `vsseval data add`
(`vsseval.datasets.add_dataset`); a run reads the manifest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vsseval.datasets.description import ClipEntry, DatasetDescription, DatasetSource, ListText, Pin, Variant
from vsseval.datasets.manifest_store import Registered, find_registered
from vsseval.errors import UsageError

__all__ = ["ClipEntry", "Dataset", "DatasetSource", "ListText", "Pin", "Variant"]

_ARGUMENT = re.compile(r"(?P<variant>[A-Za-z0-9._-]*)(?:@(?P<seconds>\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Dataset(DatasetDescription):
    """A benchmark over the user's data; it is its own plugin factory."""

    def __call__(self, argument: str | None = None) -> Registered:
        """Return the registered benchmark of `name`, `name:variant` or `name:variant@seconds`.

        Raises:
            MissingData: it is not registered, or its folder is gone; the message holds the command.
            UsageError: the argument names no variant.
        """
        found = _ARGUMENT.fullmatch(argument or "")
        if found is None:
            raise UsageError(f"{self.name}:{argument} is no variant: write {self.name}:{self.variants[0].name}")
        seconds = float(found["seconds"]) if found["seconds"] else None
        if seconds == 0:
            raise UsageError(f"{self.name}:{argument}: clips of 0 s hold nothing")
        return find_registered(self, found["variant"] or None, seconds)
