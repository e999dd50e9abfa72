"""Whether the voice is the one asked for: cosine of speaker embeddings, by a named encoder, against a named recording.

Against the prompt, another utterance of the same voice that a model was given, nothing is gained by copying a
sentence's prosody; against the recording of the same sentence, channel and prosody count as voice. The same sounds
reach 0.33 with one encoder and 0.77 with another (espnet issue 6477), so both stand in the id. Negative cosines stay.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable


class SpeakerSimilarity:
    """`spk_sim@…`; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, *, as_reported: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `voice` and either `prompt` or `reference`.
            as_reported: leave out of the average, as DeepAudio-V1's script does, what is not between 0 and 1; such a
                clip stays as a row of weight 0.
        """
        self.spec = spec
        self._as_reported = as_reported

    def score(self, voice: Arrays, prompt: Arrays | None = None, reference: Arrays | None = None) -> Score:
        """Return the cosine of two embeddings, -1 to 1.

        Args:
            voice: `embedding` (d,) of the generated speech.
            prompt: `embedding` (d,) of the prompt, where that is what the recipe compares with.
            reference: `embedding` (d,) of the recording of the same sentence, likewise.

        Raises:
            Unmeasurable: an embedding is zero, so that it has no direction.
        """
        other = prompt if reference is None else reference
        if other is None:
            raise TypeError(f"{self.spec.id} needs a prompt or a reference")
        value = float(np.clip(cosine(voice["embedding"], other["embedding"]), -1.0, 1.0))
        if self._as_reported and not 0 < value < 1:
            return Score(value=value, weight=0.0, detail={"dropped": "not between 0 and 1"})
        return Score(value=value)


def cosine(one: np.ndarray, two: np.ndarray) -> float:
    """Return the cosine of two embeddings of shape (d,).

    Raises:
        Unmeasurable: one of them is zero.
    """
    lengths = [float(np.linalg.norm(vector.astype(np.float64))) for vector in (one, two)]
    if min(lengths) == 0:
        raise Unmeasurable("a speaker embedding is zero: it has no direction")
    if all(abs(length - 1) < 1e-6 for length in lengths):
        return float(np.vdot(one, two))
    return float(np.vdot(one.astype(np.float64), two.astype(np.float64)) / lengths[0] / lengths[1])
