"""How far the sounds heard in a clip are from those in its recording: Kullback-Leibler divergence of classifiers.

Logits over the classes of AudioSet or VGGSound become probabilities by softmax. Papers differ in the direction and in a
small number that some add inside one logarithm; both are part of the recipe, for each changes the value.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vsseval.metrics import vector_sets
from vsseval.metrics.base import Arrays, MetricSpec, Score, Unmeasurable

Direction = Literal["reference to generated", "generated to reference"]


class Divergence:
    """Satisfies `SampleMetric`."""

    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec, direction: Direction, added: float = 0.0) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the inputs `generated` and `reference`.
            direction: from which distribution to which.
            added: to the probabilities of the second, inside the logarithm.
        """
        self.spec = spec
        self._direction, self._added = direction, added

    def score(self, generated: Arrays, reference: Arrays) -> Score:
        """Return the divergence in nats.

        Args:
            generated: `logits` (c,) of the generated sound.
            reference: `logits` (c,) of the benchmark's recording.

        Raises:
            Unmeasurable: logits of different classifiers, or NaN or infinite ones.
        """
        sides = vector_sets.vector_rows(generated, reference, "logits")
        heard, there = sides["generated"][0], sides["reference"][0]
        if self._direction == "generated to reference":
            heard, there = there, heard
        return Score(value=divergence(there, heard, self._added))


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
