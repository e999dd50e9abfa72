"""Compares several finished runs of one benchmark in pairs, with one adjustment for all tests together."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vsseval.statistics.compare import MOVED, compare
from vsseval.statistics.run_cache import RunCache
from vsseval.statistics.significance import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.delta import Delta
    from vsseval.store.record import LoadedRun

__all__ = ["Pair", "compare_several"]


class Pair(NamedTuple):
    """Two runs and their differences, `a` minus `b`."""

    a: LoadedRun
    b: LoadedRun
    deltas: list[Delta]


def compare_several(
    runs: Sequence[LoadedRun],
    metrics: Sequence[str] = (),
    *,
    subset: str = "",
    allow_partial: bool = False,
    moved: int = MOVED,
    all_pairs: bool = False,
) -> list[Pair]:
    """Compare the first run with each other one; or each with each.

    Args:
        runs: two or more finished runs of one benchmark.
        metrics: as for `compare`.
        subset: as for `compare`.
        allow_partial: as for `compare`.
        moved: as for `compare`.
        all_pairs: each with each.

    Returns:
        One pair for each comparison; of three runs and more `p_holm` is adjusted over the tests of all pairs.

    Raises:
        UsageError: as `compare`.
    """
    cache = RunCache()
    chosen = combinations(runs, 2) if all_pairs else ((runs[0], other) for other in runs[1:])
    pairs = [
        Pair(a, b, compare(a, b, metrics, subset=subset, allow_partial=allow_partial, moved=moved, cache=cache))
        for a, b in chosen
    ]
    adjusted = iter(holm([delta.p for pair in pairs for delta in pair.deltas]))
    return [
        pair._replace(deltas=[msgspec.structs.replace(delta, p_holm=next(adjusted)) for delta in pair.deltas])
        for pair in pairs
    ]
