"""Time the main job as a newcomer meets it: cold, then with everything cached; and the start of the command line.

    python benchmarks/main_job.py [--limit L] [--out FILE]

Each figure is that of a whole process, with the peak memory of the largest process of its tree. Run it on an idle
machine; the report names the processor and the number of cores.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

VSSEVAL = [sys.executable, "-m", "vsseval"]


def measure(command: list[str], folder: Path) -> dict[str, float]:
    """Wall seconds and peak resident memory (gigabytes, whole tree) of one command."""
    peak, done = [0], threading.Event()
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)

    def watch() -> None:
        while not done.wait(0.2):
            try:
                tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                peak[0] = max(peak[0], sum(member.memory_info().rss for member in tree))
            except psutil.Error:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    seconds = time.monotonic() - started
    done.set()
    watcher.join()
    return {"seconds": round(seconds, 2), "peak_gb": round(peak[0] / 1e9, 2), "exit_code": code}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", help="clips of each benchmark; all without it")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vsseval-main-job-"))
    run = [*VSSEVAL, "run", "--model", "vssflow", "--suite", "all", "--store", str(folder / "store")]
    if asked.limit:
        run += ["--limit", asked.limit]
    try:
        figures = {
            "machine": {"cores": psutil.cpu_count(), "processor": platform.processor() or platform.machine()},
            "cold": measure(run, folder),
            "cached": measure(run, folder),
            "report": measure([*VSSEVAL, "report"], folder),
            "help_seconds": statistics.median(measure([*VSSEVAL, "--help"], folder)["seconds"] for _ in range(5)),
        }
    finally:
        shutil.rmtree(folder)
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
