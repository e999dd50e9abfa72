"""Test the paper's claim that joint training helps both tasks (VSSFlow, arXiv 2509.24773, section 4).

    python benchmarks/joint_training.py --data SPLIT --out DIR [--steps N] [--encoders DIR] [--processes P]

Trains three small models from the same initial weights, on the same features, with the same number of steps and
clips per step: on video-to-sound alone, on speech alone (visual text-to-speech, of which a share has no pictures and
is text-to-speech), and on both. Generates on mini_v2s and mini_vtts with the harness, compares the joint model with
each of the other two by the harness's paired statistics, and writes a table with a verdict into vssflow/README.md.
Goes on where it was killed. With --report-only nothing is trained.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vsseval import LoadedRun, find_runs
from vsseval.errors import VssevalError
from vsseval.statistics.compare import Delta, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN, END = "<!-- joint training: begin -->", "<!-- joint training: end -->"
HEADING = "## Does joint training help?"
README = Path(__file__).parents[1] / "vssflow" / "README.md"
WEIGHTS = "vssflow-small.safetensors"
TASKS = {"joint": "v2s,vtts", "v2s": "v2s", "vtts": "vtts"}
"""Model, and the tasks that it is trained on; the first one also makes the encoders."""
BENCHMARKS = {"mini_v2s": "v2s", "mini_vtts": "vtts"}
"""Benchmark, and the model that was trained on its task alone."""
TASK_NAMES = {"mini_v2s": "video-to-sound", "mini_vtts": "visual text-to-speech"}


class Comparison(NamedTuple):
    """The joint model against the one that was trained on the benchmark's task alone."""

    benchmark: str
    deltas: list[Delta]


def main() -> None:
    asked = options().parse_args()
    try:
        if not asked.report_only:
            for model in TASKS:
                train(model, asked)
        for model in TASKS:
            if not (asked.out / model / WEIGHTS).exists():
                sys.exit(f"error: {asked.out / model} holds no trained model; run without --report-only")
        comparisons = [measured(benchmark, asked) for benchmark in BENCHMARKS]
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))} ended with code {error.returncode}; its message is above")
    except VssevalError as error:
        sys.exit(f"error: {error}")
    text = report(comparisons, asked)
    print(text)
    insert(text, asked.readme)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="training split")
    parser.add_argument("--out", type=Path, required=True, help="trainings and runs")
    parser.add_argument("--steps", type=int, default=3000, help="steps of flow matching of each model")
    parser.add_argument("--batch", type=int, default=32, help="clips in a step")
    parser.add_argument("--encoders", type=Path, help="training whose encoders and features are used")
    parser.add_argument("--vision-steps", type=int, help="steps of the video encoder, without --encoders")
    parser.add_argument("--processes", type=int, default=1, help="processes of each training, by torchrun")
    parser.add_argument("--limit", type=int, help="clips of each benchmark; all without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readme", type=Path, default=README, help="file that the table is written into")
    parser.add_argument("--report-only", action="store_true", help="train nothing")
    return parser


def train(model: str, asked: argparse.Namespace) -> None:
    """Train one model, or what is left of it."""
    if last_line(asked.out / model).get("step", 0) >= asked.steps and (asked.out / model / WEIGHTS).exists():
        return
    python = [sys.executable]
    if asked.processes > 1:
        python = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        python += ["--nproc-per-node", str(asked.processes)]
    encoders = asked.encoders or (asked.out / "joint" if model != "joint" else None)
    command = [*python, "-m", "vssflow", "train", "--data", str(asked.data), "--out", str(asked.out / model)]
    command += ["--steps", str(asked.steps), "--batch", str(asked.batch), "--seed", str(asked.seed)]
    command += ["--tasks", TASKS[model]]
    command += ["--encoders", str(encoders)] if encoders else []
    command += ["--vision-steps", str(asked.vision_steps)] if asked.vision_steps and not encoders else []
    print(" ".join(command), file=sys.stderr, flush=True)
    subprocess.run(command, check=True)


def last_line(training: Path) -> dict[str, float]:
    log = training / "flow" / "log.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return json.loads(lines[-1]) if lines else {}


def measured(benchmark: str, asked: argparse.Namespace) -> Comparison:
    """Generate and score with both models, and compare clip by clip: joint minus alone."""
    joint, alone = (evaluated(model, benchmark, asked) for model in ("joint", BENCHMARKS[benchmark]))
    return Comparison(benchmark, compare(joint, alone))


def evaluated(model: str, benchmark: str, asked: argparse.Namespace) -> LoadedRun:
    """Run the harness; what is finished is not done again."""
    weights, runs = asked.out / model / WEIGHTS, asked.out / "runs" / model
    command = [sys.executable, "-m", "vsseval", "run", "--model", "vssflow", "--checkpoint", str(weights)]
    command += ["--benchmark", benchmark, "--runs", str(runs), "--no-bounds", "--seed", str(asked.seed)]
    command += ["--limit", str(asked.limit)] if asked.limit else []
    subprocess.run(command, check=True)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    fitting = [
        run
        for run in find_runs(runs)
        if (run.record.benchmark.name, run.record.model.weights) == (benchmark, digest)
        and (run.record.spec.limit, run.record.spec.seed) == (asked.limit, asked.seed)
        and run.record.status == "finished"
    ]
    return fitting[-1]


def report(comparisons: Sequence[Comparison], asked: argparse.Namespace) -> str:
    """Table and verdict as Markdown."""
    rows = [row(comparison, delta) for comparison in comparisons for delta in comparison.deltas]
    losses = [
        f"{last_line(asked.out / 'joint')[f'val_{task}']:.3f} for the joint model and "
        f"{last_line(asked.out / task)[f'val_{task}']:.3f} for the one trained on {TASK_NAMES[benchmark]} alone"
        for benchmark, task in BENCHMARKS.items()
    ]
    part = f"`--limit {asked.limit}`: {asked.limit} clips of each benchmark only. " if asked.limit else ""
    limit = f" --limit {asked.limit}" if asked.limit else ""
    setting = (
        f"Three small models, {asked.steps} steps of {asked.batch} clips each, same features, same initial weights "
        f"(seed {asked.seed}): joint, and each task alone. {part}Differences are joint minus alone, paired clip by "
        "clip, with 95 % intervals; they tell the clips' chance, not that of training once more with another seed."
    )
    head = "| benchmark | metric | alone | joint | difference (95 %) | clips | better |"
    rule = "|---|---|---:|---:|---:|---:|---|"
    held_out = f"Flow-matching loss on held-out clips: {'; '.join(losses)}."
    again = f"Again with `python benchmarks/joint_training.py --data SPLIT --out DIR --steps {asked.steps}{limit}`."
    return "\n\n".join([setting, "\n".join([head, rule, *rows]), held_out, verdict(comparisons), again])


def row(comparison: Comparison, delta: Delta) -> str:
    def show(value: float | None, sign: str = "") -> str:
        return "-" if value is None else f"{value * delta.scale:{sign}.{delta.decimals}f}"

    arrow = "↑" if delta.direction == "higher" else "↓"
    unit = f" {delta.unit}" if delta.unit else ""
    interval = f" ({show(delta.low, '+')} to {show(delta.high, '+')})" if delta.low is not None else ""
    better = {"a": "joint", "b": "alone", None: "not clear"}[delta.better] if delta.reason is None else delta.reason
    cells = (
        comparison.benchmark, f"`{delta.metric}` {arrow}{unit}", show(delta.value_b), show(delta.value_a),
        f"{show(delta.difference, '+')}{interval}", str(delta.n), better,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Say in one paragraph which way it went, metric by metric and then on the whole."""
    sentences, ways = [], {}
    for comparison in comparisons:
        task = TASK_NAMES[comparison.benchmark]
        sides = {side: [f"`{d.metric}`" for d in comparison.deltas if d.better == side] for side in ("a", "b", None)}
        parts = []
        if sides["a"]:
            parts.append(f"the joint model is better in {listed(sides['a'])}")
        if sides["b"]:
            parts.append(f"it is worse in {listed(sides['b'])}")
        if sides[None]:
            parts.append(f"the interval of {listed(sides[None])} holds zero or there is none")
        sentences.append(f"On {task}, {'; '.join(parts)}.")
        ways[task] = ("mixed" if sides["b"] else "helps") if sides["a"] else ("hurts" if sides["b"] else "unclear")
    said = {
        "helps": "helps {}", "hurts": "hurts {}", "mixed": "helps {} in some metrics and hurts it in others",
        "unclear": "makes no difference to {} that these clips can show",
    }  # fmt: skip
    found = " and ".join(said[way].format(task) for task, way in ways.items())
    holds = "is borne out" if set(ways.values()) == {"helps"} else "is not borne out"
    return (
        f"{' '.join(sentences)} At this size and budget joint training {found}: the claim that it helps both {holds}."
    )


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


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
