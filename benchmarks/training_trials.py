"""Trainings of the small model that differ in one thing, over budgets and seeds, measured by the harness.

Shared by `joint_training.py` and `condition_schemes.py`. A trial has arms (how a model is trained) and questions (which
two arms are compared, and where). The rate is constant and weights are averaged, so that one training gives a point at
every budget. Differences are paired clip by clip within a seed. All goes on where it was killed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vsseval import Run, find_runs
from vsseval.errors import VssevalError
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.student import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

README = Path(__file__).parents[1] / "vssflow" / "README.md"
WEIGHTS = "vssflow-small.safetensors"
TUNING = 0.2
"""Share of the steps that an arm spends on its own where it starts from another."""


class Arm(NamedTuple):
    """How a model is trained."""

    tasks: str
    times: int
    """Clips in a step, and the rate, as multiples of those of one task alone."""
    mixtures: bool = False
    after: str = ""
    """The arm whose weights it starts from, for the last share of the steps."""
    scheme: str = "paper"
    """Conditions on the channel axis."""


class Question(NamedTuple):
    """Which two arms are compared, and on which benchmark: the first minus the second."""

    name: str
    benchmark: str
    first: str
    second: str


class Trial(NamedTuple):
    """What is tried, and where its report goes."""

    name: str
    """Names the marks in the README and the plot."""
    heading: str
    arms: dict[str, Arm]
    questions: tuple[Question, ...]
    setting: str
    """What the arms are, in a sentence or two."""

    @property
    def marks(self) -> tuple[str, str]:
        """What the report stands between."""
        return f"<!-- {self.name}: begin -->", f"<!-- {self.name}: end -->"

    @property
    def plot(self) -> str:
        """File name of the learning curves."""
        return f"{self.name.replace(' ', '-')}.svg"


class Point(NamedTuple):
    """A difference of two arms at one budget, over seeds."""

    question: str
    metric: str
    budget: int
    first: float
    second: float
    difference: float
    clips: float
    """Half-width of the 95 % interval by clips, the mean over seeds."""
    seeds: float
    """Half-width of the 95 % interval by seeds, Student's t of their differences; NaN for one seed."""
    direction: str
    scale: float
    decimals: int
    unit: str

    @property
    def half(self) -> float:
        """Half-width with both kinds of chance: clips do not average out over seeds, for they are the same clips."""
        return self.clips if math.isnan(self.seeds) else math.hypot(self.clips, self.seeds)

    @property
    def better(self) -> int:
        """1 where the first arm is better, -1 where it is worse, 0 where the interval holds zero."""
        if not abs(self.difference) > self.half:
            return 0
        return 1 if (self.difference > 0) == (self.direction == "higher") else -1


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
        points = [point for question in trial.questions for point in measured(question, asked)]
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))} ended with code {error.returncode}; its message is above")
    except VssevalError as error:
        sys.exit(f"error: {error}")
    text = report(trial, points, asked)
    print(text)
    plot(points, asked.readme.parent / trial.plot)
    insert(trial, text, asked.readme)


def options(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="training split")
    parser.add_argument("--out", type=Path, required=True, help="trainings and runs")
    parser.add_argument("--budgets", default="500,1500,4500", help="steps, with commas")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--batch", type=int, default=16, help="clips of one task in a step")
    parser.add_argument("--rate", type=float, default=5e-4, help="of one task alone")
    parser.add_argument("--encoders", type=Path, help="training whose encoders and features are used")
    parser.add_argument("--vision-steps", type=int, help="steps of the video encoder, without --encoders")
    parser.add_argument("--processes", type=int, default=1, help="processes of each training, by torchrun")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--limit", type=int, help="clips of each benchmark; all without it")
    parser.add_argument("--readme", type=Path, default=README, help="file that the report is written into")
    parser.add_argument("--report-only", action="store_true", help="train nothing")
    parser.add_argument("--plan", action="store_true", help="only say what it costs")
    return parser


def steps_of(arm: Arm, budget: int) -> int:
    """Steps that an arm itself takes up to a budget."""
    return round(budget * TUNING) if arm.after else budget


def cost(trial: Trial, asked: argparse.Namespace) -> str:
    """Say how many clips are seen in training, and about how many processor hours that is on this machine."""
    from vssflow_training import Step  # beside this file

    step = Step(clips=4, frames=100)
    step.take(half=asked.bf16)
    seconds = min(step.take(half=asked.bf16) for _ in range(3)) / 4
    most = max(asked.budgets)
    clips = sum(asked.batch * arm.times * steps_of(arm, most) for arm in trial.arms.values()) * len(asked.seeds)
    hours, trainings = clips * seconds / 3600, len(trial.arms) * len(asked.seeds)
    return f"{clips:,} clips in {trainings} trainings, about {hours:.1f} processor hours"


def train_all(trial: Trial, asked: argparse.Namespace) -> None:
    """Train every arm with every seed up to every budget, or what is left of it."""
    if asked.encoders is None:
        asked.encoders = asked.out / "encoders"
        if not (asked.encoders / WEIGHTS).exists():
            more = ["--vision-steps", str(asked.vision_steps)] if asked.vision_steps else []
            train(asked, asked.encoders, 1, ["--seed", "0", "--batch", str(asked.batch), *more])
    for seed in asked.seeds:
        for name, arm in trial.arms.items():
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
    out = asked.out / f"{name}-{seed}" / (f"to-{steps}" if arm.after else "training")
    more = ["--tasks", arm.tasks, "--even-tasks", "--encoders", str(asked.encoders), "--seed", str(seed)]
    more += ["--batch", str(asked.batch * arm.times), "--rate", str(asked.rate * arm.times), "--cooldown", "0"]
    more += ["--scheme", arm.scheme] if not arm.after else []
    more += ["--mix", "add", "--mix", "insert"] if arm.mixtures else []
    more += ["--init", str(weights_of(asked, arm.after, seed, handed_over(steps)))] if arm.after else []
    train(asked, out, steps_of(arm, steps), more)
    kept = weights_of(asked, name, seed, steps)
    partial = kept.with_suffix(".partial")
    shutil.copyfile(out / WEIGHTS, partial)
    partial.replace(kept)


def weights_of(asked: argparse.Namespace, name: str, seed: int, budget: int) -> Path:
    return asked.out / f"{name}-{seed}" / f"{budget}.safetensors"


def train(asked: argparse.Namespace, out: Path, steps: int, more: list[str]) -> None:
    python = [sys.executable]
    if asked.processes > 1:
        python = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        python += ["--nproc-per-node", str(asked.processes)]
    command = [*python, "-m", "vssflow", "train", "--data", str(asked.data), "--out", str(out), "--steps", str(steps)]
    command += [*more, *(["--bf16"] if asked.bf16 else [])]
    print(" ".join(command), file=sys.stderr, flush=True)
    subprocess.run(command, check=True)


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


def report(trial: Trial, points: Sequence[Point], asked: argparse.Namespace) -> str:
    """Setting, plot, a table for each question, and the verdict, as Markdown."""
    part = f"`--limit {asked.limit}`: {asked.limit} clips of each benchmark only. " if asked.limit else ""
    setting = (
        f"Small models on the same encoders and features, {', '.join(map(str, asked.budgets))} steps, seeds "
        f"{', '.join(map(str, asked.seeds))}, constant rate, averaged weights; one task alone: {asked.batch} clips a "
        f"step, rate {asked.rate:g}. {trial.setting} {part}Differences are paired clip by clip within a seed; ± holds "
        "the chance of clips and that of seeds, which are told apart beside it."
    )
    tables = [table(question, points) for question in trial.questions if of(question, points)]
    given = f"--budgets {','.join(map(str, asked.budgets))} --seeds {','.join(map(str, asked.seeds))}"
    again = f"Again with `python benchmarks/{Path(sys.argv[0]).name} --data SPLIT --out DIR {given}`."
    picture = f"![Differences over steps]({trial.plot})"
    return "\n\n".join([setting, picture, *tables, verdict(trial, points, max(asked.budgets)), again])


def of(question: Question, points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.question == question.name]


def table(question: Question, points: Sequence[Point]) -> str:
    head = f"| metric | steps | {question.first} | {question.second} | difference | by clips | by seeds | better |"
    rows = [row(point, question.first, question.second) for point in of(question, points)]
    title = f"**{question.name}** (`{question.benchmark}`)"
    return "\n".join([title, "", head, "|---|---:|---:|---:|---:|---:|---:|---|", *rows])


def row(point: Point, first: str, second: str) -> str:
    def show(value: float, sign: str = "") -> str:
        return "-" if math.isnan(value) else f"{value * point.scale:{sign}.{point.decimals}f}"

    arrow = "↑" if point.direction == "higher" else "↓"
    better = {1: first, -1: second, 0: "not clear"}[point.better]
    cells = (
        f"`{point.metric}` {arrow}{' ' + point.unit if point.unit else ''}", str(point.budget), show(point.first),
        show(point.second), f"{show(point.difference, '+')} ± {show(point.half)}", show(point.clips),
        show(point.seeds), better,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def verdict(trial: Trial, points: Sequence[Point], budget: int) -> str:
    """Say for each question at the greatest budget which way it went, metric by metric."""
    said = []
    for question in trial.questions:
        there = [point for point in of(question, points) if point.budget == budget]
        if not there:
            continue
        sides = {side: [f"`{point.metric}`" for point in there if point.better == side] for side in (1, -1)}
        parts = [f"{question.first} is better in {listed(sides[1])}"] if sides[1] else []
        parts += [f"{question.second} is better in {listed(sides[-1])}"] if sides[-1] else []
        unlike = "; ".join(parts) or "no difference that these clips and seeds can show"
        said.append(f"- {question.name[0].upper()}{question.name[1:]}: {unlike}.")
    return "\n".join(said)


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plot(points: Sequence[Point], path: Path) -> None:
    """Draw the differences over steps, a panel for each question and metric; above zero the first arm is better."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "vssflow"
    from matplotlib import pyplot as plt

    panels = list(dict.fromkeys((point.question, point.metric) for point in points))
    if not panels:
        return
    columns = min(4, len(panels))
    figure, axes = plt.subplots(
        -(-len(panels) // columns), columns, figsize=(3.4 * columns, 2.6 * -(-len(panels) // columns))
    )
    flat = [axes] if len(panels) == 1 else axes.ravel()
    for axis, (question, metric) in zip(flat, panels, strict=False):
        own = [point for point in points if (point.question, point.metric) == (question, metric)]
        sign = 1 if own[0].direction == "higher" else -1
        values = [sign * point.difference * point.scale for point in own]
        axis.errorbar([p.budget for p in own], values, [p.half * p.scale for p in own], marker="o", capsize=3)
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_title(f"{metric}\n{question}", fontsize=7)
        axis.tick_params(labelsize=7)
    for axis in flat[len(panels) :]:
        axis.axis("off")
    figure.supxlabel("steps", fontsize=8)
    figure.supylabel("better by", fontsize=8)
    figure.tight_layout()
    partial = path.with_name(f".{path.name}")
    figure.savefig(partial, format="svg", metadata={"Date": None})
    partial.replace(path)
    plt.close(figure)


def insert(trial: Trial, text: str, readme: Path) -> None:
    """Replace what stands between the marks, or append a section with them."""
    begin, end = trial.marks
    old = readme.read_text() if readme.exists() else ""
    block = f"{begin}\n{text}\n{end}"
    if begin in old and end in old:
        new = old[: old.index(begin)] + block + old[old.index(end) + len(end) :]
    else:
        new = f"{old.rstrip()}\n\n## {trial.heading}\n\n{block}\n".lstrip()
    partial = readme.with_suffix(".partial")
    partial.write_text(new)
    partial.replace(readme)
