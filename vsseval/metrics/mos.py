"""What listeners would say of speech, as networks predict it that hear nothing but the speech itself."""

from __future__ import annotations

from typing import Final

from vsseval.metrics.base import Arrays, MetricSpec, Score


class OpinionScore:
    """A mean opinion score of one network; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, feature: str) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with one input `speech`.
            feature: which of the network's scores.
        """
        self.spec = spec
        self._feature = feature

    def score(self, speech: Arrays) -> Score:
        """Return the predicted score, about 1 (bad) to 5 (excellent).

        Args:
            speech: the network's scores of the generated sound, () each.
        """
        return Score(value=float(speech[self._feature]))
