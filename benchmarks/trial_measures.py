"""The arms of a trial, trained, put side by side by the harness: one point for each metric and budget."""

from __future__ import annotations

import hashlib
import math
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from trial import Point, Question, weights_of  # beside this file

from vsseval import Run, find_runs
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.student import quantile

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path


def measured(question: Question, asked: argparse.Namespace) -> list[Point]:
    """Generate and score with both arms at each budget and seed; one point per metric and budget."""
    said, benchmark, first, second = question
    found = []
    for budget in asked.budgets:
        pairs = [
            compare(*(evaluated(weights_of(asked, arm, seed, budget), benchmark, asked) for arm in (first, second)))
            for seed in asked.seeds
        ]
        for deltas in zip(*pairs, strict=True):
            usable = [delta for delta in deltas if delta.difference is not None and delta.low is not None]
            if len(usable) == len(deltas):
                found.append(combined(said, budget, usable))
    return found


def combined(question: str, budget: int, deltas: Sequence[Delta]) -> Point:
    """Put the differences of one metric together over seeds."""
    differences = [delta.difference for delta in deltas]
    count = len(differences)
    spread = math.nan
    if count > 1:
        spread = quantile(count - 1) * statistics.stdev(differences) / math.sqrt(count)
    one = deltas[0]
    return Point(
        question, one.metric, budget, statistics.fmean(d.value_a for d in deltas),
        statistics.fmean(d.value_b for d in deltas), statistics.fmean(differences),
        statistics.fmean((d.high - d.low) / 2 for d in deltas), spread,
        one.direction, one.scale, one.decimals, one.unit,
    )  # fmt: skip


def evaluated(weights: Path, benchmark: str, asked: argparse.Namespace) -> Run:
    """Run the harness; what is finished is not done again."""
    runs = asked.out / "runs" / f"{weights.parent.name}-{weights.stem}"
    command = [sys.executable, "-m", "vsseval", "run", "--model", "vssflow", "--checkpoint", str(weights)]
    command += ["--benchmark", benchmark, "--runs", str(runs), "--no-bounds"]
    command += ["--limit", str(asked.limit)] if asked.limit else []
    subprocess.run(command, check=True)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    fitting = [
        run
        for run in find_runs(runs)
        if (run.record.benchmark.name, run.record.model.weights) == (benchmark, digest)
        and run.record.spec.limit == asked.limit
        and run.record.status == "finished"
    ]
    return fitting[-1]
