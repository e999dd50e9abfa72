"""Does joint training help? The paper's claim (VSSFlow, arXiv 2509.24773, section 4) at equal exposure.

    python benchmarks/joint_training.py --data SPLIT --out DIR [--budgets 500,1500,4500] [--seeds 0,1,2] [--plan]

Small models on the same encoders and features. At each budget (steps of the optimiser) and for each seed:

    v2s, vtts       one task alone, B clips a step
    joint           both tasks, 2 B clips a step, the rate twice as high: step for step the same clips of each task as
                    the models that see nothing else, and the same rate per clip
    half            both tasks, B clips a step: equal compute, half the exposure
    mixed           on mixtures of sound and speech from the start, 2 B clips a step
    tuned           the joint model, then the last fifth of its steps on mixtures (the paper's second part)

The rate is constant and weights are averaged, so that one training gives a point at every budget. Each is generated
and scored by the harness on the shipped benchmarks; differences are paired clip by clip within a seed. Goes on where it
was killed; `--plan` only says what it costs. The report goes between the marks of vssflow/README.md.
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

from vsseval import LoadedRun, find_runs
from vsseval.errors import VssevalError
from vsseval.statistics.compare import Delta, compare
from vsseval.statistics.student import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN, END = "<!-- joint training: begin -->", "<!-- joint training: end -->"
HEADING = "## Does joint training help?"
README = Path(__file__).parents[1] / "vssflow" / "README.md"
PLOT = "joint-training.svg"
WEIGHTS = "vssflow-small.safetensors"
TUNING = 0.2
"""Share of the steps that the tuned model spends on mixtures."""


class Arm(NamedTuple):
    """How a model is trained."""

    tasks: str
    times: int
    """Clips in a step, and the rate, as multiples of those of one task alone."""
    mixtures: bool = False
    after: str = ""
    """The arm whose weights it starts from, for the last share of the steps."""


ARMS = {
    "v2s": Arm("v2s", 1),
    "vtts": Arm("vtts", 1),
    "joint": Arm("v2s,vtts", 2),
    "half": Arm("v2s,vtts", 1),
    "mixed": Arm("v2s,vtts", 2, mixtures=True),
    "tuned": Arm("v2s,vtts", 2, mixtures=True, after="joint"),
}
QUESTIONS = (
    ("equal exposure, video-to-sound", "mini_v2s", "joint", "v2s"),
    ("equal exposure, visual text-to-speech", "mini_vtts", "joint", "vtts"),
    ("equal compute, video-to-sound", "mini_v2s", "half", "v2s"),
    ("equal compute, visual text-to-speech", "mini_vtts", "half", "vtts"),
    ("mixtures from the start against fine-tuning on them", "mini_joint", "mixed", "tuned"),
)
"""What is asked, where, and of which two arms: the first minus the second."""


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


def main() -> None:
    asked = options().parse_args()
    asked.budgets, asked.seeds = (sorted(map(int, text.split(","))) for text in (asked.budgets, asked.seeds))
    print(cost(asked), file=sys.stderr)
    if asked.plan:
        return
    try:
        if not asked.report_only:
            train_all(asked)
        points = [point for question in QUESTIONS for point in measured(question, asked)]
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))} ended with code {error.returncode}; its message is above")
    except VssevalError as error:
        sys.exit(f"error: {error}")
    text = report(points, asked)
    print(text)
    plot(points, asked.readme.parent / PLOT)
    insert(text, asked.readme)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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


def cost(asked: argparse.Namespace) -> str:
    """Say how many clips are seen in training, and about how many processor hours that is on this machine."""
    from vssflow_training import Step  # beside this file

    step = Step(clips=4, frames=100)
    step.take(half=asked.bf16)
    seconds = min(step.take(half=asked.bf16) for _ in range(3)) / 4
    most = max(asked.budgets)
    clips = sum(asked.batch * arm.times * steps_of(arm, most) for arm in ARMS.values()) * len(asked.seeds)
    hours, trainings = clips * seconds / 3600, len(ARMS) * len(asked.seeds)
    return f"{clips:,} clips in {trainings} trainings, about {hours:.1f} processor hours"


def train_all(asked: argparse.Namespace) -> None:
    """Train every arm with every seed up to every budget, or what is left of it."""
    if asked.encoders is None:
        asked.encoders = asked.out / "encoders"
        if not (asked.encoders / WEIGHTS).exists():
            more = ["--vision-steps", str(asked.vision_steps)] if asked.vision_steps else []
            train(asked, asked.encoders, 1, ["--seed", "0", "--batch", str(asked.batch), *more])
    for seed in asked.seeds:
        for name, arm in ARMS.items():
            for steps in stops(name, asked.budgets):
                if not weights_of(asked, name, seed, steps).exists():
                    train_arm(asked, name, arm, seed, steps)


def stops(name: str, budgets: Sequence[int]) -> list[int]:
    """Steps at which weights of an arm are kept: the budgets, and where another arm takes over from it."""
    takes_over = any(arm.after == name for arm in ARMS.values())
    return sorted({*budgets, *(handed_over(budget) for budget in budgets if takes_over)})


def handed_over(budget: int) -> int:
    """Step of a budget at which training on mixtures begins, where it comes later."""
    return budget - round(budget * TUNING)


def train_arm(asked: argparse.Namespace, name: str, arm: Arm, seed: int, steps: int) -> None:
    """Train one arm up to a number of steps, and keep its weights of then."""
    out = asked.out / f"{name}-{seed}" / (f"to-{steps}" if arm.after else "training")
    more = ["--tasks", arm.tasks, "--even-tasks", "--encoders", str(asked.encoders), "--seed", str(seed)]
    more += ["--batch", str(asked.batch * arm.times), "--rate", str(asked.rate * arm.times), "--cooldown", "0"]
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


def measured(question: tuple[str, str, str, str], asked: argparse.Namespace) -> list[Point]:
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


def evaluated(weights: Path, benchmark: str, asked: argparse.Namespace) -> LoadedRun:
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


def report(points: Sequence[Point], asked: argparse.Namespace) -> str:
    """Setting, plot, a table for each question, and the verdict, as Markdown."""
    part = f"`--limit {asked.limit}`: {asked.limit} clips of each benchmark only. " if asked.limit else ""
    setting = (
        f"Small models on the same encoders and features, {', '.join(map(str, asked.budgets))} steps, seeds "
        f"{', '.join(map(str, asked.seeds))}, constant rate, averaged weights. Alone: {asked.batch} clips a step, rate "
        f"{asked.rate:g}. Joint at equal exposure: {2 * asked.batch} clips, step for step the same of each task, rate "
        f"{2 * asked.rate:g}; at equal compute: {asked.batch} clips. {part}Differences are paired clip by clip within "
        "a seed; ± holds the chance of clips and that of seeds (both are told apart beside it)."
    )
    tables = [table(question, points) for question, *_ in QUESTIONS if any(p.question == question for p in points)]
    again = (
        f"Again with `python benchmarks/joint_training.py --data SPLIT --out DIR --budgets "
        f"{','.join(map(str, asked.budgets))} --seeds {','.join(map(str, asked.seeds))}`."
    )
    picture = f"![Difference of joint and single-task training over steps]({PLOT})"
    return "\n\n".join([setting, picture, *tables, verdict(points, max(asked.budgets)), again])


def table(question: str, points: Sequence[Point]) -> str:
    _, benchmark, first, second = next(entry for entry in QUESTIONS if entry[0] == question)
    head = f"| metric | steps | {first} | {second} | difference | by clips | by seeds | better |"
    rows = [row(point, first, second) for point in points if point.question == question]
    return "\n".join([f"**{question}** (`{benchmark}`)", "", head, "|---|---:|---:|---:|---:|---:|---:|---|", *rows])


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


def verdict(points: Sequence[Point], budget: int) -> str:
    """Say for each question at the greatest budget which way it went, metric by metric and on the whole."""
    said = []
    for question, _, first, second in QUESTIONS:
        there = [point for point in points if (point.question, point.budget) == (question, budget)]
        if not there:
            continue
        sides = {side: [f"`{point.metric}`" for point in there if point.better == side] for side in (1, -1)}
        parts = [f"{first} is better in {listed(sides[1])}"] if sides[1] else []
        parts += [f"{second} is better in {listed(sides[-1])}"] if sides[-1] else []
        said.append(f"{question}: {'; '.join(parts) or 'no difference that these clips and seeds can show'}.")
    return "\n".join(f"- {line[0].upper()}{line[1:]}" for line in said)


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
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def insert(text: str, readme: Path) -> None:
    """Replace what stands between the markers, or append a section with them."""
    old = readme.read_text() if readme.exists() else ""
    block = f"{BEGIN}\n{text}\n{END}"
    if BEGIN in old and END in old:
        new = old[: old.index(BEGIN)] + block + old[old.index(END) + len(END) :]
    else:
        new = f"{old.rstrip()}\n\n{HEADING}\n\n{block}\n".lstrip()
    partial = readme.with_suffix(".partial")
    partial.write_text(new)
    partial.replace(readme)


if __name__ == "__main__":
    main()
