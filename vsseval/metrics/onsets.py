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

from typing import Literal

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable
from vsseval.metrics.onset_matches import CONDFOLEYGEN, DELTA, HOP, MMAUDIO, Rules, average_precision, f1, matched
from vsseval.metrics.onset_peaks import peaks

Kind = Literal["onset_count", "onset_acc", "onset_ap", "onset_f1"]

_DESCRIPTIONS = {
    "onset_count": "share of clips with as many onsets as the recording",
    "onset_acc": "share of {events} that a generated onset matches within {window:g} s",
    "onset_ap": "average precision of generated onsets, ranked by loudness, for {events} within {window:g} s",
    "onset_f1": "F1 of generated onsets for {events} within {window:g} s",
}


class Onsets:
    """Satisfies `SampleMetric`."""

    def __init__(self, kind: Kind, *, as_reported: bool = False) -> None:
        """Declare one measure against the onsets of the recording.

        Args:
            kind: what is counted.
            as_reported: with the slips of the script.
        """
        self._kind, self._as_reported = kind, as_reported
        self.spec = MetricSpec(
            name=kind,
            recipe="condfoleygen-asreported" if as_reported else "condfoleygen",
            version="1",
            inputs={
                "generated": Feature(extractor="onset_strength", of=Need.AUDIO),
                "reference": Feature(extractor="onset_strength", of=Need.REFERENCE),
            },
            direction="higher",
            unit="%",
            scale=100.0,
            decimals=1,
            least=0.0,
            greatest=1.0,
            description=_DESCRIPTIONS[kind].format(events="the recording's onsets", window=CONDFOLEYGEN.window),
            citation=CONDFOLEYGEN.citation,
            sees=_sees(kind, as_reported=as_reported),
        )

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
        if self._kind == "onset_count":
            return Score(value=float(len(found) == len(events)), detail={"onsets": len(found), "events": len(events)})
        if not len(events):
            raise Unmeasurable("the recording has no onset")
        return _measured(self._kind, generated, events * HOP, CONDFOLEYGEN, as_reported=self._as_reported)


class EventOnsets:
    """Satisfies `SampleMetric`; against the times that the benchmark annotates."""

    def __init__(self, kind: Kind, *, as_reported: bool = False) -> None:
        """Declare one measure against annotated events.

        Args:
            kind: what is counted.
            as_reported: with the slips of the script.
        """
        self._kind, self._as_reported = kind, as_reported
        self.spec = MetricSpec(
            name=kind,
            recipe="mmaudio-asreported" if as_reported else "mmaudio",
            version="1",
            inputs={"generated": Feature(extractor="onset_strength", of=Need.AUDIO), "events": Need.EVENTS},
            direction="higher",
            unit="%",
            scale=100.0,
            decimals=1,
            least=0.0,
            greatest=1.0,
            description=_DESCRIPTIONS[kind].format(events="annotated events", window=MMAUDIO.window),
            citation=MMAUDIO.citation,
            sees=_sees(kind, as_reported=as_reported),
        )

    def score(self, generated: Arrays, events: str) -> Score:
        """Return the measure, 0 to 1; detail: `onsets` and `events`.

        Args:
            generated: `strength`, `here`, `loudest` and `extremes` of the generated sound.
            events: seconds, separated by spaces, in order.
        """
        times = np.array([float(second) for second in events.split()]) * 22_050
        return _measured(self._kind, generated, times, MMAUDIO, as_reported=self._as_reported)


def onset_count_condfoleygen() -> Onsets:
    """Return the share of clips with the right number of onsets."""
    return Onsets("onset_count")


def onset_acc_condfoleygen() -> Onsets:
    """Return the detection accuracy."""
    return Onsets("onset_acc")


def onset_ap_condfoleygen() -> Onsets:
    """Return the average precision."""
    return Onsets("onset_ap")


def onset_acc_condfoleygen_as_reported() -> Onsets:
    """Return the detection accuracy of the script."""
    return Onsets("onset_acc", as_reported=True)


def onset_ap_condfoleygen_as_reported() -> Onsets:
    """Return the average precision of the script."""
    return Onsets("onset_ap", as_reported=True)


def onset_acc_mmaudio() -> EventOnsets:
    """Return the accuracy against annotated events."""
    return EventOnsets("onset_acc")


def onset_ap_mmaudio() -> EventOnsets:
    """Return the average precision against annotated events."""
    return EventOnsets("onset_ap")


def onset_f1_mmaudio() -> EventOnsets:
    """Return F1 against annotated events."""
    return EventOnsets("onset_f1")


def onset_acc_mmaudio_as_reported() -> EventOnsets:
    """Return the accuracy of the script."""
    return EventOnsets("onset_acc", as_reported=True)


def onset_ap_mmaudio_as_reported() -> EventOnsets:
    """Return the average precision of the script."""
    return EventOnsets("onset_ap", as_reported=True)


def onset_f1_mmaudio_as_reported() -> EventOnsets:
    """Return F1 of the script."""
    return EventOnsets("onset_f1", as_reported=True)


def _sees(kind: Kind, *, as_reported: bool) -> tuple[str, ...]:
    """Return what is ranked lower than the recording: noise that is full of onsets need not be."""
    return ("shuffled",) if kind == "onset_ap" and as_reported else ("shuffled", "silence")


def _measured(kind: Kind, generated: Arrays, events: np.ndarray, rules: Rules, *, as_reported: bool) -> Score:
    """Return a measure of generated onsets against events in samples at 22.05 kHz."""
    found = matched(generated, events, rules, as_reported=as_reported)
    value = {
        "onset_acc": found.hits / len(events),
        "onset_ap": average_precision(found.truth, found.confidence, as_reported=as_reported),
        "onset_f1": f1(found.truth, found.confidence),
    }[kind]
    onsets = sum(score > 0 for score in found.confidence)
    return Score(value=value, detail={"onsets": onsets, "events": len(events), "hits": found.hits})
