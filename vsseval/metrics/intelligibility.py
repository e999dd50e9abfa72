"""How much of the recording's speech survives in the generated one, sample against sample: STOI, ESTOI and PESQ.

Made for speech with noise on it or through a channel. They mean something where the same words are spoken by the same
voice at the same time, as in restoration; a new rendition of the words, however good, scores low.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score, Unmeasurable
from vsseval.networks.packages import require

Kind = Literal["stoi", "estoi", "pesq"]

RATE = 16_000
APART = 0.2
"""Seconds by which the sounds may differ in length; the longer is cut."""


class Recipe(NamedTuple):
    """One measure, and the package that computes it."""

    kind: Kind
    recipe: str
    package: str
    description: str
    citation: str
    least: float
    greatest: float


RECIPES = {
    "stoi@pystoi": Recipe(
        "stoi", "pystoi", "pystoi", "short-time objective intelligibility",
        "Taal et al., IEEE TASLP 19, 2011; pystoi 0.4.1", -1.0, 1.0,
    ),
    "estoi@pystoi": Recipe(
        "estoi", "pystoi", "pystoi", "extended short-time objective intelligibility",
        "Jensen and Taal, IEEE/ACM TASLP 24, 2016; pystoi 0.4.1", -1.0, 1.0,
    ),
    "pesq@wb": Recipe(
        "pesq", "wb", "pesq", "wideband perceptual evaluation of speech quality, mapped to a mean opinion",
        "ITU-T P.862.2, 2007; pesq 0.0.4", 1.0, 4.65,
    ),
}  # fmt: skip
"""Metric id -> recipe."""


class Intelligibility:
    """Satisfies `SampleMetric`."""

    def __init__(self, made: Recipe) -> None:
        """Declare one measure.

        Raises:
            MissingExtra: its package is not installed.
        """
        require(made.package, f"{made.kind}@{made.recipe}", "intelligibility")
        self._made = made
        self.spec = MetricSpec(
            name=made.kind,
            recipe=made.recipe,
            version="1",
            inputs={
                "generated": Feature(extractor="speech16k", of=Need.AUDIO),
                "reference": Feature(extractor="speech16k", of=Need.REFERENCE),
            },
            direction="higher",
            unit="",
            decimals=3 if made.package == "pystoi" else 2,
            least=made.least,
            greatest=made.greatest,
            description=f"{made.description}, against the recording, at 16 kHz",
            citation=made.citation,
            # A silent clip has no value.
            sees=("shuffled", "noise"),
        )

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the measure.

        Args:
            generated: `samples` (n,) of the generated speech, 16 kHz.
            reference: `samples` (m,) of the recording.

        Raises:
            Unmeasurable: the lengths differ by more than 0.2 s, or there is too little speech in one of them.
        """
        heard, there = generated["samples"], reference["samples"]
        if abs(len(heard) - len(there)) > APART * RATE:
            raise Unmeasurable(
                f"the sounds last {len(heard) / RATE:.2f} and {len(there) / RATE:.2f} s; "
                f"{self.spec.id} compares them sample by sample"
            )
        length = min(len(heard), len(there))
        if not (heard[:length].any() and there[:length].any()):
            raise Unmeasurable("one of the sounds is silent")
        value = self._measured(np.asarray(there[:length], np.float64), np.asarray(heard[:length], np.float64))
        if not np.isfinite(value):
            raise Unmeasurable("there is no speech in one of the sounds")
        return Score(value=value)

    def _measured(self, there: np.ndarray, heard: np.ndarray) -> float:
        package: Any = importlib.import_module(self._made.package)
        if self._made.package == "pesq":
            try:
                return float(package.pesq(RATE, there, heard, "wb"))
            except package.PesqError as error:
                raise Unmeasurable(f"PESQ has no value: {_text(error)}") from error
        with warnings.catch_warnings(), _seeded():
            # Where too few frames are louder than -40 dB, pystoi warns and returns 1e-5 for a number.
            warnings.simplefilter("error", RuntimeWarning)
            try:
                return float(package.stoi(there, heard, RATE, extended=self._made.kind == "estoi"))
            except RuntimeWarning as error:
                raise Unmeasurable("less than 0.4 s of the recording is not silent") from error


def stoi() -> Intelligibility:
    """Return STOI.

    Raises:
        MissingExtra: pystoi is not installed.
    """
    return Intelligibility(RECIPES["stoi@pystoi"])


def estoi() -> Intelligibility:
    """Return extended STOI.

    Raises:
        MissingExtra: pystoi is not installed.
    """
    return Intelligibility(RECIPES["estoi@pystoi"])


def pesq_wb() -> Intelligibility:
    """Return wideband PESQ.

    Raises:
        MissingExtra: pesq is not installed.
    """
    return Intelligibility(RECIPES["pesq@wb"])


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
