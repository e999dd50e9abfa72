"""What `vsseval list runs` shows: every run below a folder, by the name that other verbs take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vsseval.text.saying import say
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["RunItem", "run_items", "show_runs"]


class RunItem(Record, frozen=True, kw_only=True):
    """One run."""

    name: str
    """`SYSTEM@BENCHMARK`, as verbs take it; of several runs it means the newest."""
    status: str
    created: str
    clips: dict[str, int]
    """Number of clips by status."""
    seed: int
    seeds: tuple[int, ...] = ()
    limit: int | None = None
    metrics: tuple[str, ...] = ()
    path: str


def run_items(root: Path) -> list[RunItem]:
    """Return the runs below a folder, by name and age; what cannot be read is said on standard error."""
    from vsseval.store.record import scan_runs

    runs, faults = scan_runs(root)
    for fault in faults:
        say(f"passed over: {fault}", err=True)
    found = [
        RunItem(
            name=f"{run.record.system}@{run.record.benchmark.title}", status=run.record.status,
            created=run.record.created, clips=run.record.clips, seed=run.record.spec.seed, seeds=run.record.spec.seeds,
            limit=run.record.spec.limit, metrics=tuple(run.record.metrics), path=str(run.path),
        )
        for run in runs
    ]  # fmt: skip
    return sorted(found, key=lambda item: (item.name, item.created))


def show_runs(items: Sequence[RunItem], root: Path) -> None:
    """Print a line for each run; runs of one name have their directories beside them."""
    if not items:
        say(f"There are no runs in {root}. Make some with: vsseval run --model vssflow --suite all", err=True)
        return
    wide = max(len(item.name) for item in items) + 2
    shared = Counter(item.name for item in items)
    for item in items:
        of = sum(item.clips.values())
        done = f"{item.clips.get('ok', 0)}/{of} clips" if of else item.status
        more = [f"limit {item.limit}" if item.limit else "", f"seed {item.seed}" if item.seed else ""]
        more += [f"{len(item.seeds)} samples" if item.seeds else ""]
        more += [item.status if item.status != "finished" and of else "", item.path if shared[item.name] > 1 else ""]
        said = "  ".join([f"{item.created[:16].replace('T', ' ')}", f"{done:12}", *filter(None, more)])
        say(f"{item.name:{wide}}{said}".rstrip())
    say(f"\nvsseval compare {items[0].name.partition('@')[0]} OTHER, vsseval table NAME …", err=True)
