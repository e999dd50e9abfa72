"""What attacks share: a folder of their own, commands in it, and what is left of a run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MINI = ROOT / "vsseval" / "benchmarks" / "mini"
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz", "flags.json")
METRICS = ("--metric", "fad@logmel", "--metric", "desync@onset")


class Outcome(NamedTuple):
    """What came of one attack."""

    tried: int
    survived: int
    said: str = ""


class Place(NamedTuple):
    """Where an attack may write, and its chance."""

    folder: Path
    chance: random.Random
    kept: Path
    """Where the attacks find what none of them changes: it outlives each."""

    def under(self, name: str) -> Path:
        found = self.folder / name
        found.mkdir(parents=True, exist_ok=True)
        return found


def environment(folder: Path) -> dict[str, str]:
    """Return variables by which a command keeps all that it writes in one folder."""
    own = {"STORE": "store", "DATA": "data", "WEIGHTS": "weights"}
    places = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "benchmarks")))
    return {
        **os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg",
        **{f"VSSEVAL_{name}": str(folder / where) for name, where in own.items()},
    }  # fmt: skip


def vsseval(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vsseval", *arguments]


def done(command: Sequence[str], folder: Path, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    """Carry a command out to its end."""
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=seconds, check=False
    )


def killed(command: Sequence[str], folder: Path, after: float) -> bool:
    """Start a command and kill it and all its children after some seconds; return whether it was still at work."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=log, stderr=log, start_new_session=True
        )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def run_command(folder: Path, *more: str) -> list[str]:
    return vsseval(
        "run", "--model", "onset_foley", "--benchmark", "mini_v2s", "--limit", "5", *METRICS, "--no-bounds",
        "--jobs", "2", "--runs", str(folder / "runs"), *more,
    )  # fmt: skip


def results(folder: Path) -> dict[str, bytes]:
    """Return what a run left, and that nothing else lies about."""
    (run,) = (folder / "runs").glob("*/run.json")
    stray = [path.name for path in run.parent.rglob(".*")]
    return {name: (run.parent / name).read_bytes() for name in RESULTS} | {"stray": str(stray).encode()}


def finished(place: Place) -> subprocess.CompletedProcess[str]:
    """Make the run that several attacks start from in `place.kept`, unless another one has made it."""
    return done(run_command(place.kept), place.kept)
