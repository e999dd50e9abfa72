"""Prints of sounds in the feature store, with their landmarks at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable
from vsseval.stages.alike import NOTHING, Print

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from vsseval.store.features import FeatureStore
    from vsseval.types import ExtractorSpec

KEPT = 100_000_000
"""Landmarks that are kept in memory, of 8 bytes each: of 130,000 clips of eight seconds and their references."""


class Prints:
    """Prints in the feature store, whose landmarks are kept as long as they fit."""

    def __init__(self, spec: ExtractorSpec, store: FeatureStore) -> None:
        store.refresh([spec])  # other processes have written prints
        self._spec, self._store = spec, store
        self._kept: dict[str, Print] = {}
        self._room = KEPT

    def has(self, key: str) -> bool:
        """Return whether a medium has a print; it is not read."""
        return self._store.is_feature(self._spec, key)

    def of(self, key: str) -> Mapping[str, np.ndarray] | None:
        """Return the print of a medium, if it has one."""
        try:
            arrays = self._store.read(self._spec, key)
        except Unmeasurable:
            return None
        if arrays is not None and key not in self._kept and self._room >= arrays["frame"].size:
            self._kept[key] = Print.of(arrays)
            self._room -= arrays["frame"].size
        return arrays

    def landmarks(self, key: str) -> Print:
        """Return its landmarks; of one that has gone meanwhile, none."""
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        arrays = self.of(key)
        return NOTHING if arrays is None else Print.of(arrays)
