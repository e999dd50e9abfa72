"""Turns the runs of one table into paired differences of two systems, with the clips that moved."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from vsseval.errors import UsageError
from vsseval.statistics.answer import answer, least_of_values, sentence
from vsseval.statistics.compare import compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vsseval.report.clips import Clips
    from vsseval.statistics.delta import Delta
    from vsseval.statistics.run_cache import RunCache
    from vsseval.store.record import LoadedRun

MOVED = 12
"""Clips that are named of each difference."""
MOST_PAIRS = 120
"""Of so many systems that there are more, each is held against the first one and the reference alone."""
DIGITS = 2


def differences(clips: Clips, places: Mapping[str, int], cache: RunCache) -> list[dict[str, Any]]:
    """Compare each system with each other, and with the recordings.

    Args:
        clips: of the runs of one table.
        places: clip id -> its place on the page.
        cache: what was read before.

    Returns:
        For each pair `a`, `b` (places in the order of `clips.in_order`) and `rows`, one for each metric, in displayed
        units; or `problem`, where the pair cannot be compared.
    """
    order = {run.path.name: place for place, run in enumerate(clips.in_order)}
    found = []
    for a, b in _pairs(clips):
        pair: dict[str, Any] = {"a": order[a.path.name], "b": order[b.path.name]}
        try:
            deltas = compare(a, b, allow_partial=True, moved=MOVED, cache=cache)
            pair["rows"] = [_row(delta, places) for delta in deltas]
        except UsageError as problem:
            pair["problem"] = str(problem)
        found.append(pair)
    return found


def _pairs(clips: Clips) -> Iterator[tuple[LoadedRun, LoadedRun]]:
    systems = [run for run in clips.runs if not clips.bounds[run.path.name]]
    recordings = [run for run in clips.runs if clips.labels[run.path.name] == "reference"]
    every = [*combinations(systems, 2)]
    yield from every if len(every) <= MOST_PAIRS else ((systems[0], other) for other in systems[1:])
    for reference in recordings:
        yield from ((system, reference) for system in systems)
    if not systems:
        yield from combinations(clips.runs, 2)


def _row(delta: Delta, places: Mapping[str, int]) -> dict[str, Any]:
    def shown(number: float | None) -> float | None:
        return None if number is None else round(number * delta.scale, delta.decimals + DIGITS)

    said = sentence(answer(delta, least_of_values(delta)), delta.scale, delta.decimals, delta.unit)
    return {
        "metric": delta.metric, "unit": delta.unit, "decimals": delta.decimals,
        "a": shown(delta.value_a), "b": shown(delta.value_b), "difference": shown(delta.difference),
        "low": shown(delta.low), "high": shown(delta.high), "method": delta.method,
        "p": delta.p, "holm": delta.p_holm, "effect": delta.effect, "n": delta.n,
        "counts": [delta.n_a, delta.total_a, delta.n_b, delta.total_b],
        "wins": delta.wins, "ties": delta.ties, "losses": delta.losses,
        "better": delta.better, "significant": delta.significant, "said": said, "reason": delta.reason or "",
        "moved": [[places[one.clip], shown(one.value_a), shown(one.value_b)] for one in delta.moved],
    }  # fmt: skip
