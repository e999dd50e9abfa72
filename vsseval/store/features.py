"""The feature store: what an extractor made of a medium, keyed by extractor, version, weights and content.

Shared by all runs and safe for several processes at once. Deleting it is always safe: features are made anew.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.store import atomic
from vsseval.store.layout import safe_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vsseval.types import ExtractorSpec

REASON = "__unmeasurable__"
"""Key under which the reason is stored where a medium has no such feature."""


@dataclass(frozen=True)
class FeatureStore:
    """A folder of features, `features/<extractor>-<version>-<weights8>/<ab>/<sha256>.npz`.

    Features that were computed elsewhere than on a processor, or in another precision, have folders of their own.
    """

    root: Path

    def path(self, spec: ExtractorSpec, key: str) -> Path:
        """Return where the feature of a medium with this sha256 lies."""
        name, version, weights, *computed = spec.identity
        folder = "-".join(safe_name(part) for part in (name, version, weights[:8], *computed))
        return self.root / "features" / folder / key[:2] / f"{key}.npz"

    def muted_path(self, key: str) -> Path:
        """Return where the copy without audio of a video with this sha256 lies."""
        return self.root / "muted" / f"{key}.mp4"

    def excerpt_path(self, key: str) -> Path:
        """Return where the copy of a segment of a sound lies."""
        return self.root / "excerpts" / f"{key}.flac"

    def read(self, spec: ExtractorSpec, key: str) -> dict[str, np.ndarray] | None:
        """Return a feature; None where it is absent or its file is damaged: that is then absent too.

        Raises:
            Unmeasurable: the medium has no such feature; the reason is as it was stored.
        """
        path = self.path(spec, key)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except OSError:
            return None
        except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zipfile.LargeZipFile):
            path.unlink(missing_ok=True)
            return None
        if REASON in arrays:
            raise Unmeasurable(str(arrays[REASON]))
        return arrays

    def has(self, spec: ExtractorSpec, key: str) -> bool:
        """Return whether a feature, or the reason why there is none, is there; it is not read."""
        return self.path(spec, key).exists()

    def write(self, spec: ExtractorSpec, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store a feature.

        Raises:
            EnvironmentFault: no room, no permission.
        """
        path = self.path(spec, key)
        # A lost feature is only made again, so nobody waits for the disk here.
        atomic.write_with(path, lambda target: _save(target, arrays), durable=False)

    def write_reason(self, spec: ExtractorSpec, key: str, reason: str) -> None:
        """Store that a medium has no such feature, and why."""
        self.write(spec, key, {REASON: np.array(reason)})


def default_store_root() -> Path:
    """Return the store that is used where none is named: `$VSSEVAL_STORE`, or the user's cache folder."""
    named = os.environ.get("VSSEVAL_STORE")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("vsseval"))


def text_key(text: str) -> str:
    """Return the key of a text: the sha256 of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _save(target: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with target.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: np.asarray(value) for name, value in arrays.items()})
