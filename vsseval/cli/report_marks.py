"""What the report draws over spectrograms: onsets of sound and of picture, by the extractors of `desync@onset`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.onset_peaks import peaks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vsseval.media import Audio
    from vsseval.types import Medium

DELTA = 0.15
"""Of the greatest value of a curve: what an onset rises above its surroundings by."""


@dataclass
class FeatureMarks:
    """Satisfies `vsseval.report.clip_media.Marks`: peaks of SuperFlux, and of the change of motion."""

    store: Path | None
    """Features that runs left there are not computed again; None looks nowhere."""
    _extractors: dict[str, Any] = field(default_factory=dict, repr=False)

    def of_sound(self, audio: Audio, key: str | None) -> list[float]:
        """Return the seconds at which a sound has onsets, in order; none in silence."""
        found = self._features("onset", key, audio)
        return [] if found is None else _seconds(found["flux"].sum(axis=1), float(found["rate"]))

    def of_picture(self, medium: Medium) -> list[float]:
        """Return the seconds at which something in the picture changes its motion abruptly, in order."""
        from vsseval.media import Video
        from vsseval.store.features import video_key

        found = self._features("motion", video_key(medium), Video, medium.path, medium.start, medium.seconds)
        return [] if found is None else _seconds(found["tiles"].max(axis=1), float(found["rate"]))

    def _features(self, name: str, key: str | None, source: Any, *opened_with: Any) -> Mapping[str, np.ndarray] | None:
        """Return features from the store, or computed from a source, which is opened only if it has to be."""
        from vsseval import plugins
        from vsseval.store.features import FeatureStore

        if name not in self._extractors:
            self._extractors[name] = plugins.load("extractors", name)()
        extractor = self._extractors[name]
        try:
            known = FeatureStore(self.store).read(extractor.spec, key) if self.store and key else None
            if known is not None:
                return known
            found: Mapping[str, np.ndarray] = extractor.extract(source(*opened_with) if opened_with else source)
        except Unmeasurable:
            return None
        return found

    def __getstate__(self) -> dict[str, Any]:
        # Other processes build extractors of their own.
        return {"store": self.store, "_extractors": {}}


def _seconds(curve: np.ndarray, rate: float) -> list[float]:
    top = float(curve.max(initial=0.0))
    if top <= 0.0:
        return []
    # Value k of these extractors stands for the time (k + 1/2) / rate.
    return [round((frame + 0.5) / rate, 3) for frame in peaks(curve / top, DELTA).tolist()]
