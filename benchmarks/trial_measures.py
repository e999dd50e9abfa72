"""The arms of a trial, trained, put side by side by the harness: one point for each metric and budget."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from trial import Point, Question, Trial, steps_of, training_of, weights_of  # beside this file

from vsseval import Run, find_runs
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.student import quantile
from vssflow.sampling.guidance import in_words
from vssflow.small.model import VSSFlow

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

LOSSES = {"mini_v2s": "val_v2s", "mini_vtts": "val_vtts", "mini_joint": "val_joint"}
"""Where a training's log holds the loss on held-out clips of the kind that a benchmark has."""


def measured(trial: Trial, question: Question, asked: argparse.Namespace) -> list[Point]:
    """Generate and score with both arms at each budget and seed; one point per metric and budget, and the loss."""
    found = []
    for budget in asked.budgets:
        found.append(held_out(trial, question, budget, asked))
        runs = [
            [evaluated(weights_of(asked, arm, seed, budget), question.benchmark, asked) for seed in asked.seeds]
            for arm in (question.first, question.second)
        ]
        pairs = [compare(first, second) for first, second in zip(*runs, strict=True)]
        for deltas in zip(*pairs, strict=True):
            usable = [delta for delta in deltas if delta.difference is not None and delta.low is not None]
            if len(usable) == len(deltas):
                found.append(combined(question.name, budget, usable))
            else:
                left = f"{len(deltas) - len(usable)} of {len(deltas)} seeds have no interval"
                print(f"{question.name}, {budget} steps: without {deltas[0].metric}, {left}", file=sys.stderr)
    return found


def held_out(trial: Trial, question: Question, budget: int, asked: argparse.Namespace) -> Point:
    """Compare the flow-matching loss of both arms on the held-out clips of the benchmark's task, as logged."""

    def loss(name: str, seed: int) -> float:
        arm = trial.arms[name]
        log = training_of(asked, name, arm, seed, budget) / "flow" / "log.jsonl"
        lines = map(json.loads, log.read_text().splitlines())
        return next(line[LOSSES[question.benchmark]] for line in lines if line["step"] == steps_of(arm, budget))

    first, second = ([loss(name, seed) for seed in asked.seeds] for name in (question.first, question.second))
    differences = [a - b for a, b in zip(first, second, strict=True)]
    means = map(statistics.fmean, (first, second, differences))
    return Point(question.name, "held-out loss", budget, *means, math.nan, by_seeds(differences), "lower", 1, 3, "")


def combined(question: str, budget: int, deltas: Sequence[Delta]) -> Point:
    """Put the differences of one metric together over seeds."""
    differences = [delta.difference for delta in deltas]
    one = deltas[0]
    return Point(
        question, one.metric, budget, statistics.fmean(d.value_a for d in deltas),
        statistics.fmean(d.value_b for d in deltas), statistics.fmean(differences),
        statistics.fmean((d.high - d.low) / 2 for d in deltas), by_seeds(differences),
        one.direction, one.scale, one.decimals, one.unit, min(d.n for d in deltas), one.total_a,
    )  # fmt: skip


def sampling(trial: Trial, asked: argparse.Namespace) -> str:
    """Say how all weights are sampled; every arm has this from the weights that its encoders are of."""
    config = VSSFlow.load(weights_of(asked, next(iter(trial.arms)), asked.seeds[0], max(asked.budgets))).config
    return in_words(config.guidance, config.guided)


def by_seeds(differences: Sequence[float]) -> float:
    """Half-width of the 95 % interval of the mean over seeds, Student's t; NaN for one seed."""
    count = len(differences)
    return quantile(count - 1) * statistics.stdev(differences) / math.sqrt(count) if count > 1 else math.nan


def evaluated(weights: Path, benchmark: str, asked: argparse.Namespace) -> Run:
    """Run the harness; what is finished is not done again."""
    return run_of(weights, benchmark, asked.out / "runs" / f"{weights.parent.name}-{weights.stem}", asked.limit)


@functools.cache
def run_of(weights: Path, benchmark: str, runs: Path, limit: int | None) -> Run:
    """Return the finished run in a folder, which is made if there is none; several questions ask for the same run."""
    known = finished(weights, benchmark, runs, limit)
    if known:
        return known[-1]
    command = [sys.executable, "-m", "vsseval", "run", "--model", "vssflow", "--checkpoint", str(weights)]
    command += ["--benchmark", benchmark, "--runs", str(runs), "--no-bounds"]
    command += ["--limit", str(limit)] if limit else []
    subprocess.run(command, check=True)
    return finished(weights, benchmark, runs, limit)[-1]


def finished(weights: Path, benchmark: str, runs: Path, limit: int | None) -> list[Run]:
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return [
        run
        for run in find_runs(runs)
        if (run.record.benchmark.name, run.record.model.weights) == (benchmark, digest)
        and run.record.spec.limit == limit
        and run.record.status == "finished"
    ]
