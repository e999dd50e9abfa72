"""The feature store: what an extractor made of a medium, keyed by extractor, version, weights and content.

Shared by all runs and safe for several processes at once. Deleting it is always safe: features are made anew. What it
lacks may come with vsseval (`store.shipped`), of media that are the same bytes everywhere.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.store.layout import safe_name
from vsseval.store.packs import Packs
from vsseval.store.shipped import shipped_features
from vsseval.text.arrays import arrays
from vsseval.text.readers import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vsseval.types import ExtractorSpec, Medium

REASON = "__unmeasurable__"
"""Name under which the reason is stored where a medium has no such feature."""

_FEATURE, _NONE = 0, 1
"""Marks of entries: arrays, or the reason why there are none."""


@dataclass(frozen=True)
class FeatureStore:
    """A folder of features, `features/<extractor>-<version>-<weights8>/`, in packs (`store.packs`).

    Features that were computed elsewhere than on a processor, or in another precision, have folders of their own.
    """

    root: Path

    def folder(self, spec: ExtractorSpec) -> Path:
        """Return where the features of an extractor lie."""
        return _folder(self.root, spec.identity)

    def muted_path(self, key: str) -> Path:
        """Return where the copy without audio of a video with this sha256 lies."""
        return self.root / "muted" / f"{key}.mp4"

    def excerpt_path(self, key: str) -> Path:
        """Return where the copy of a segment of a sound lies."""
        return self.root / "excerpts" / f"{key}.flac"

    def refresh(self, extractors: Iterable[ExtractorSpec]) -> None:
        """See what other processes have written, so that `has` and `is_feature` know of it too."""
        for spec in extractors:
            self._packs(spec).refresh()

    def has(self, spec: ExtractorSpec, key: str) -> bool:
        """Return whether a feature, or the reason why there is none, is there; it is not read."""
        return self._found(spec, key) is not None

    def is_feature(self, spec: ExtractorSpec, key: str) -> bool:
        """Return whether a feature is there, and not the reason why there is none."""
        return self._found(spec, key) == _FEATURE

    def read(self, spec: ExtractorSpec, key: str) -> dict[str, np.ndarray] | None:
        """Return a feature; None where it is absent, or was damaged: it is absent from then on.

        Raises:
            Unmeasurable: the medium has no such feature; the reason is as it was stored.
        """
        found = self._own(spec, key)
        shipped = shipped_features(spec.identity) if found is None else None
        if shipped is not None and (stored := shipped.read(key)) is not None:
            found = arrays(stored[0])
        if found is not None and REASON in found:
            raise Unmeasurable(str(found[REASON]))
        return found

    def _own(self, spec: ExtractorSpec, key: str) -> dict[str, np.ndarray] | None:
        """Return what the packs of this store hold, which others may have written."""
        packs = self._packs(spec)
        while (stored := packs.read(key)) is not None:
            try:
                return arrays(stored[0])
            except Unreadable:
                packs.drop(key)
        return None

    def write(self, spec: ExtractorSpec, key: str, made: Mapping[str, np.ndarray]) -> None:
        """Store a feature.

        Raises:
            EnvironmentFault: no room, no permission.
        """
        data = BytesIO()
        np.savez(data, allow_pickle=False, **{name: np.asarray(value) for name, value in made.items()})
        self._packs(spec).write(key, data.getvalue(), _NONE if REASON in made else _FEATURE)

    def write_reason(self, spec: ExtractorSpec, key: str, reason: str) -> None:
        """Store that a medium has no such feature, and why."""
        self.write(spec, key, {REASON: np.array(reason)})

    def _found(self, spec: ExtractorSpec, key: str) -> int | None:
        """Return the mark of an entry, of this store or shipped; None where there is none."""
        mark = self._packs(spec).find(key)
        if mark is not None:
            return mark
        shipped = shipped_features(spec.identity)
        return None if shipped is None else shipped.find(key)

    def _packs(self, spec: ExtractorSpec) -> Packs:
        return _packs(os.path.abspath(self.root), spec.identity)  # noqa: PTH100 - a path is made in half the time


def _folder(root: Path, identity: tuple[str, ...]) -> Path:
    name, version, weights, *computed = identity
    return root / "features" / "-".join(safe_name(part) for part in (name, version, weights[:8], *computed))


@lru_cache(maxsize=128)
def _packs(root: str, identity: tuple[str, ...]) -> Packs:
    """Return the packs of one extractor; one for each folder in a process, of which the latest stay open."""
    return Packs(_folder(Path(root), identity))


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


def video_key(medium: Medium) -> str:
    """Return the key of what is seen in a file, which is not that of what is heard in it."""
    return text_key(f"video {medium.key}")
