"""Time generation and extraction by one process and by several, in turns, on the same clips; and what cores can give.

    python benchmarks/workers.py [--model M] [--benchmark B] [--limit L] [--jobs 2] [--repeats R] [--metric ID ...]

A run is made with a cheap metric first, which times the sounds, and then scored with the metrics, which times the
features. Wall and processor seconds are those of the command and all that it has started, its start included. From the
store's timings comes what lies in them: `before` the first piece of work, `after` the last one, `apart`, between the
ends of the workers, and `rate`, pieces a second once every worker has loaded what it needs, of all workers together.

Each number of workers is set against one: `whole` is the ratio of wall seconds, `steady` of rates; `ceiling` is what
the machine gives: the rate of as many copies of the command by one process, each with all clips, side by side, against
one alone. Where cores share caches, memory or other work, it is less than their number. Beside other work all three
say what was left of the cores, which is why the load is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from trees import spend_side_by_side

from vsseval.store.timings import read_timings

if TYPE_CHECKING:
    from vsseval.store.timings import Timing

VSSEVAL = [sys.executable, "-m", "vsseval"]
STAGES = ("generate", "extract")
Figures = dict[str, float]


def rate(timings: list[Timing]) -> float:
    """Return the clips a second of one process, after all that it loads."""
    loaded = max(one.start + one.wall for one in timings if one.first)
    later = [one for one in timings if one.start >= loaded]
    if not later:
        return float("nan")
    return sum(one.clips for one in later) / (max(one.start + one.wall for one in later) - loaded)


def stage(kind: str, commands: list[list[str]], folders: list[Path]) -> Figures:
    """Carry out a command in each folder at once."""
    begun = time.time()
    spent = spend_side_by_side(commands, folders)
    by_process: dict[int, list[Timing]] = defaultdict(list)
    for folder in folders:
        for one in read_timings(folder / "store"):
            if one.kind == kind and one.start >= begun:
                by_process[one.process].append(one)
    ends = [max(one.start + one.wall for one in timings) for timings in by_process.values()]
    return {
        "wall": spent.wall,
        "processor": spent.processor,
        "processors": spent.processor / spent.wall,
        "before": min(one.start for timings in by_process.values() for one in timings) - begun,
        "after": begun + spent.wall - max(ends),
        "apart": max(ends) - min(ends),
        "rate": sum(map(rate, by_process.values())),
    }


def once(asked: argparse.Namespace, jobs: int, copies: int) -> dict[str, Figures]:
    """Generate and extract in folders of their own."""
    folders = [Path(tempfile.mkdtemp(prefix="vsseval-workers-")) for _ in range(copies)]
    try:
        common = ["--jobs", str(jobs), "--store", "store"]
        chosen = ["--model", asked.model, "--benchmark", asked.benchmark, "--no-bounds", "--metric", asked.cheap]
        limit = ["--limit", str(asked.limit)] if asked.limit else []
        first = stage("model", [[*VSSEVAL, "run", *chosen, *limit, *common]] * copies, folders)
        runs = [next((folder / "runs").glob("*/run.json")).parent for folder in folders]
        named = [word for metric in asked.metric for word in ("--metric", metric)]
        second = stage("extractor", [[*VSSEVAL, "score", str(run), *named, *common] for run in runs], folders)
    finally:
        for folder in folders:
            shutil.rmtree(folder)
    return {"generate": first, "extract": second}


def median(runs: list[dict[str, Figures]]) -> dict[str, Figures]:
    """Return the middle of each figure."""
    return {
        name: {figure: round(statistics.median(one[name][figure] for one in runs), 3) for figure in runs[0][name]}
        for name in STAGES
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vssflow")
    parser.add_argument("--benchmark", default="mini_v2s")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, nargs="+", default=[2])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--cheap", default="fad@logmel", help="the metric of the first command")
    parser.add_argument("--metric", nargs="+", default=["kl@aisfx", "clap_score@mini", "desync@onset"])
    asked = parser.parse_args()
    cases = {"1": (1, 1)}
    for jobs in asked.jobs:
        cases |= {f"{jobs}": (jobs, 1), f"{jobs} copies of 1": (1, jobs)}
    found: dict[str, list[dict[str, Figures]]] = {name: [] for name in cases}
    loads = []
    for _ in range(asked.repeats):
        for name, (jobs, copies) in cases.items():
            found[name].append(once(asked, jobs, copies))
            loads.append(round(os.getloadavg()[0], 1))
    shown = {name: median(runs) for name, runs in found.items()}
    ratios = {
        f"{name}, {jobs} against 1": {
            "whole": round(shown["1"][name]["wall"] / shown[str(jobs)][name]["wall"], 2),
            "steady": round(shown[str(jobs)][name]["rate"] / shown["1"][name]["rate"], 2),
            "ceiling": round(shown[f"{jobs} copies of 1"][name]["rate"] / shown["1"][name]["rate"], 2),
        }
        for jobs in asked.jobs
        for name in STAGES
    }
    print(json.dumps({"workers": shown, "ratios": ratios, "load": loads}, indent=2))


if __name__ == "__main__":
    main()
