"""Strengths of systems out of comparisons in pairs, with ties: the model of Bradley and Terry as Davidson extended it.

Davidson (J. American Statistical Association 65, 1970, pages 317-328): of two systems with worths p and q, the first is
preferred in proportion to p, the second to q, and neither to nu * sqrt(p q). In logarithms that is a logit model of
three outcomes, whose likelihood is concave; it is climbed by Newton's method.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.two_way import TwoWay, linear

__all__ = ["PRIOR", "Compared", "Strengths", "fit"]

PRIOR = 0.5
"""Comparisons, divided evenly among the three outcomes, that are added for each pair that was compared: without them a
system that never lost would be infinitely strong. They weigh as much as half an answer."""
STEPS = 100
PRECISE = 1e-10


class Compared(NamedTuple):
    """Answers, each of shape (n,)."""

    first: np.ndarray
    """Index of one system."""
    second: np.ndarray
    """Index of the other."""
    said: np.ndarray
    """1: the first is better, -1: the second, 0: neither."""
    rater: np.ndarray
    item: np.ndarray


class Strengths(NamedTuple):
    """The model, fitted."""

    worth: tuple[TwoWay, ...]
    """Log strength of each system; they sum to 0."""
    ties: TwoWay
    """Log nu."""
    differences: dict[tuple[int, int], TwoWay]
    """Log strength of one less that of another; its logistic function is the chance to be preferred, ties aside."""
    never_lost: tuple[int, ...]
    never_won: tuple[int, ...]
    """Systems whose strength is known to one side only: the interval's other end is due to `PRIOR`."""


def fit(found: Compared, systems: int) -> Strengths:
    """Fit the model; errors are clustered by rater and by item at once (a sandwich around the information).

    Args:
        found: the answers.
        systems: their number, K; every index is below it.

    Raises:
        UsageError: a system was never compared, or the comparisons fall apart into groups that never met.
    """
    _require_connected(found, systems)
    outcome = np.where(found.said > 0, 0, np.where(found.said < 0, 1, 2))
    pairs = np.unique(np.sort(np.stack([found.first, found.second]), axis=0), axis=1)
    design = _design(found.first, found.second, systems)
    weights = np.eye(3)[outcome]
    added = np.full((pairs.shape[1], 3), PRIOR / 3)
    everything = np.concatenate([design, _design(pairs[0], pairs[1], systems)])
    theta = _climb(everything, np.concatenate([weights, added]), systems)
    basis = _basis(systems)
    information = _information(everything, np.concatenate([weights, added]), theta)
    inverse = basis @ np.linalg.inv(basis.T @ information @ basis) @ basis.T
    influence = _scores(design, weights, theta) @ inverse

    def of(contrast: np.ndarray) -> TwoWay:
        return linear(float(theta @ contrast), influence, contrast, found.rater, found.item)

    unit = np.eye(systems + 1)
    gained, played = np.zeros(systems), np.zeros(systems)
    for side, won in ((found.first, found.said > 0), (found.second, found.said < 0)):
        np.add.at(gained, side, won + 0.5 * (found.said == 0))
        np.add.at(played, side, 1.0)
    return Strengths(
        worth=tuple(of(unit[i]) for i in range(systems)),
        ties=of(unit[systems]),
        differences={(i, j): of(unit[i] - unit[j]) for i in range(systems) for j in range(systems) if i != j},
        never_lost=tuple(int(i) for i in np.flatnonzero(gained == played)),
        never_won=tuple(int(i) for i in np.flatnonzero(gained == 0)),
    )


def _design(first: np.ndarray, second: np.ndarray, systems: int) -> np.ndarray:
    """Return what each outcome's utility is made of, shape (n, 3, K + 1): strengths, and the constant of a tie."""
    made = np.zeros((first.size, 3, systems + 1))
    rows = np.arange(first.size)
    made[rows, 0, first] = 1
    made[rows, 1, second] = 1
    made[rows, 2, first] += 0.5
    made[rows, 2, second] += 0.5
    made[:, 2, systems] = 1
    return made


def _basis(systems: int) -> np.ndarray:
    """Return an orthonormal basis of the parameters whose strengths sum to 0, shape (K + 1, K)."""
    centred = np.eye(systems) - 1 / systems
    vectors = np.linalg.svd(centred)[0][:, : systems - 1]
    made = np.zeros((systems + 1, systems))
    made[:systems, : systems - 1] = vectors
    made[systems, systems - 1] = 1
    return made


def _chances(design: np.ndarray, theta: np.ndarray) -> np.ndarray:
    utility = design @ theta
    grown = np.exp(utility - utility.max(1, keepdims=True))
    return np.asarray(grown / grown.sum(1, keepdims=True))


def _scores(design: np.ndarray, weights: np.ndarray, theta: np.ndarray) -> np.ndarray:
    rest = weights - weights.sum(1, keepdims=True) * _chances(design, theta)
    return np.asarray(np.einsum("no,nop->np", rest, design))


def _information(design: np.ndarray, weights: np.ndarray, theta: np.ndarray) -> np.ndarray:
    chances = _chances(design, theta)
    centre = np.einsum("no,nop->np", chances, design)
    total = weights.sum(1)
    whole = np.einsum("n,no,nop,noq->pq", total, chances, design, design, optimize=True)
    return np.asarray(whole - np.einsum("n,np,nq->pq", total, centre, centre))


def _climb(design: np.ndarray, weights: np.ndarray, systems: int) -> np.ndarray:
    basis, theta = _basis(systems), np.zeros(systems + 1)

    def height(at: np.ndarray) -> float:
        return float((weights * np.log(np.maximum(_chances(design, at), 1e-300))).sum())

    for _ in range(STEPS):
        slope = basis.T @ _scores(design, weights, theta).sum(0)
        step = basis @ np.linalg.solve(basis.T @ _information(design, weights, theta) @ basis, slope)
        here = height(theta)
        while height(theta + step) < here - 1e-9 and np.abs(step).max() > PRECISE:
            step = step / 2
        theta = theta + step
        if np.abs(step).max() < PRECISE:
            break
    return theta


def _require_connected(found: Compared, systems: int) -> None:
    reached, grown = {0}, True
    while grown:
        size = len(reached)
        for a, b in zip(found.first.tolist(), found.second.tolist(), strict=True):
            if a in reached or b in reached:
                reached |= {a, b}
        grown = len(reached) > size
    if len(reached) < systems:
        raise UsageError(
            "the comparisons fall apart into groups of systems that were never compared with each other: nothing says "
            "how strong one group is beside the other"
        )
