"""Time generation and extraction by one process and by several, in turns, on the same clips.

    python benchmarks/workers.py [--model M] [--benchmark B] [--limit L] [--jobs 1 2] [--repeats R] [--metric ID ...]

Each figure is that of a whole process: wall seconds, and processor seconds of it and all that it has started. A run is
made with a cheap metric first, which times the sounds, and then scored with the metrics, which times the features. The
start of the command and of its processes is in both. Wall ratios beside other work say what was left of the cores.
The load is printed, and how many processors the commands had between them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VSSEVAL = [sys.executable, "-m", "vsseval"]


def measure(command: list[str], folder: Path) -> dict[str, float]:
    """Wall and processor seconds of a command and its children."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in {0, 3}, done.stderr
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "processor": processor, "processors": processor / wall}


def once(asked: argparse.Namespace, jobs: int) -> dict[str, dict[str, float]]:
    """Generate and extract in a folder of their own."""
    folder = Path(tempfile.mkdtemp(prefix="vsseval-workers-"))
    try:
        common = ["--jobs", str(jobs), "--store", "store"]
        chosen = ["--model", asked.model, "--benchmark", asked.benchmark, "--limit", str(asked.limit), "--no-bounds"]
        first = measure([*VSSEVAL, "run", *chosen, "--metric", asked.cheap, *common], folder)
        (run,) = (path.parent for path in (folder / "runs").glob("*/run.json"))
        named = [word for metric in asked.metric for word in ("--metric", metric)]
        second = measure([*VSSEVAL, "score", str(run), *named, *common], folder)
    finally:
        shutil.rmtree(folder)
    return {"generate": first, "extract": second}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vssflow")
    parser.add_argument("--benchmark", default="mini_v2s")
    parser.add_argument("--limit", type=int, default=48)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--cheap", default="fad@logmel", help="the metric of the first command")
    parser.add_argument("--metric", nargs="+", default=["clap_score@mini", "desync@onset"])
    asked = parser.parse_args()
    found: dict[int, list[dict[str, dict[str, float]]]] = {jobs: [] for jobs in asked.jobs}
    for _ in range(asked.repeats):
        for jobs in asked.jobs:
            found[jobs].append({**once(asked, jobs), "load": dict(zip(("1", "5", "15"), os.getloadavg(), strict=True))})
    shown = {
        jobs: {
            stage: {
                figure: round(statistics.median(one[stage][figure] for one in runs), 2)
                for figure in ("wall", "processor", "processors")
            }
            for stage in ("generate", "extract")
        }
        for jobs, runs in found.items()
    }
    first = asked.jobs[0]
    ratios = {
        f"{stage}, {jobs} against {first}": round(shown[first][stage]["wall"] / shown[jobs][stage]["wall"], 2)
        for jobs in asked.jobs[1:]
        for stage in ("generate", "extract")
    }
    print(json.dumps({"jobs": shown, "wall ratios": ratios, "load": [one["load"] for one in found[first]]}, indent=2))


if __name__ == "__main__":
    main()
