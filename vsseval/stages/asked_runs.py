"""Turns models and benchmarks that are asked for into one spec each, with the bounds beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.types import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.records import RunSpec
    from vsseval.stages.catalog import Catalog
    from vsseval.types import Task

__all__ = ["specs"]


def specs(
    known: RunSpec,
    models: Sequence[str],
    benchmarks: Sequence[str],
    checkpoint: Path | None,
    catalog: Catalog,
    *,
    bounds: bool,
) -> list[RunSpec]:
    """Return one spec for every model and benchmark, the bounds last.

    Raises:
        UsageError: a model that does the task of none of the benchmarks.
    """
    import msgspec

    extra = [name for name in BOUNDS if name not in models] if bounds else []
    # What cannot be had here has no task yet; the stages decide whether it costs one row or all.
    tasks = {task for name in benchmarks for task in _asked_for(catalog, name)}
    made = []
    for model in dict.fromkeys([*models, *extra]):
        weights = checkpoint if model in models and model not in BOUNDS else None
        # Bounds that nobody named have one sample: theirs hardly differ, and the first seed makes them comparable.
        own = known if model in models else msgspec.structs.replace(known, seed=min(known.every_seed), seeds=())
        asked = [
            msgspec.structs.replace(own, model=model, benchmark=name, checkpoint=weights)
            for name in dict.fromkeys(benchmarks)
        ]
        does = _done_by(catalog, asked[0])
        if tasks and does and not tasks & set(does):
            raise UsageError(
                f"model '{model}' does {', '.join(does)}, but the benchmarks ask for {', '.join(sorted(tasks))}"
            )
        made += asked
    return made


def _asked_for(catalog: Catalog, benchmark: str) -> tuple[Task, ...]:
    try:
        return (catalog.benchmark(benchmark).card.task,)
    except EnvironmentFault:
        return ()


def _done_by(catalog: Catalog, spec: RunSpec) -> tuple[Task, ...]:
    try:
        return catalog.model(spec).card.tasks
    except EnvironmentFault:
        return ()
