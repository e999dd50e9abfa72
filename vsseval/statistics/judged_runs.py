"""Judges runs against a baseline, benchmark by benchmark: of each the newest run of one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import UsageError
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_verdict import INCOMPLETE, Check, Verdict
from vsseval.types import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.gate_rules import Gates
    from vsseval.store.record import LoadedRun

__all__ = ["judge", "systems"]


def judge(
    judged: Sequence[LoadedRun], against: Sequence[LoadedRun], baseline: str, gates: Gates, *, any_seed: bool = False
) -> list[Verdict]:
    """Judge runs by the rules of a file.

    Args:
        judged: runs of one model.
        against: runs of the baseline, of one model too.
        baseline: what it was called, for messages.
        gates: the rules.
        any_seed: as for `gate`.

    Returns:
        A verdict for each benchmark of either side, by name.

    Raises:
        UsageError: runs of several models, a benchmark that the baseline lacks, or as `gate`.
    """
    runs, bases = _newest(judged, "the runs to judge"), _newest(against, baseline)
    alone = sorted({*runs} - {*bases})
    if alone:
        raise UsageError(
            f"{baseline} holds no run on {', '.join(alone)}. Accept one as baseline: cp -r RUN {baseline}/"
        )
    verdicts = [gate(runs[name], bases[name], gates, any_seed=any_seed) for name in sorted(runs)]
    for name in sorted({*bases} - {*runs}):
        base = bases[name]
        message = f"the baseline has a run on {name}, and there is none to judge: vsseval run --benchmark {name}"
        card = base.record.benchmark
        verdicts.append(
            Verdict(
                benchmark=f"{card.title} {card.version}", model="no run", run="", baseline=base.path.name,
                checks=(Check(name="run", status=INCOMPLETE, message=message),),
            )
        )  # fmt: skip
    return verdicts


def systems(runs: Sequence[LoadedRun], name: str) -> list[LoadedRun]:
    """Keep those runs that are no bounds; a single run that was named is kept whatever it is.

    Raises:
        UsageError: there are none.
    """
    found = [run for run in runs if run.record.model.name not in BOUNDS and run.record.model.bound is None]
    if not found and len(runs) != 1:
        raise UsageError(f"{name} holds no run of a model. Make one with: vsseval run --model NAME --runs {name}")
    return found or [*runs]


def _newest(runs: Sequence[LoadedRun], where: str) -> dict[str, LoadedRun]:
    """Return the newest run on each benchmark.

    Raises:
        UsageError: there are runs of more than one model, of which one would be taken by chance.
    """
    models = sorted({run.record.model.name for run in runs})
    if len(models) > 1:
        raise UsageError(f"{where}: runs of more than one model ({', '.join(models)}). Name run directories instead")
    ordered = sorted(runs, key=lambda run: (run.record.created, run.path.name))
    return {run.record.benchmark.title: run for run in ordered}
