"""`vsseval run --dry-run`: which runs there would be, on how many clips, and what they would be measured by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.records import RunSpec
    from vsseval.stages.catalog import Catalog

__all__ = ["show_dry_run"]


def show_dry_run(asked: Sequence[RunSpec], catalog: Catalog, models: Sequence[str]) -> int:
    """Print the runs that a command would carry out; nothing is written.

    Args:
        asked: the runs.
        catalog: benchmarks and models that are already built.
        models: those that were asked for; the others are bounds that were added.

    Returns:
        The exit code: 3 where a run cannot be carried out here.
    """
    from vsseval.cli.progress import Lines
    from vsseval.stages.losses import Losses
    from vsseval.stages.run import plan_runs
    from vsseval.stages.session import title

    losses = Losses(asked, {spec.model for spec in asked} - {*models})
    tasks = plan_runs(asked, catalog, losses, Lines(), here=True)
    for number, task in enumerate(tasks, 1):
        plan = task.plan
        clips = len(plan.samples)
        samples = f" x {len(plan.spec.seeds)} samples" if plan.spec.seeds else ""
        state = "finished" if task.record else "to be run"
        say(f"run {number} of {len(tasks)}: {title(plan)}: {clips} clips{samples}, {state}")
    metrics = dict.fromkeys(metric for task in tasks for metric in task.resolved.metrics)
    say(f"measured by: {', '.join(metrics) or 'nothing'}")
    for metric, why in dict(pair for task in tasks for pair in task.resolved.unavailable.items()).items():
        say(f"not measured: {metric}: {why}")
    for name, why in losses.reasons.items():
        say(f"{name}: cannot be run: {why}", err=True)
    say("Nothing was run. How long it would take: vsseval plan, with the same options", err=True)
    return 3 if losses.reasons else 0
