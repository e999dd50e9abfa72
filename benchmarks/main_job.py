"""Time the main job as a newcomer meets it: cold, then with everything cached; and the start of the command line.

    python benchmarks/main_job.py [--limit L] [--load N] [--out FILE]

Each figure is that of a whole process, with the peak memory of its tree (what processes share counts once for each).
Run it on an idle machine; the report names the processor, the number of cores and the load that was there. With
`--load N` the cold job is carried out again, from nothing, beside N processes of one thread that never rest; `ratio` is
the seconds of that by those of the idle one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

VSSEVAL = [sys.executable, "-m", "vsseval"]
BUSY = """
import os
mother = os.getppid()
while os.getppid() == mother:  # it ends however that one does
    sum(range(100_000))
"""


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
    try:
        code = process.wait()
        seconds = time.monotonic() - started
    finally:
        process.terminate()  # where the wait was broken off
        process.wait()
        done.set()
        watcher.join()
    return {"seconds": round(seconds, 2), "peak_gb": round(peak[0] / 1e9, 2), "exit_code": code}


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Have processes compute meanwhile, in a group of their own, that is ended whatever happens."""
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            group = programs[0].pid if programs else 0
            programs.append(subprocess.Popen([sys.executable, "-c", BUSY], process_group=group))
        yield
    finally:
        if programs:
            os.killpg(programs[0].pid, signal.SIGKILL)
        for program in programs:
            program.wait()


@contextmanager
def emptied() -> Iterator[Path]:
    """Have an empty folder, which is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vsseval-main-job-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def job(folder: Path, limit: str | None) -> list[str]:
    """Return the main job, with a store of its own."""
    run = [*VSSEVAL, "run", "--model", "vssflow", "--suite", "all", "--store", str(folder / "store")]
    return [*run, "--limit", limit] if limit else run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", help="clips of each benchmark; all without it")
    parser.add_argument("--load", type=int, default=0, help="processes that compute beside the cold job")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is ended
    figures: dict[str, Any] = {
        "machine": {
            "cores": psutil.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "load": round(os.getloadavg()[0], 1),
        }
    }
    with emptied() as folder:
        run = job(folder, asked.limit)
        figures["cold"] = measure(run, folder)
        figures["cached"] = measure(run, folder)
        figures["report"] = measure([*VSSEVAL, "report"], folder)
        figures["help_seconds"] = statistics.median(measure([*VSSEVAL, "--help"], folder)["seconds"] for _ in range(5))
    if asked.load:
        with emptied() as folder, busy(asked.load):
            loaded = measure(job(folder, asked.limit), folder)
        figures[f"cold at load {asked.load}"] = loaded
        figures["ratio"] = round(loaded["seconds"] / figures["cold"]["seconds"], 2)
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
