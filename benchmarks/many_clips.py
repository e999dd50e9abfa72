"""From scores to the table at 1,000, 15,000 and 100,000 clips, with made-up sounds and features.

    python benchmarks/many_clips.py [--clips N ...] [--metrics M]

A run is laid down as generation and extraction would have left it (a small file for each sound, three numbers for each
feature, landmarks of eight seconds of sound). Measured are, in processor seconds: the first `vsseval run`, which checks
every sound, scores and aggregates; the same when all is finished; the same with M more metrics; and the table. Each is
a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import shutil
import sys
import tempfile
import textwrap
import time
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import numpy as np

LANDMARKS = 380
"""Of a sound of eight seconds."""
PLUGIN = """
    import numpy as np
    from pathlib import Path
    from vsseval.benchmarks.base import BenchmarkCard
    from vsseval.models.base import ModelCard
    from vsseval.store import codec
    from vsseval.types import ExtractorSpec, Sample, Score

    class Clips:
        def __init__(self, argument):
            self._path = Path(argument)
            size = len(self._path.read_bytes().splitlines())
            self.card = BenchmarkCard(name="many", version="1", task="v2s", size=size, licence="", description="",
                                      metrics=())

        def samples(self):
            return [codec.decode(line, Sample) for line in self._path.read_bytes().splitlines()]

    class Sounds:
        def __init__(self, options):
            self.card = ModelCard(name="made_up", version="1", tasks=("v2s",), uses_video=False)

        def generate(self, requests):
            raise AssertionError("every sound is there")

    class Numbers:
        spec = ExtractorSpec(name="numbers", version="1", input_kinds=("audio",))

        def extract(self, source):
            raise AssertionError("every feature is there")

    class Near:
        kind = "per_clip"

        def __init__(self, spec):
            self.spec = spec

        def score(self, sound, real):
            return Score(value=float(np.abs(sound["x"] - real["x"]).sum()))
"""


def install(folder: Path, metrics: int) -> None:
    """Write the plugin as an installer would."""
    (folder / "many_clips_plugin.py").write_text(textwrap.dedent(PLUGIN))
    rows = ["[defaults]", 'version = "1"', 'direction = "lower"', 'unit = ""', 'description = "of a benchmark"']
    for number in range(metrics):
        rows += [f'["near@r{number}"]', 'family = "many_clips_plugin:Near"', 'extractor = "numbers"',
                 'inputs = { sound = { of = "audio" }, real = { of = "reference" } }']  # fmt: skip
    for name, lines in (("recipes", rows), ("variants", ["[numbers]", 'family = "many_clips_plugin:Numbers"'])):
        (folder / f"many_clips_{name}").mkdir()
        (folder / f"many_clips_{name}" / "rows.toml").write_text("\n".join(lines) + "\n")
    info = folder / "many_clips_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: many-clips-plugin\nVersion: 1\n")
    points = {
        "benchmarks": ["many = many_clips_plugin:Clips"],
        "models": ["made_up = many_clips_plugin:Sounds"],
        "extractors": ["many = many_clips_variants"],
        "metrics": ["many = many_clips_recipes"],
    }
    text = "\n".join(f"[vsseval.{group}]\n" + "\n".join(lines) for group, lines in points.items())
    (info / "entry_points.txt").write_text(text + "\n")


def lay_down(folder: Path, clips: int) -> None:
    """Write a benchmark, the sounds and journals of a run on it, and all features."""
    from vsseval.extractors.sound_print import SoundPrint
    from vsseval.stages.plan import begin, plan
    from vsseval.store import codec
    from vsseval.types import Generation, Medium, Sample

    samples = [
        Sample(
            id=f"clip{n:06}", cluster=f"video{n // 3}", duration=8.0,
            reference=Medium(path=folder / f"{n}.wav", sha256=hashlib.sha256(b"r%d" % n).hexdigest()),
        ) for n in range(clips)
    ]  # fmt: skip
    (folder / "samples.jsonl").write_bytes(b"\n".join(map(codec.encode, samples)))
    begun = begin(plan(asked(folder, 1)))
    extractor = import_module("many_clips_plugin").Numbers.spec
    random = np.random.default_rng(0)
    for shard in begun.shards:
        lines = []
        for sample in begun.shard(shard):
            path = begun.paths.audio(sample.id, 0)
            path.write_bytes(sample.id.encode())
            digest = hashlib.sha256(sample.id.encode()).hexdigest()
            lines.append(Generation(id=sample.id, status="ok", path=path.relative_to(begun.root), sha256=digest))
            for key in (digest, sample.reference.sha256):
                begun.store.write(extractor, key, {"x": random.normal(size=3)})
                begun.store.write(SoundPrint.spec, key, made_up_print(random))
        begun.paths.journal(shard).write_bytes(b"".join(codec.encode(line) + b"\n" for line in lines))
        begun.paths.done(shard).touch()


def made_up_print(random: np.random.Generator) -> dict[str, np.ndarray]:
    """As many landmarks as eight seconds have, none of them another sound's but by chance."""
    low, high = random.integers(3, 257, (2, LANDMARKS), dtype=np.uint16)
    frame = np.sort(random.integers(0, 500, LANDMARKS, dtype=np.int32))
    return {
        "low": low, "high": high, "apart": random.integers(1, 64, LANDMARKS, dtype=np.int32), "frame": frame,
        "levels": np.full(400, 0.1, np.float32), "facts": np.array((8.0, 0.5, 0.0)),
    }  # fmt: skip


def asked(folder: Path, metrics: int):  # the spec of `vsseval run`
    from vsseval.records import RunSpec

    return RunSpec(
        model="made_up", benchmark=f"many:{folder / 'samples.jsonl'}", runs=folder / "runs", store=folder / "store",
        metrics=tuple(f"near@r{m}" for m in range(metrics)), jobs=1,
    )  # fmt: skip


def run(folder: Path, metrics: int) -> None:
    from vsseval.stages.run import carry_out

    (record,) = carry_out([asked(folder, metrics)]).records
    if record.clips.get("ok") != record.benchmark.size or record.provenance["faults"]:
        raise SystemExit(f"the run is not whole: {record.clips} {record.provenance['faults'][:3]}")


def table(folder: Path, metrics: int) -> None:
    from vsseval.store.record import find_runs
    from vsseval.tables import table as tables

    if "near" not in tables.render(find_runs(folder / "runs"), "markdown", width=110, colour=False):
        raise SystemExit(f"the table lacks the {metrics} metrics")


def alone(work, folder: Path, metrics: int) -> str:
    """Do a piece of work in a process of its own; return its processor seconds and peak memory."""
    context = get_context("spawn")
    told = context.SimpleQueue()
    process = context.Process(target=timed, args=(work, folder, metrics, told))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)
    return told.get()


def timed(work, folder: Path, metrics: int, told) -> None:
    sys.path.insert(0, str(folder))
    wall = time.perf_counter()
    work(folder, metrics)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told.put(f"{time.process_time():.1f} ({time.perf_counter() - wall:.0f} s, {used.ru_maxrss / 1e6:.2f} GB)")


def laid(folder: Path, clips: int) -> None:
    lay_down(folder, clips)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[1000, 15_000, 100_000])
    parser.add_argument("--metrics", type=int, default=10)
    chosen = parser.parse_args()
    print(f"| clips | laid down | first run | finished | {chosen.metrics} metrics | table |\n|---|---|---|---|---|---|")
    for clips in chosen.clips:
        folder = Path(tempfile.mkdtemp(prefix="vsseval-many-clips-"))
        try:
            install(folder, chosen.metrics)
            row = [alone(laid, folder, clips), alone(run, folder, 1), alone(run, folder, 1),
                   alone(run, folder, chosen.metrics), alone(table, folder, chosen.metrics)]  # fmt: skip
        finally:
            shutil.rmtree(folder)
        print(f"| {clips:,} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
