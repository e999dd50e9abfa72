"""Where weights are fetched from: their makers, a mirror, or nowhere; by options and environment."""

from __future__ import annotations

import os
from pathlib import Path

from vsseval.errors import UsageError
from vsseval.text.escaping import address
from vsseval.types import Record
from vsseval.weights.download import RetryPolicy


class WeightsSource(Record, frozen=True):
    """Where files are looked for."""

    mirror: str | None = None
    """A folder or another address, searched first: for `<set>/<file>`, then for `<file>`."""
    offline: bool = False
    """Nothing is asked of the network; a mirror that is a folder is used nevertheless."""
    patience: RetryPolicy = RetryPolicy()

    @property
    def folder(self) -> Path | None:
        """The mirror, if it is a folder."""
        return None if self.mirror is None or self.is_address else Path(self.mirror)

    @property
    def is_address(self) -> bool:
        """Whether the mirror is an address."""
        return self.mirror is not None and self.mirror.startswith(("http://", "https://"))


def weights_source(
    mirror: str | None = None, *, offline: bool = False, patience: RetryPolicy | None = None
) -> WeightsSource:
    """Return where to look, by the options of a command, and `$VSSEVAL_MIRROR` and `$VSSEVAL_OFFLINE` else.

    Raises:
        UsageError: the mirror is neither a folder nor an address.
    """
    named = mirror or os.environ.get("VSSEVAL_MIRROR") or None
    quiet = offline or os.environ.get("VSSEVAL_OFFLINE", "0").lower() not in {"", "0", "false", "no"}
    found = WeightsSource(named, quiet, patience or RetryPolicy())
    if found.folder is not None and not found.folder.is_dir():
        raise UsageError(
            f"the mirror {address(str(named))} is neither a folder nor an address that begins with http:// or https://"
        )
    return found
