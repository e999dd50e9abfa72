"""Time verdicts: 15,000 clips by 20 metrics, compared and in a table; ten runs with distances; a wide jackknife.

    python benchmarks/verdicts.py [--clips N] [--metrics M] [--models K] [--dimensions D] [--out FILE]

Everything is made up and written to a temporary folder. Seconds and peak memory are those of whole processes, cold.
The sums of the distance take 40 * 8 * D**2 bytes on disk (1.3 GB at D = 2048).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from vsseval.records import Aggregate, Flags, RunRecord, RunSpec
from vsseval.statistics.intervals import ratio
from vsseval.statistics.jackknife import neighbours
from vsseval.statistics.replicates import estimate
from vsseval.store import chain, record
from vsseval.store.group_sums import GROUPS, write_sums
from vsseval.store.layout import RunPaths
from vsseval.store.replicates import Replicates, clips_sha256, write_replicates
from vsseval.store.scores import ScoreRow, write_scores
from vsseval.types import BenchmarkCard, Feature, MetricSpec, ModelCard, Need

HEARD = {"heard": Feature(extractor="made_up", of=Need.AUDIO)}
PATCHES = 10
"""Vectors a clip, as a network that looks at one second at a time gives for VGGSound."""


def spec(number: int) -> MetricSpec:
    return MetricSpec(
        name=f"metric{number:02d}", recipe="made_up", version="1", inputs=HEARD, direction="lower", unit="",
        description="Made up.", minimum=0.0,
    )  # fmt: skip


def write_run(root: Path, model: str, clips: int, metrics: int, seed: int, distances: int = 0) -> Path:
    """One finished run of skewed values that have what is hard in common with other runs; a fifth of all in pairs.

    Each run is 2 % worse than the one before: intervals of neighbours overlap, and only pairs of clips tell them apart.
    """
    path, specs = root / model, [spec(number) for number in range(metrics + distances)]
    path.mkdir(parents=True)
    card = BenchmarkCard(
        name="made_up", version="1", task="v2s", size=clips, licence="CC0", description="Made up.",
        metrics=tuple(s.id for s in specs),
    )  # fmt: skip
    made = RunRecord(
        schema=record.SCHEMA, id=model, status="finished", created="2026-01-01T00:00:00Z", benchmark=card,
        spec=RunSpec(model=model, benchmark="made_up"), manifest_sha256="0" * 64,
        model=ModelCard(name=model, version="1", tasks=("v2s",)), metrics={s.id: s for s in specs},
    )  # fmt: skip
    record.write_record(path, made)
    hard, rng = np.random.default_rng(0).gamma(2.0, 0.1, clips), np.random.default_rng(seed)
    clusters = [f"video{i if i % 5 else i // 10 * 10:05d}" for i in range(clips)]
    rows: list[ScoreRow] = []
    cells = []
    for metric in specs[:metrics]:
        values = hard * (1 + 0.02 * seed) + rng.gamma(2.0, 0.05, clips)
        rows += [
            ScoreRow(
                sample_id=f"clip{i:05d}", cluster=clusters[i], subset="", seed=0, metric=metric.id, version="1",
                status="ok", value=float(values[i]), weight=1.0, detail='{"offset": 0.1234, "confidence": 5.678}',
            )
            for i in range(clips)
        ]  # fmt: skip
        found = ratio(values, np.ones(clips), clusters)
        cells.append(
            Aggregate(
                metric=metric.id, status="ok", n=clips, total=clips, value=found.value, se=found.se, low=found.low,
                high=found.high, method=found.method, signature=f"metric:{metric.id}|version:1|bench:made_up-1",
            )
        )  # fmt: skip
    kept = [distance(metric.id, clips, seed, rng) for metric in specs[metrics:]]
    for one in kept:
        rows += [
            ScoreRow(
                sample_id=f"clip{i:05d}", cluster=clusters[i], subset="", seed=0, metric=one.metric, version="1",
                status="ok", weight=1.0,
            )
            for i in range(clips)
        ]  # fmt: skip
        found = estimate(one)
        cells.append(
            Aggregate(
                metric=one.metric, status="ok", n=clips, total=clips, value=found.value, se=found.se, low=found.low,
                high=found.high, method=found.method, signature=f"metric:{one.metric}|version:1|bench:made_up-1",
            )
        )  # fmt: skip
    write_scores(RunPaths(path).scores, rows)
    write_replicates(RunPaths(path).replicates, kept)
    record.write_aggregates(path, cells)
    record.write_flags(path, Flags(sounds=clips, covered=1.0))
    record.write_record(path, msgspec.structs.replace(made, provenance=chain.links(path)))
    return path


def distance(metric: str, clips: int, seed: int, rng: np.random.Generator) -> Replicates:
    """What is kept of a distance, made up."""
    value = 1.0 + 0.02 * seed
    without, two = (tuple(value + rng.normal(0, 0.01, GROUPS)) for _ in range(2))
    return Replicates(
        metric=metric, n=clips, total=clips, clips=clips_sha256([(metric, clips)]), value=value,
        groups=tuple(range(GROUPS)), without=without, without_two=two[: len(neighbours(GROUPS))],
    )  # fmt: skip


def write_distance(path: Path, clips: int, dimensions: int) -> None:
    """Sums of a distance whose two sides have covariances of falling spectrum, as embeddings have."""
    rng = np.random.default_rng(0)
    scale = np.exp(-np.arange(dimensions) / (dimensions / 8)) + 1e-3
    groups: dict[int, dict[str, np.ndarray]] = {}
    for group in range(GROUPS):
        count = clips * PATCHES // GROUPS
        groups[group] = {}
        for side, centre in (("generated", 0.1), ("reference", 0.0)):
            x = rng.standard_normal((count, dimensions)) * scale + centre * scale
            sums = {"n": np.asarray(float(count)), "x": x.sum(0), "xx": x.T @ x}
            groups[group] |= {f"{side}_{name}": value for name, value in sums.items()}
    write_sums(path, groups)


JACKKNIFE = """
import sys
from pathlib import Path
from vsseval import plugins
from vsseval.stages.leave_out import leave_out
from vsseval.store.group_sums import read_sums
print(leave_out(plugins.load('metrics', 'fad@logmel')(), read_sums(Path(sys.argv[1])), int(sys.argv[2])))
"""


TEN = {"three_distances": 0, "three_distances_and_four_metrics": 4}
"""Folder of ten runs on 48 clips -> number of metrics with a value for each clip, besides three distances."""


def make(folder: Path, asked: argparse.Namespace) -> None:
    for name, metrics in TEN.items():
        for place in range(10):
            write_run(folder / name, f"model{place:02d}", 48, metrics, place, distances=3)
    for place in range(max(asked.models, 2)):
        write_run(folder / "runs", f"model{place:02d}", asked.clips, asked.metrics, place)
    if asked.dimensions:
        write_distance(folder / "distance.npz", asked.clips, asked.dimensions)


def measured(command: list[str], threads: int) -> dict[str, float]:
    """Run a command; its wall and processor seconds, and its peak memory in gigabytes."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | dict.fromkeys(names, str(threads)))
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": round(time.monotonic() - started, 2),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_gb": round(used.ru_maxrss / 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=15_000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--dimensions", type=int, default=2048, help="0 leaves the distance out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    if asked.make:
        make(asked.make, asked)
        return
    folder = Path(tempfile.mkdtemp(prefix="vsseval-statistics-"))
    vsseval = [sys.executable, "-m", "vsseval"]
    try:
        # In another process: the memory of this one would count as that of the commands that it starts.
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--make", str(folder)], check=True)
        runs = [str(folder / "runs" / name) for name in ("model00", "model01")]
        figures = {
            "help": measured([*vsseval, "--help"], asked.threads),
            "compare": measured([*vsseval, "compare", *runs], asked.threads),
            "power": measured([*vsseval, "power", *runs], asked.threads),
            "table": measured([*vsseval, "table", "--runs", str(folder / "runs")], asked.threads),
            **{
                f"table_of_ten_{name}": measured([*vsseval, "table", "--runs", str(folder / name)], asked.threads)
                for name in TEN
            },
        }
        if asked.dimensions:
            command = [sys.executable, "-c", JACKKNIFE, str(folder / "distance.npz"), str(asked.clips)]
            figures["jackknife"] = measured(command, asked.threads)
    finally:
        shutil.rmtree(folder)
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
