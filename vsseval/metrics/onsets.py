"""Whether what sets in in the recording sets in in the generated sound: onset accuracy and average precision.

Du et al., "Conditional generation of audio from video via Foley analogies", CVPR 2023: librosa's onsets with a delta of
0.3; one onset is kept of those within 50 ms; each onset of the recording takes the loudest unused one within 0.1 s.
MMAudio (Cheng et al., CVPR 2025) holds generated onsets against annotated event times, within 0.3 s.

Both evaluation scripts do otherwise than they mean to. Their average precision has a last threshold of zero, at which
every missed event is found, so that silence scores 100 %; they stop as soon as every generated onset is used, so that
what the recording has beyond is no miss; they thin out onsets in a list that they run through, and leave every other
neighbour in; and MMAudio's compares the loudness of other onsets than it means once one is used. `-asreported` does the
same, so that its values are those of papers.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable
from vsseval.metrics.onset_matches import (
    CONDFOLEYGEN,
    DELTA,
    HOP,
    MMAUDIO,
    MatchingRules,
    average_precision,
    f1,
    matched,
)
from vsseval.onset_peaks import peaks

Measure = Literal["onset_count", "onset_acc", "onset_ap", "onset_f1"]


class Onsets:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure, *, as_reported: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            measure: what is counted.
            as_reported: with the slips of the script.
        """
        self.spec = spec
        self._measure, self._as_reported = measure, as_reported

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the measure, 0 to 1; detail: `onsets` and `events`.

        Args:
            generated: `strength`, `here`, `loudest` and `extremes` of the generated sound.
            reference: the same of the recording.

        Raises:
            Unmeasurable: the recording has no onset.
        """
        events = peaks(reference["strength"], DELTA)
        found = peaks(generated["strength"], DELTA)
        if self._measure == "onset_count":
            return Score(value=float(len(found) == len(events)), detail={"onsets": len(found), "events": len(events)})
        if not len(events):
            raise Unmeasurable("the recording has no onset")
        return _measured(self._measure, generated, events * HOP, CONDFOLEYGEN, as_reported=self._as_reported)


class EventOnsets:
    """Satisfies `SampleMetric`; against the times that the benchmark annotates."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, measure: Measure, *, as_reported: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `events`.
            measure: what is counted.
            as_reported: with the slips of the script.
        """
        self.spec = spec
        self._measure, self._as_reported = measure, as_reported

    def score(self, generated: Arrays, events: str) -> Score:
        """Return the measure, 0 to 1; detail: `onsets` and `events`.

        Args:
            generated: `strength`, `here`, `loudest` and `extremes` of the generated sound.
            events: seconds, separated by spaces, in order.
        """
        times = np.array([float(second) for second in events.split()]) * 22_050
        return _measured(self._measure, generated, times, MMAUDIO, as_reported=self._as_reported)


def _measured(
    measure: Measure, generated: Arrays, events: np.ndarray, rules: MatchingRules, *, as_reported: bool
) -> Score:
    """Return a measure of generated onsets against events in samples at 22.05 kHz."""
    found = matched(generated, events, rules, as_reported=as_reported)
    value = {
        "onset_acc": found.hits / len(events),
        "onset_ap": average_precision(found.truth, found.confidence, as_reported=as_reported),
        "onset_f1": f1(found.truth, found.confidence),
    }[measure]
    onsets = sum(score > 0 for score in found.confidence)
    return Score(value=value, detail={"onsets": onsets, "events": len(events), "hits": found.hits})
