"""Inception score: how distinct the sounds of single clips are, and how varied those of all clips.

Salimans et al., "Improved techniques for training GANs", NeurIPS 2016: the exponential of the mean divergence of each
clip's class probabilities from their average. As everywhere in this field it is the mean over ten splits of a seeded
permutation, here of the clips in the order of their ids: the score depends on which clip falls into which split.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

import numpy as np

from vsseval.metrics.base import Arrays, MetricSpec, Rows, Unmeasurable
from vsseval.metrics.kl import log_softmax
from vsseval.metrics.vector_sets import as_rows

SPLITS, SEED = 10, 2020
"""Of every evaluator descended from torch-fidelity."""


class InceptionScore:
    """Satisfies `GroupedRowsMetric`."""

    kind: Final = "grouped_rows"

    def __init__(self, spec: MetricSpec, logits: str = "logits", splits: int = SPLITS) -> None:
        """Say which metric it is.

        Args:
            spec: the declaration, with the input `generated`.
            logits: name of the array among the features.
            splits: of the clips; the value is the mean over them.
        """
        self.spec = spec
        self._logits = logits
        self._splits = splits

    def rows(self, generated: Arrays) -> Rows:
        """Return `logits` (1, c) of one clip."""
        return {"logits": as_rows(generated[self._logits])}

    def value(self, rows: Rows) -> float:
        """Return the score, 1 to c.

        Raises:
            Unmeasurable: fewer clips than splits, or probabilities that vanish.
        """
        return inception_score(rows["logits"], self._splits)[0]

    def without(self, rows: Rows, groups: Mapping[str, np.ndarray]) -> Callable[[Collection[int]], float]:
        """Return what gives the score without some groups of clips, each other clip staying in its split."""
        return grouped(rows["logits"], groups["logits"], self._splits)


def inception_score(logits: np.ndarray, splits: int = SPLITS, seed: int | None = SEED) -> tuple[float, float]:
    """Return mean and standard deviation of the scores of the splits.

    Args:
        logits: shape (n, c), in the order of the clips' ids.
        splits: number of splits.
        seed: of the permutation; None leaves the order as it is.

    Raises:
        Unmeasurable: fewer clips than splits; NaN or infinite logits; or logits so far apart that a class has no
            probability at all in float64 in a whole split.
    """
    scores = [_score(*part) for part in _parts(logits, np.zeros(len(logits), int), splits, seed)]
    return float(np.mean(scores)), float(np.std(scores))


def grouped(
    logits: np.ndarray, groups: np.ndarray, splits: int = SPLITS, seed: int | None = SEED
) -> Callable[[Collection[int]], float]:
    """Return what gives the mean score without some groups, as `inception_score` does for all.

    Args:
        logits: shape (n, c).
        groups: number of the group of each clip, shape (n,).
        splits: number of splits.
        seed: of the permutation.

    Raises:
        Unmeasurable: as `inception_score`; the function, where a split loses all its clips.
    """
    parts = _parts(logits, groups, splits, seed)

    def value(left_out: Collection[int]) -> float:
        kept = ~np.isin(np.arange(int(groups.max()) + 1), [*left_out])
        return float(np.mean([_score(*(sums[kept] for sums in part)) for part in parts]))

    return value


class _Part(NamedTuple):
    """One split, added up by group of clips."""

    clips: np.ndarray
    """Shape (g,)."""
    entropy: np.ndarray
    """Sum of p log p over clips and classes, (g,)."""
    probability: np.ndarray
    """Sum of p over clips, (g, c)."""


def _parts(logits: np.ndarray, groups: np.ndarray, splits: int, seed: int | None) -> list[_Part]:
    count = len(logits)
    if count < splits:
        raise Unmeasurable(f"an inception score of {splits} splits needs at least {splits} clips, there are {count}")
    if not np.isfinite(logits).all():
        raise Unmeasurable("the logits hold NaN or infinite values")
    order = np.arange(count)
    if seed is not None:
        order = np.random.RandomState(seed).permutation(count)
    log_p = log_softmax(logits[order])
    member = np.eye(int(groups.max()) + 1)[groups[order]]
    parts = []
    for split in range(splits):
        here = slice(split * count // splits, (split + 1) * count // splits)
        p, who = np.exp(log_p[here]), member[here]
        parts.append(_Part(who.sum(axis=0), who.T @ (p * log_p[here]).sum(axis=1), who.T @ p))
    return parts


def _score(clips: np.ndarray, entropy: np.ndarray, probability: np.ndarray) -> float:
    """Return exp of the mean over clips of KL(p || q), q the average of p, from sums by group."""
    count = float(clips.sum())
    if not count:
        raise Unmeasurable("a split has no clips left")
    q = probability.sum(axis=0) / count
    if not (q > 0).all():
        raise Unmeasurable("the logits are so far apart that a class has no probability in a whole split")
    return float(np.exp(entropy.sum() / count - (q * np.log(q)).sum()))
