"""How much of the recording's speech survives in the generated one, sample against sample: STOI, ESTOI and PESQ.

Made for speech with noise on it or through a channel. They mean something where the same words are spoken by the same
voice at the same time, as in restoration; a new rendition of the words, however good, scores low.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

RATE = 16_000
APART = 0.2
"""Seconds by which the sounds may differ in length; the longer is cut."""


class Stoi:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, *, extended: bool = False) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            extended: ESTOI.
        """
        self.spec = spec
        self._extended = extended

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the measure, -1 to 1.

        Args:
            generated: `samples` (n,) of the generated speech, 16 kHz.
            reference: `samples` (m,) of the recording.

        Raises:
            Unmeasurable: the lengths differ by more than 0.2 s, or there is too little speech in one of them.
        """
        import pystoi

        heard, there = _paired(generated, reference, self.spec.id)
        with warnings.catch_warnings(), _seeded():
            # Where too few frames are louder than -40 dB, pystoi warns and returns 1e-5 for a number.
            warnings.simplefilter("error", RuntimeWarning)
            try:
                return _score(float(pystoi.stoi(there, heard, RATE, extended=self._extended)))
            except RuntimeWarning as error:
                raise Unmeasurable("less than 0.4 s of the recording is not silent") from error


class Pesq:
    """Wideband; satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the measure, a mean opinion of 1 to 4.65.

        Args:
            generated: `samples` (n,) of the generated speech, 16 kHz.
            reference: `samples` (m,) of the recording.

        Raises:
            Unmeasurable: the lengths differ by more than 0.2 s, or there is too little speech in one of them.
        """
        import pesq

        heard, there = _paired(generated, reference, self.spec.id)
        try:
            return _score(float(pesq.pesq(RATE, there, heard, "wb")))
        except pesq.PesqError as error:
            raise Unmeasurable(f"PESQ has no value: {_text(error)}") from error


def _paired(generated: Arrays, reference: Arrays, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what is compared, float64, shape (n,) each; the longer sound is cut."""
    heard, there = generated["samples"], reference["samples"]
    if abs(len(heard) - len(there)) > APART * RATE:
        raise Unmeasurable(
            f"the sounds last {len(heard) / RATE:.2f} and {len(there) / RATE:.2f} s; "
            f"{who} compares them sample by sample"
        )
    length = min(len(heard), len(there))
    if not (heard[:length].any() and there[:length].any()):
        raise Unmeasurable("one of the sounds is silent")
    return np.asarray(heard[:length], np.float64), np.asarray(there[:length], np.float64)


def _score(value: float) -> Score:
    if not np.isfinite(value):
        raise Unmeasurable("there is no speech in one of the sounds")
    return Score(value=value)


@contextmanager
def _seeded() -> Iterator[None]:
    """Give numpy's global generator, of which pystoi draws noise of 1e-16, one state for every clip."""
    before = np.random.get_state()  # noqa: NPY002 - the generator that pystoi draws from
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _text(error: Exception) -> str:
    """Return the message of an error of pesq, whose messages are bytes."""
    what = error.args[0] if error.args else error
    return what.decode() if isinstance(what, bytes) else str(what)
