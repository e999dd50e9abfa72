"""How well a sound fits something else: cosine of their embeddings by one network.

`ib_score` holds it against the picture, `ib_ta` against the caption (ImageBind: Girdhar et al., CVPR 2023), `sound_sim`
against the recording of the same clip. What a recording holds besides (its noise, its room) counts too, so that no
system reaches 1; `shuffled` says what the sound of another clip gets. Of aiSFX, on 44 real recordings of twelve kinds:
20 dB of noise .94, another recording of the same kind .89, one of another kind .85.
"""

from __future__ import annotations

from typing import Final

from vsseval.metrics.base import Arrays, MetricSpec, Score
from vsseval.metrics.cosine import cosine


class Likeness:
    """`ib_score@…`, `ib_ta@…`, `sound_sim@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, other: Arrays) -> Score:
        """Return the cosine, -1 to 1.

        Args:
            sound: `embedding` (d,) of the generated sound, of any length.
            other: `embedding` (d,) of the clip's picture, caption or recording.

        Raises:
            Unmeasurable: an embedding is zero, NaN or infinite, or they differ in length.
        """
        return Score(value=cosine(sound["embedding"], other["embedding"]))
