"""What fails a gate by itself: clips without a sound, clips that lost their value, and runs on part of the clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.statistics.gate_verdict import INCOMPLETE, PASSED, Check
from vsseval.store import journal
from vsseval.text.readers import Unreadable, json_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.statistics.run_cache import RunCache
    from vsseval.store.record import LoadedRun

SHOWN = 5
"""Clips that are named."""


def clip_checks(run: LoadedRun, baseline: LoadedRun) -> Iterator[Check]:
    """Yield whether every clip has a sound, and whether all clips were asked for."""
    counts = run.record.clips
    bad, total = counts.get("failed", 0) + counts.get("missing", 0), sum(counts.values())
    message = f"{total - bad} of {total} clips have a sound"
    if bad:
        said = [
            line for line in journal.read_journals(run.paths.shards).values() if line.status in {"failed", "missing"}
        ]
        named = [f"{line.id} {line.status}: {line.error}" for line in sorted(said, key=lambda line: line.id)]
        more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        message = f"{bad} of {total} clips have no sound: {'; '.join(named[:SHOWN]) or 'see its report'}{more}"
    yield Check(name="clips", status=INCOMPLETE if bad else PASSED, message=message)
    limits = {what: made.record.spec.limit for what, made in (("run", run), ("baseline", baseline))}
    limited = [f"the {what} was made with --limit {limit}" for what, limit in limits.items() if limit is not None]
    if limited:
        message = f"{' and '.join(limited)}: part of the clips never passes. Run it without --limit"
        yield Check(name="all clips", status=INCOMPLETE, message=message)


def lost_checks(run: LoadedRun, baseline: LoadedRun, metric: str, cache: RunCache) -> Iterator[Check]:
    """Yield a failure where a clip that the baseline measured has a sound, but no value here.

    Clips without a sound are told of once, by `clip_checks`; those that neither run could measure are no change.
    """
    ours, theirs = cache.clips(run, metric), cache.clips(baseline, metric)
    lost = np.setdiff1d(theirs.ids[theirs.ok], ours.ids[ours.ok])
    if run.record.spec.limit is not None or baseline.record.spec.limit is not None:
        lost = np.intersect1d(lost, ours.ids)  # what the limit left out is told of already
    if not lost.size:
        return
    silent = {line.id for line in journal.read_journals(run.paths.shards).values() if line.status != "ok"}
    names = [str(clip) for clip in lost if str(clip) not in silent]
    if names:
        first = f"{names[0]}: {_reason(run, metric, names[0], cache)}"
        measured = (
            f"{int(ours.ok.sum())}/{int(ours.applies.sum())} against {int(theirs.ok.sum())}/{int(theirs.applies.sum())}"
        )
        message = f"{len(names)} clips that the baseline measured have no value ({measured}), the first {first}"
        yield Check(name=f"{metric} clips", metric=metric, status=INCOMPLETE, message=message)


def _reason(run: LoadedRun, metric: str, clip: str, cache: RunCache) -> str:
    table = cache.table(run)
    rows = table[(table["metric"] == metric) & (table["sample_id"] == clip)]
    if rows.empty:
        return "its scores have no row for it"
    try:
        return str(json_value(rows["detail"].iloc[0]).get("reason", "no reason was given"))
    except (Unreadable, AttributeError, TypeError):
        return "no reason was given"
