"""Makes small benchmarks for the fake plugin, and puts that plugin on the path as if it were installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np

from vsseval import media
from vsseval.records import RunSpec
from vsseval.store import codec
from vsseval.types import Medium, Sample

PLUGIN = Path(__file__).parents[1] / "plugin"
ROOT = Path(__file__).parents[2]


def install(site: Path) -> Path:
    """Write what an installer would: metadata with the entry points, beside links to what it has."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = site / "vsseval_fakes-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vsseval-fakes\nVersion: 1.0\n")
    groups = project["entry-points"].items()
    text = "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups)
    (info / "entry_points.txt").write_text(text)
    for name in ("vsseval_fakes.py", "vsseval_fakes_baselines", "vsseval_fakes_recipes", "vsseval_fakes_variants"):
        (site / name).symlink_to(PLUGIN / name)
    return site


def medium(path: Path) -> Medium:
    return Medium(path=path, sha256=media.sha256(path))


def make_clips(folder: Path, count: int = 8, seconds: float = 0.5) -> list[Sample]:
    """Render clips with a video, a reference, a transcript and a label; write samples.json; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(7))
    samples = []
    for index in range(count):
        video, sound = folder / f"v{index}.mp4", folder / f"r{index}.flac"
        frames = random.integers(40, 255, (round(seconds * 10), 16, 16, 3), dtype=np.uint8)
        media.write_mp4(video, frames, 10.0)
        media.write_flac(sound, random.normal(0, 0.1, round(seconds * 8000)).astype(np.float32), 8000)
        samples.append(
            Sample(
                id=f"clip {index}" if index == 1 else f"clip{index}",
                cluster=f"c{index // 2}",
                duration=seconds,
                video=medium(video),
                reference=medium(sound),
                transcript=" ".join(["word"] * (index + 1)),
                label="ab"[index % 2],
                subset="" if index % 4 else "held-out",
            )
        )
    write_samples(folder, samples)
    return samples


def write_samples(folder: Path, samples: list[Sample]) -> None:
    (folder / "samples.json").write_bytes(codec.encode(samples))


def spec(folder: Path, where: Path, **more) -> RunSpec:
    """Return a run of the fake model on `folder`, with runs and store below `where`."""
    fields = {"model": "fake", "jobs": 1, **more}
    return RunSpec(benchmark=f"fake:{folder}", runs=where / "runs", store=where / "store", **fields)


def environment(site: Path, **more: str) -> dict[str, str]:
    """Return the environment of a subprocess that sees the fake plugin."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", "OMP_NUM_THREADS": "1", **more}


def vsseval(site: Path, *arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "vsseval", *arguments]
    env = environment(site, **more)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def interruptible():
    """Let a process that is started from here be interrupted, even where this one runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
