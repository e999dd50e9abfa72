"""The border to metrics: what `score`, `sums` and `rows` give becomes plain numbers and arrays, or one fault."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from vsseval.border.blame import call, readable
from vsseval.border.plain import named_arrays, number, scalar
from vsseval.metrics.base import Distance, SampleMetric, Score

__all__ = ["rows_or_sums", "scored"]


def scored(metric: SampleMetric[...], inputs: Mapping[str, Any]) -> Score:
    """Return one clip's score in Python's own numbers.

    A bare number is a value of weight 1, a pair is value and weight, a dict has their names; what else it holds is
    detail.

    Raises:
        Unmeasurable: the clip cannot be scored, or its score is no finite number.
        VssevalError: the metric says what the machine lacks.
        PluginFault: it raised anything else, or gave what is no score.
    """
    return call(metric, lambda: _score(metric.score(**inputs)), "score")


def rows_or_sums(metric: Distance, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the sums of one clip, in float64, or its rows; in memory of their own.

    Raises:
        Unmeasurable: the clip cannot take part.
        VssevalError: the metric says what the machine lacks.
        PluginFault: it raised anything else, or gave what cannot be added or joined.
    """
    if metric.kind == "sums":
        return call(metric, lambda: _sums(metric.sums(**inputs)), "sums")
    return call(metric, lambda: _rows(metric.rows(**inputs)), "rows")


def _score(found: Any) -> Score:
    if isinstance(found, Mapping):
        more = {name: value for name, value in found.items() if name not in {"value", "weight", "detail"}}
        return _plain(found["value"], found.get("weight", 1.0), {**more, **found.get("detail", {})})
    if isinstance(found, tuple | list) and 1 <= len(found) <= 3:
        return _plain(*found)
    if hasattr(found, "value") and hasattr(found, "weight"):
        return _plain(found.value, found.weight, getattr(found, "detail", {}))
    return _plain(found)


def _plain(value: Any, weight: Any = 1.0, detail: Any = None) -> Score:
    if detail is None:
        detail = {}
    if not isinstance(detail, Mapping):
        detail = {"detail": detail}
    return Score(
        value=number(value),
        weight=number(weight),
        detail={readable(name): _word(said) for name, said in detail.items()},
    )


def _word(said: Any) -> float | int | str:
    """Return a number or a text for a clip's detail; JSON has no NaN, so that it is a word there."""
    try:
        found = scalar(said)
    except Exception:  # noqa: BLE001 - what a stranger's array raises: it is only said, not counted
        return readable(said)
    if isinstance(found, bool):
        return int(found)
    if isinstance(found, int):
        return found if abs(found) < 2**63 else str(found)
    if isinstance(found, float) and math.isfinite(found):
        return found
    return found.encode("utf-8", "backslashreplace").decode() if isinstance(found, str) else readable(found)


def _sums(given: Any) -> dict[str, np.ndarray]:
    found = named_arrays(given)
    for name, value in found.items():
        if value.dtype.kind not in "biuf":
            raise TypeError(f"its sum '{name}' is of type {value.dtype}: float64 is needed")
    return {name: value.astype(np.float64) for name, value in found.items()}


def _rows(given: Any) -> dict[str, np.ndarray]:
    found = named_arrays(given)
    for name, value in found.items():
        if value.dtype.kind not in "biuf" or name.startswith("#"):
            raise TypeError(f"its rows '{name}' are of type {value.dtype}: named numbers are needed, without #")
    return {name: value.copy() for name, value in found.items()}
