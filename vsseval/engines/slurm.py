"""Slurm: an array of tasks that each carry out a part of a command, handed in by submitit.

A task that Slurm takes its node from is handed in again as it was, and goes on where the files say that it stopped.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import EnvironmentFault, MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from submitit import Job
    from submitit.helpers import DelayedSubmission

__all__ = ["LARGEST_ARRAY", "Ended", "Requeued", "run_array", "slurm_options"]

LARGEST_ARRAY = 1000
"""Tasks of one array; sites have such a limit (`MaxArraySize` is 1001 where nobody changed it)."""
HOURS = 4
"""That a task may take until it is handed in again, where nobody says otherwise: submitit itself says five minutes."""
REQUEUES = 100
"""Times that a task whose hours are over is handed in again."""
POLL = 1.0
"""Seconds between two looks at the tasks; submitit asks Slurm itself less often."""
_OF_SUBMITIT = {"timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node", "nodes", "tasks_per_node", "name"}


class Ended(NamedTuple):
    """How a task ended."""

    result: Any
    fault: str | None = None
    """Why there is no result, and where the log lies."""


class Requeued:
    """A function that is handed in again when Slurm stops it for want of time, or for somebody with more right."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def __call__(self) -> Any:
        """Call the function."""
        return self._function()

    def checkpoint(self) -> DelayedSubmission:
        """Return what is to be handed in: all that is done lies in files."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def slurm_options(argument: str) -> dict[str, str | int]:
    """Read `partition=gpu,timeout_min=600`: submitit's parameters, and those of `sbatch`.

    Raises:
        UsageError: it is no list of such pairs.
    """
    found: dict[str, str | int] = {"name": "vsseval", "timeout_min": HOURS * 60}
    for pair in filter(None, argument.split(",")):
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--engine slurm:{argument}: '{pair}' is no option; partition=gpu is one")
        known = name in _OF_SUBMITIT or name == "cluster" or name.startswith("slurm_")
        found[name if known else f"slurm_{name}"] = int(value) if value.isdigit() else value
    return found


def run_array(
    functions: Sequence[Callable[[], Any]],
    folder: Path,
    options: dict[str, str | int],
    told: Callable[[str], None],
    advance: Callable[[int], None],
) -> list[Ended]:
    """Run functions as tasks of one array, wait for all of them, and return how each ended.

    Args:
        functions: at most `LARGEST_ARRAY`; they are pickled.
        folder: for submitit's files and the logs; all nodes see it.
        options: as `slurm_options` reads them; `cluster=local` runs the tasks on this machine.
        told: is told the number of the array.
        advance: is called with each number of tasks that have ended.

    Raises:
        MissingExtra: submitit is not installed.
        EnvironmentFault: Slurm refuses the array.
    """
    try:
        import submitit
    except ImportError as error:
        raise MissingExtra("--engine slurm needs submitit. Install it with: pip install 'vsseval[slurm]'") from error
    cluster = options.get("cluster")
    try:
        executor = submitit.AutoExecutor(folder, str(cluster or "slurm"), slurm_max_num_timeout=REQUEUES)
        executor.update_parameters(**{name: value for name, value in options.items() if name != "cluster"})
        with executor.batch():
            jobs = [executor.submit(Requeued(function)) for function in functions]
    except (RuntimeError, OSError, NameError, ValueError, AssertionError, submitit.core.utils.FailedJobError) as error:
        raise EnvironmentFault(f"Slurm takes no tasks: {error}") from error
    told(f"Slurm has {len(jobs)} tasks, {jobs[0].job_id} to {jobs[-1].job_id}; logs: {folder}")
    waiting = set(range(len(jobs)))
    while waiting:
        done = {place for place in waiting if jobs[place].done()}
        advance(len(done))
        waiting -= done
        if waiting:
            time.sleep(POLL)
    return [_ended(job) for job in jobs]


def _ended(job: Job[Any]) -> Ended:
    fault = job.exception()
    if fault is None:
        return Ended(job.result())
    last = [line for line in str(fault).splitlines() if line.strip()][-1:]
    return Ended(None, f"task {job.job_id}: {' '.join(last)} (log: {job.paths.stderr})")
