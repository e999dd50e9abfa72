"""Trainings of the small model that differ in one thing, over budgets and seeds, measured by the harness.

Shared by `joint_training.py` and `condition_schemes.py`. A trial has arms (how a model is trained) and questions (which
two arms are compared, and where). The rate is constant and weights are averaged, so that one training gives a point at
every budget. Differences are paired clip by clip within a seed. All goes on where it was killed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from trial import TUNING, Arm, Trial, steps_of, training_of, weights_of  # beside this file
from trial_measures import measured, sampling
from trial_report import every_budget, insert, plot, put, report

from vsseval.errors import VssevalError

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIPPED = Path(__file__).parents[1] / "vssflow" / "weights" / "vssflow-small.safetensors"
README = Path(__file__).parents[1] / "vssflow" / "README.md"
WEIGHTS = "vssflow-small.safetensors"


def run(trial: Trial, description: str) -> None:
    """Train, measure and report, as the command line asks."""
    asked = options(description).parse_args()
    asked.budgets, asked.seeds = (sorted(map(int, text.split(","))) for text in (asked.budgets, asked.seeds))
    print(cost(trial, asked), file=sys.stderr)
    if asked.plan:
        return
    try:
        if not asked.report_only:
            train_all(trial, asked)
        points = [point for question in trial.questions for point in measured(trial, question, asked)]
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))} ended with code {error.returncode}; its message is above")
    except VssevalError as error:
        sys.exit(f"error: {error}")
    text = report(trial, points, asked, sampling(trial, asked))
    print(text)
    plot(trial, points, asked.readme.parent / trial.plot)
    put(asked.readme.parent / trial.tables, every_budget(trial, points))
    insert(trial, text, asked.readme)


def options(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="training split")
    parser.add_argument("--out", type=Path, required=True, help="trainings and runs")
    parser.add_argument("--budgets", default="450,1350,4050", help="steps, with commas")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--batch", type=int, default=16, help="clips of one task in a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="of one task alone")
    parser.add_argument("--optimiser", choices=("adamw", "muon"), default="muon")
    parser.add_argument("--warmup", type=int, default=50, help="steps in which the rate rises")
    parser.add_argument("--parts-of", type=Path, default=SHIPPED, help="weights whose encoders and decoder are used")
    parser.add_argument("--width", type=int, help="of the transformers; the configuration's without it")
    parser.add_argument("--layers", type=int, help="blocks of the transformers, likewise")
    parser.add_argument("--processes", type=int, default=1, help="processes of each training, by torchrun")
    parser.add_argument("--at-once", type=int, default=1, help="trainings beside one another")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--limit", type=int, help="clips of each benchmark; all without it")
    parser.add_argument("--readme", type=Path, default=README, help="file that the report is written into")
    parser.add_argument("--report-only", action="store_true", help="train nothing")
    parser.add_argument("--plan", action="store_true", help="only say what it costs")
    return parser


def features_of(asked: argparse.Namespace) -> Path:
    """Folder of a training whose features all arms learn from."""
    return asked.out / "features"


def start(asked: argparse.Namespace) -> list[str]:
    """Options of what a transformer that starts anew stands on, and of its size."""
    sizes = ["--width", str(asked.width)] if asked.width else []
    sizes += ["--layers", str(asked.layers)] if asked.layers else []
    return ["--parts-of", str(asked.parts_of), *sizes]


def cost(trial: Trial, asked: argparse.Namespace) -> str:
    """Say how many clips are seen in training, and about how many processor hours that is on this machine."""
    from vssflow_training import Step  # beside this file

    step = Step(clips=4, frames=100, width=asked.width, layers=asked.layers)
    step.take(half=asked.bf16)
    seconds = min(step.take(half=asked.bf16) for _ in range(3)) / 4
    most = max(asked.budgets)
    clips = sum(asked.batch * arm.clips * steps_of(arm, most) for arm in trial.arms.values()) * len(asked.seeds)
    hours, trainings = clips * seconds / 3600, len(trial.arms) * len(asked.seeds)
    return f"{clips:,} clips in {trainings} trainings, about {hours:.1f} processor hours"


def train_all(trial: Trial, asked: argparse.Namespace) -> None:
    """Train every arm with every seed up to every budget, or what is left of it."""
    if not (features_of(asked) / WEIGHTS).exists():
        together = asked.processes * asked.at_once
        train(asked, features_of(asked), 1, ["--batch", str(asked.batch), *start(asked)], processes=together)
    firsts = [(seed, name) for name, arm in costliest_first(trial) if not arm.after for seed in asked.seeds]
    with ThreadPoolExecutor(asked.at_once) as pool:
        waiting = [pool.submit(train_chain, trial, asked, name, seed) for seed, name in firsts]
        try:
            for training in waiting:
                training.result()
        finally:
            pool.shutdown(cancel_futures=True)


def costliest_first(trial: Trial) -> list[tuple[str, Arm]]:
    """Put the arms in an order that leaves no long training to the end, where it would run alone."""
    return sorted(trial.arms.items(), key=lambda named: -named[1].clips)


def train_chain(trial: Trial, asked: argparse.Namespace, first: str, seed: int) -> None:
    """Train an arm and those that start from it up to every budget, or what is left of them."""
    for name, arm in trial.arms.items():
        if first not in {name, arm.after}:
            continue
        for steps in stops(trial, name, asked.budgets):
            if not weights_of(asked, name, seed, steps).exists():
                train_arm(asked, name, arm, seed, steps)


def stops(trial: Trial, name: str, budgets: Sequence[int]) -> list[int]:
    """Steps at which weights of an arm are kept: the budgets, and where another arm takes over from it."""
    takes_over = any(arm.after == name for arm in trial.arms.values())
    return sorted({*budgets, *(handed_over(budget) for budget in budgets if takes_over)})


def handed_over(budget: int) -> int:
    """Step of a budget at which training on mixtures begins, where it comes later."""
    return budget - round(budget * TUNING)


def train_arm(asked: argparse.Namespace, name: str, arm: Arm, seed: int, steps: int) -> None:
    """Train one arm up to a number of steps, and keep its weights of then."""
    out = training_of(asked, name, arm, seed, steps)
    more = ["--tasks", arm.tasks, "--even-tasks", "--encoders", str(features_of(asked)), "--seed", str(seed)]
    more += ["--batch", str(asked.batch * arm.clips), "--rate", str(asked.rate * arm.rate), "--cooldown", "0"]
    more += ["--optimiser", asked.optimiser]
    more += ["--warmup", str(min(asked.warmup, steps_of(arm, steps) // 4) if arm.after else asked.warmup)]
    more += ["--scheme", arm.scheme, *start(asked)] if not arm.after else []
    more += ["--mix", "add", "--mix", "insert"] if arm.mixtures else []
    more += ["--init", str(weights_of(asked, arm.after, seed, handed_over(steps)))] if arm.after else []
    train(asked, out, steps_of(arm, steps), more, processes=asked.processes)
    kept = weights_of(asked, name, seed, steps)
    partial = kept.with_suffix(".partial")
    shutil.copyfile(out / WEIGHTS, partial)
    partial.replace(kept)


def train(asked: argparse.Namespace, out: Path, steps: int, more: list[str], *, processes: int) -> None:
    python = [sys.executable]
    if processes > 1:
        python = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        python += ["--nproc-per-node", str(processes)]
    command = [*python, "-m", "vssflow", "train", "--data", str(asked.data), "--out", str(out), "--steps", str(steps)]
    command += [*more, *(["--bf16"] if asked.bf16 else [])]
    print(" ".join(command), file=sys.stderr, flush=True)
    subprocess.run(command, check=True)
