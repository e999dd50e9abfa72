"""Turns a signed detail of paired clips into the median by which it moved, with an interval.

A metric like `desync` is the mean of magnitudes, and goes down when a delay brings early sound nearer to the picture:
a delay has to be looked for in the signed offset. One clip whose lag jumps to another beat moves a mean by more than
the delay does, so it is the median that is taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.estimate import Estimate
from vsseval.text.readers import Unreadable, json_value

if TYPE_CHECKING:
    from vsseval.statistics.run_cache import RunCache
    from vsseval.store.record import LoadedRun

SIGNED = ("offset",)
"""Details whose sign says in which direction a clip is off; margins are learnt for these."""


def shift(a: LoadedRun, b: LoadedRun, metric: str, detail: str, cache: RunCache) -> Estimate:
    """Estimate by how much a detail of run a lies above that of run b: the median over clusters.

    Args:
        a: a run.
        b: a run of the same clips.
        metric: metric id.
        detail: name of a number in the details of that metric's rows.
        cache: what was read before.

    Returns:
        The median of what the clusters moved by (within a cluster: the median of its clips), over the clips that
        both measured, in the unit of the detail; see `median`.

    Raises:
        UsageError: a run holds no such number.
    """
    ours, theirs = _details(a, metric, detail, cache), _details(b, metric, detail, cache)
    found: dict[str, list[float]] = {}
    for clip, (cluster, value) in ours.items():
        if clip in theirs:
            found.setdefault(cluster, []).append(value - theirs[clip][1])
    return median(np.array([np.median(moved) for moved in found.values()]))


def median(values: np.ndarray) -> Estimate:
    """Return a median with the 95 % interval between order statistics, which assumes no distribution.

    The k-th smallest and k-th greatest of n values enclose the median unless fewer than k of them lie on one side
    of it: k is the greatest with twice that binomial probability at most 5 % (Conover, Practical Nonparametric
    Statistics, 3rd edition, section 3.2).

    Args:
        values: finite, shape (n,).
    """
    ordered = np.sort(values)
    n = ordered.size
    if not n:
        return Estimate(value=None, se=None, low=None, high=None, method="undefined: no clips in common")
    middle = float(np.median(ordered))
    tail, k = 0.0, 0
    while k < n and 2 * (tail + math.comb(n, k) / 2**n) <= 0.05:
        tail += math.comb(n, k) / 2**n
        k += 1
    if not k:
        return Estimate(value=middle, se=None, low=None, high=None, method=f"no interval: {n} clusters")
    low, high = float(ordered[k - 1]), float(ordered[n - k])
    return Estimate(value=middle, se=(high - low) / 2 / 1.96, low=low, high=high, method=f"sign test of {n} clusters")


def has_detail(run: LoadedRun, metric: str, detail: str, cache: RunCache) -> bool:
    """Whether every measured row of a metric holds this number."""
    try:
        return bool(_details(run, metric, detail, cache))
    except UsageError:
        return False


def _details(run: LoadedRun, metric: str, detail: str, cache: RunCache) -> dict[str, tuple[str, float]]:
    """Return cluster and number of each measured clip, by its id."""
    table = cache.table(run)
    rows = table[(table["metric"] == metric) & (table["status"] == "ok")]
    found = {}
    for clip, cluster, text in zip(rows["sample_id"], rows["cluster"], rows["detail"], strict=True):
        value = _number(text, detail)
        if value is None:
            raise UsageError(
                f"{run.paths.scores}: {metric} says of clip {clip} no finite number '{detail}'. "
                f"Take it out of the rule's shift, or make the scores anew with: vsseval score {run.path}"
            )
        found[str(clip)] = str(cluster), value
    return found


def _number(text: str, detail: str) -> float | None:
    try:
        value = json_value(text).get(detail)
    except (Unreadable, AttributeError, TypeError):
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None
