"""Turns the values of single clips into histograms on common bins, and quantiles, for each metric and system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS = 24
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIGITS = 2


def distributions(values: Sequence[Sequence[Sequence[float | None]]], decimals: Sequence[int]) -> list[dict[str, Any]]:
    """Return for each metric `edges` of its bins, and for each system `counts` and `quantiles` (empty without values).

    Args:
        values: of metric, system and clip, in displayed units; None where there is none.
        decimals: of each metric.
    """
    return [_metric(systems, places) for systems, places in zip(values, decimals, strict=True)]


def _metric(systems: Sequence[Sequence[float | None]], decimals: int) -> dict[str, Any]:
    found = [np.array([value for value in system if value is not None], float) for system in systems]
    every = np.concatenate(found)
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 0.0)
    edges = np.linspace(low, high if high > low else low + 10.0**-decimals, BINS + 1)
    return {
        "edges": [round(float(edge), decimals + DIGITS + 2) for edge in edges],
        "systems": [_spread(mine, edges, decimals + DIGITS) for mine in found],
    }


def _spread(values: np.ndarray, edges: np.ndarray, digits: int) -> dict[str, Any]:
    if not values.size:
        return {"n": 0, "counts": [], "quantiles": []}
    return {
        "n": values.size,
        "counts": np.histogram(values, edges)[0].tolist(),
        "quantiles": [round(float(quantile), digits) for quantile in np.quantile(values, QUANTILES)],
    }
