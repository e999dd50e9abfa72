"""`--trace FILE`: what each process of a command did when, for chrome://tracing or Perfetto, and a line a kind."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vsseval.store.timings import Timing

MICRO = 1e6


@contextmanager
def traced(path: Path | None, store: Path | None) -> Iterator[None]:
    """Write what was done inside the `with` block, also where it ends early.

    Args:
        path: the file; None writes nothing.
        store: root of the feature store, beside which timings are kept; None means that of the user.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    begun = time.time()
    try:
        yield
    finally:
        if path is not None:
            _write(path, _own(store, begun))


def _own(store: Path | None, begun: float) -> list[Timing]:
    from vsseval.store.features import default_store_root
    from vsseval.store.timings import command, read_timings

    every = read_timings(store or default_store_root())
    return [one for one in every if one.command == command() and one.start >= begun]


def _write(path: Path, timings: list[Timing]) -> None:
    from vsseval.store import atomic, codec
    from vsseval.store.timings import START

    # What a metric takes is spread over the scoring of all clips: it has a length, and no place of its own.
    events = [_event(one) for one in timings if one.kind != "metric" and one.name != START]
    atomic.write_bytes(path, codec.encode({"traceEvents": events, "displayTimeUnit": "ms"}))
    for line in lines(timings):
        say(line, err=True)


def _event(one: Timing) -> dict[str, Any]:
    """Return a complete event ("X") of the Trace Event Format; times are microseconds."""
    return {
        "name": one.name, "cat": one.kind, "ph": "X", "ts": one.start * MICRO, "dur": one.wall * MICRO,
        "pid": one.command, "tid": one.process,
        "args": {"clips": one.clips, "media_seconds": one.seconds, "processor_seconds": one.processor,
                 "bytes": one.written, "device": one.device},
    }  # fmt: skip


def lines(timings: Iterable[Timing]) -> list[str]:
    """Return one line for each stage, model, extractor and metric, the costliest of each kind first."""
    found: defaultdict[tuple[str, str], list[Timing]] = defaultdict(list)
    for one in timings:
        found[one.kind, one.name].append(one)
    kinds = {"stage": 0, "model": 1, "extractor": 2, "metric": 3, "aggregate": 4}

    def order(item: tuple[tuple[str, str], list[Timing]]) -> tuple[int, float, str]:
        (kind, name), done = item
        return kinds[kind], -sum(one.wall for one in done), name

    return [
        f"{kind} {name}: {sum(one.clips for one in done)} clips, {sum(one.processor for one in done):.1f} processor s, "
        f"{sum(one.wall for one in done):.1f} s"
        for (kind, name), done in sorted(found.items(), key=order)
    ]
