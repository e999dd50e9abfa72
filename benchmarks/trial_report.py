"""What a trial has shown: tables and verdicts as Markdown, learning curves, and their place in a README."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from trial import Point, Question, Trial  # beside this file

NAMES = {"adamw": "AdamW", "muon": "Muon"}
COLUMNS = 4
"""Panels beside one another."""


def report(trial: Trial, points: Sequence[Point], asked: argparse.Namespace, sampling: str) -> str:
    """Setting, plot, a table of the greatest budget for each question, and the verdict, as Markdown."""
    part = f"`--limit {asked.limit}`: {asked.limit} clips of each benchmark only. " if asked.limit else ""
    setting = (
        f"Small models {size(asked)}on the same encoders and features, {', '.join(map(str, asked.budgets))} steps, "
        f"seeds {', '.join(map(str, asked.seeds))}, {NAMES[asked.optimiser]}, constant rate, averaged weights, "
        f"{sampling}; one task alone: {asked.batch} clips a step, rate {asked.rate:g}. {trial.setting} {part}"
        "Differences are paired clip by clip within a seed; ± holds the chance of clips and that "
        "of seeds, which are told apart beside it."
    )
    most = [point for point in points if point.budget == max(asked.budgets)]
    tables = [table(question, most) for question in trial.questions if of(question, most)]
    given = f"--budgets {','.join(map(str, asked.budgets))} --seeds {','.join(map(str, asked.seeds))}"
    given += "".join(f" --{name} {vars(asked)[name]}" for name in ("width", "layers", "limit") if vars(asked)[name])
    given += " --bf16" if asked.bf16 else ""
    command = f"python benchmarks/{Path(sys.argv[0]).name} --data SPLIT --out DIR {given}"
    again = f"Every budget: [{trial.tables}]({trial.tables}). Again with `{command}`."
    picture = f"![Differences over steps]({trial.plot})"
    return "\n\n".join([setting, picture, *tables, verdict(trial, points, max(asked.budgets)), again])


def every_budget(trial: Trial, points: Sequence[Point]) -> str:
    """Return a page with all numbers, as Markdown."""
    tables = [table(question, points) for question in trial.questions if of(question, points)]
    begun = f"# {trial.heading}\n\nAll budgets; what was compared, and the verdict, stand in [README.md](README.md)."
    return "\n\n".join([begun, *tables]) + "\n"


def size(asked: argparse.Namespace) -> str:
    blocks = [f"{asked.layers} blocks"] if asked.layers else []
    width = [f"width {asked.width}"] if asked.width else []
    return f"({' of '.join(blocks + width)}) " if blocks or width else ""


def of(question: Question, points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.question == question.name]


def table(question: Question, points: Sequence[Point]) -> str:
    names = ("metric", "steps", "n/N", question.first, question.second, "difference", "by clips", "by seeds", "better")
    rows = [row(point, question.first, question.second) for point in of(question, points)]
    title = f"**{question.name}** (`{question.benchmark}`)"
    return "\n".join([title, "", f"| {' | '.join(names)} |", "|---|---:|---:|---:|---:|---:|---:|---:|---|", *rows])


def row(point: Point, first: str, second: str) -> str:
    def show(value: float, sign: str = "") -> str:
        return "-" if math.isnan(value) else f"{value * point.scale:{sign}.{point.decimals}f}"

    arrow = "↑" if point.direction == "higher" else "↓"
    better = {1: first, -1: second, 0: "not clear"}[point.better]
    clips = "-" if point.n is None else f"{point.n}/{point.total}"
    cells = (
        f"`{point.metric}` {arrow}{' ' + point.unit if point.unit else ''}", str(point.budget), clips,
        show(point.first), show(point.second), f"{show(point.difference, '+')} ± {show(point.half)}",
        show(point.clips), show(point.seeds), better,
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


def plot(trial: Trial, points: Sequence[Point], path: Path) -> None:
    """Draw the differences over steps, a panel for each benchmark and metric; above zero the first arm is better."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "vssflow", "svg.fonttype": "none", "font.family": "sans-serif"}
    from matplotlib import pyplot as plt

    metrics = {
        benchmark: list(dict.fromkeys(point.metric for question in asked for point in of(question, points)))
        for benchmark, asked in by_benchmark(trial).items()
    }
    rows = [-(-len(found) // COLUMNS) for found in metrics.values()]
    figure = plt.figure(figsize=(2.3 * COLUMNS, 1.7 * sum(rows) + 0.7 * len(rows)), layout="constrained")
    parts = figure.subfigures(len(rows), 1, height_ratios=[1.7 * count + 0.7 for count in rows], squeeze=False)
    for (benchmark, found), count, part in zip(metrics.items(), rows, parts[:, 0], strict=True):
        axes = part.subplots(count, COLUMNS, squeeze=False).ravel()
        for axis, metric in zip(axes, found, strict=False):
            panel(axis, metric, by_benchmark(trial)[benchmark], points)
        for axis in axes[len(found) :]:
            axis.axis("off")
        names, labels = axes[0].get_legend_handles_labels()
        part.suptitle(benchmark, x=0.01, ha="left", fontsize=9, fontweight="bold")
        part.legend(names, labels, loc="upper right", ncols=len(labels), fontsize=7, frameon=False)
    figure.supxlabel("steps", fontsize=8)
    figure.supylabel("better by", fontsize=8)
    partial = path.with_name(f".{path.name}")
    figure.savefig(partial, format="svg", metadata={"Date": None})
    partial.replace(path)
    plt.close(figure)


def by_benchmark(trial: Trial) -> dict[str, list[Question]]:
    names = dict.fromkeys(question.benchmark for question in trial.questions)
    return {name: [question for question in trial.questions if question.benchmark == name] for name in names}


def panel(axis: Axes, metric: str, questions: Sequence[Question], points: Sequence[Point]) -> None:
    """Draw the differences of one metric; questions stand a little beside one another."""
    for place, question in enumerate(questions):
        own = [point for point in of(question, points) if point.metric == metric]
        shift = 1.06 ** (place - (len(questions) - 1) / 2)
        values = [point.difference * point.scale * (1 if point.direction == "higher" else -1) for point in own]
        halves = [point.half * point.scale for point in own]
        axis.errorbar(
            [point.budget * shift for point in own], values, halves, marker="o", markersize=3, linewidth=1, capsize=2,
            label=f"{question.first} against {question.second}",
        )  # fmt: skip
    budgets = sorted({point.budget for point in points})
    axis.axhline(0, color="0.6", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_xticks(budgets, map(str, budgets))
    axis.minorticks_off()
    unit = next((f" ({point.unit})" for point in points if point.metric == metric and point.unit), "")
    axis.set_title(f"{metric}{unit}", fontsize=7)
    axis.tick_params(labelsize=6)


def insert(trial: Trial, text: str, readme: Path) -> None:
    """Replace what stands between the marks, or append a section with them."""
    begin, end = trial.marks
    old = readme.read_text() if readme.exists() else ""
    block = f"{begin}\n{text}\n{end}"
    if begin in old and end in old:
        new = old[: old.index(begin)] + block + old[old.index(end) + len(end) :]
    else:
        new = f"{old.rstrip()}\n\n## {trial.heading}\n\n{block}\n".lstrip()
    put(readme, new)


def put(path: Path, text: str) -> None:
    """Write a file so that a kill leaves the old one or the new one."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
