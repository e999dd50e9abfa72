"""Options and arguments by which verbs are told of runs: where they lie, what they are called, what to call them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError, unknown
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.store.record import LoadedRun

__all__ = ["RUNS", "name_option", "named_runs", "relabelled", "root_option", "warn_of_problems"]

RUNS = Path("runs")

root_option = click.option(
    "--runs", "root", type=click.Path(file_okay=False, path_type=Path), default=RUNS, show_default=True,
    help="Folder of run directories, in which names are looked up.",
)  # fmt: skip
name_option = click.option(
    "--name", "names", multiple=True, metavar="A=B",
    help="Call the system A (audio:a, or a) or the metric A by the name B; repeatable.",
)  # fmt: skip


def named_runs(names: Sequence[str], root: Path) -> list[LoadedRun]:
    """Return the runs that some names stand for, each once; without names all below `root`.

    What cannot be read is said on standard error.

    Raises:
        UsageError: a name stands for nothing, or there are no runs.
    """
    from vsseval.store.record import scan_runs
    from vsseval.store.run_names import RunFinder

    if names:
        runs = RunFinder(root).every(names)
    else:
        runs, faults = scan_runs(root)
        for fault in faults:
            say(f"passed over: {fault}", err=True)
    if not runs:
        raise UsageError(f"there are no runs in {root}. Make some with: vsseval run --model vssflow --suite all")
    warn_of_problems(runs)
    return runs


def warn_of_problems(runs: Iterable[LoadedRun]) -> None:
    """Say what is wrong with the numbers of runs."""
    for run in runs:
        if run.problem:
            say(f"warning: {run.problem}", err=True)


def relabelled(runs: Sequence[LoadedRun], given: Sequence[str]) -> tuple[list[LoadedRun], dict[str, str]]:
    """Give runs the names of `--name A=B`.

    Returns:
        The runs, and what metrics are to be called.

    Raises:
        UsageError: one is not written so, or A is neither a system nor a metric of these runs.
    """
    from vsseval.store.run_names import labelled, system_names

    asked = _labels(given)
    found, unused = labelled(runs, asked)
    metrics = {name for run in runs for metric in run.record.metrics for name in (metric, metric.partition("@")[0])}
    for name in sorted(unused - metrics):
        raise unknown("system or metric", name, {*(run_name for run in runs for run_name in system_names(run))})
    return found, {name: asked[name] for name in unused}


def _labels(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        old, equals, new = text.rpartition("=")
        if not (old and equals and new.strip()):
            raise UsageError(f"--name {text}: write the old name and the new one as --name audio:a=Ours")
        found[old] = new.strip()
    return found
