"""How far the sounds heard in a clip are from those in its recording: Kullback-Leibler divergence of classifiers.

Logits over the classes of AudioSet or VGGSound become probabilities by softmax. Papers differ in the direction and in a
small number that some add inside one logarithm; both are part of the recipe, for each changes the value.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vsseval.metrics import pairs
from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

Direction = Literal["reference to generated", "generated to reference"]


class Recipe(NamedTuple):
    """One published divergence."""

    name: str
    recipe: str
    extractor: str
    direction: Direction
    added: float
    """To the probabilities of the second distribution, inside the logarithm."""
    network: str
    source: str
    classes: int = 527


RECIPES = {
    "kl_panns@avbench": Recipe(
        "kl_panns", "avbench", "panns", "reference to generated", 0.0, "PANNs Cnn14 16 kHz", "av-benchmark 050a5cd"
    ),
    "kl_passt@avbench": Recipe(
        "kl_passt", "avbench", "passt", "reference to generated", 0.0, "PaSST, 10 s", "av-benchmark 050a5cd"
    ),
    "kl_panns@audioldm": Recipe(
        "kl_panns", "audioldm", "panns_audioldm", "reference to generated", 1e-6, "PANNs Cnn14 16 kHz",
        "audioldm_eval 8dc07ee",
    ),
    "kl_passt@stableaudio": Recipe(
        "kl_passt", "stableaudio", "passt_stableaudio", "generated to reference", 1e-6, "PaSST, windows of 10 s",
        "stable-audio-metrics fd55536",
    ),
    "kl_melception@specvqgan": Recipe(
        "kl_melception", "specvqgan", "melception", "reference to generated", 1e-6, "Melception", "SpecVQGAN 33c601d",
        classes=309,
    ),
}  # fmt: skip
"""Metric id -> recipe."""


class Divergence:
    """Satisfies `SampleMetric`."""

    def __init__(self, made: Recipe) -> None:
        self._made = made
        backwards = made.direction == "generated to reference"
        formula = "KL(generated || recording)" if backwards else "KL(recording || generated)"
        added = f", {made.added:g} added to the second inside the logarithm" if made.added else ""
        self.spec = MetricSpec(
            name=made.name,
            recipe=made.recipe,
            version="1",
            inputs=pairs.inputs(made.extractor),
            direction="lower",
            unit="",
            # What is added lets a divergence fall below zero, by at most log(1 + classes * added).
            least=None if made.added else 0.0,
            description=f"{formula} of the softmax over {made.classes} classes of {made.network}{added}; mean of clips",
            citation=f"Kreuk et al., AudioGen, ICLR 2023; as in {made.source}",
        )

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the divergence in nats.

        Args:
            generated: `logits` (c,) of the generated sound.
            reference: `logits` (c,) of the benchmark's recording.

        Raises:
            Unmeasurable: logits of different classifiers, or NaN or infinite ones.
        """
        sides = pairs.rows(generated, reference, "logits")
        heard, there = sides["generated"][0], sides["reference"][0]
        if self._made.direction == "generated to reference":
            heard, there = there, heard
        return Score(value=divergence(there, heard, self._made.added))


def kl_panns_avbench() -> Divergence:
    """Return KL_PANNs."""
    return Divergence(RECIPES["kl_panns@avbench"])


def kl_passt_avbench() -> Divergence:
    """Return KL_PaSST."""
    return Divergence(RECIPES["kl_passt@avbench"])


def kl_panns_audioldm() -> Divergence:
    """Return KL of AudioLDM's evaluator."""
    return Divergence(RECIPES["kl_panns@audioldm"])


def kl_passt_stableaudio() -> Divergence:
    """Return KL of Stable Audio's evaluator, which runs the other way."""
    return Divergence(RECIPES["kl_passt@stableaudio"])


def kl_melception_specvqgan() -> Divergence:
    """Return what SpecVQGAN and its line call MKL."""
    return Divergence(RECIPES["kl_melception@specvqgan"])


def divergence(first: np.ndarray, second: np.ndarray, added: float = 0.0) -> float:
    """Return KL(first || second) of the softmax of logits, in nats, float64.

    Args:
        first: logits, shape (c,).
        second: logits, shape (c,).
        added: to the probabilities of the second, inside the logarithm.

    Raises:
        Unmeasurable: no classes, different numbers of them, or NaN or infinite logits.
    """
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise Unmeasurable(f"logits of shape {first.shape} and {second.shape} are not of the same classes")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise Unmeasurable("the logits hold NaN or infinite values")
    log_p, log_q = log_softmax(first), log_softmax(second)
    if added:
        log_q = np.log(np.exp(log_q) + added)
    value = float((np.exp(log_p) * (log_p - log_q)).sum())
    return value if added else max(0.0, value)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log probabilities over the last axis, float64, of finite logits."""
    x = np.asarray(logits, np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=-1, keepdims=True)))
