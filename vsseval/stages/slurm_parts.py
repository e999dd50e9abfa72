"""The parts of a command as tasks of Slurm: each is a process like one that `--shard` starts by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from vsseval.engines.choice import Part
from vsseval.engines.slurm import LARGEST_ARRAY, run_array, slurm_options
from vsseval.errors import EnvironmentFault
from vsseval.stages.losses import title_of
from vsseval.stages.plan import finished_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vsseval.engines.choice import EngineChoice
    from vsseval.records import RunRecord
    from vsseval.stages.planned_run import PlannedRun
    from vsseval.stages.progress import Progress

__all__ = ["PartEnd", "run_parts"]

SHARDS_OF_A_TASK = 8
"""A task has to wait for a node and to load its networks, which a few clips do not repay."""
_SHOWN = 3


class PartEnd(NamedTuple):
    """What a task sends back; what it has made lies in files."""

    lost: dict[str, str]
    """`MODEL on BENCHMARK` -> why it could not be run there."""
    fault: str | None = None
    """What the node lacks that every run needs."""


def run_parts(
    carry_out: Callable[[Part], PartEnd],
    tasks: Sequence[PlannedRun],
    choice: EngineChoice,
    progress: Progress,
) -> tuple[dict[str, RunRecord], dict[str, str]]:
    """Have all parts carried out; the last of them closes the runs.

    Args:
        carry_out: carries out one part, in a process that Slurm has started.
        tasks: the runs that are not finished.
        choice: the options of Slurm, and how many tasks.
        progress: who watches.

    Returns:
        The records of the runs by identity, and why others could not be run, as `RunResults` has it.

    Raises:
        EnvironmentFault: a run is not finished; the message names the tasks that failed, and their logs.
    """
    shards = max(len(task.plan.shards) * len(task.plan.by_seed()) for task in tasks)
    count = min(choice.workers or -(-shards // SHARDS_OF_A_TASK), LARGEST_ARRAY)
    folder = tasks[0].plan.spec.runs.absolute() / ".slurm"
    progress.run(f"{len(tasks)} runs")
    progress.stage("tasks of Slurm", count)
    ended = run_array(
        [partial(carry_out, Part(number, count)) for number in range(count)],
        folder,
        slurm_options(choice.argument),
        progress.note,
        progress.advance,
    )
    ends = [one.result for one in ended if one.fault is None]
    lost = {name: why for end in ends for name, why in end.lost.items()}
    records = {task.plan.identity: finished_record(task.plan) for task in tasks if title_of(task.plan.spec) not in lost}
    if None in records.values():
        faults = [one.fault for one in ended if one.fault] + [
            f"{end.fault} (logs: {folder})" for end in ends if end.fault
        ]
        why = "; ".join(dict.fromkeys(faults[:_SHOWN])) or f"another process has closed none of them (logs: {folder})"
        raise EnvironmentFault(f"{len(faults)} of {count} tasks failed. Run the same command again: it goes on. {why}")
    return {identity: record for identity, record in records.items() if record is not None}, lost
