"""What it costs that media are decoded in a process of their own: processor seconds, side by side with decoding here.

`python benchmarks/decoding.py` reads every clip of the shipped benchmarks as extractors do, and runs the main job on
`--limit` clips of each, with decoders and without, one after the other and in turn.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

JOB = ["run", "--model", "vssflow", "--suite", "all", "--jobs", "1"]
HERE = "here"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=8, help="clips of each benchmark in the main job; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=3, help="of both, in turn; the least counts")
    given, inner = parser.parse_known_args()
    if inner:
        carry_out(inner)
        return
    tasks = {"reading": ["read"]} | ({"main job": ["job", str(given.limit)]} if given.limit else {})
    for name, task in tasks.items():
        found = {where: [] for where in (HERE, "apart")}
        for _ in range(given.rounds):
            for where, seconds in found.items():
                seconds.append(measured([where, *task]))
        here, apart = (min(seconds) for seconds in found.values())
        print(f"{name}: {here:.2f} processor s decoding here, {apart:.2f} apart: {100 * (apart / here - 1):+.1f} %")


def measured(task: list[str]) -> float:
    """Return the processor seconds of a task and of all that it starts."""
    before = spent()
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "VSSEVAL_STORE": f"{folder}/store", "OMP_NUM_THREADS": "1"}
        subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), *task],
            check=False,
            cwd=folder,
            env=env,
            capture_output=True,
        )
    return spent() - before


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def carry_out(task: list[str]) -> None:
    """Be the measured process."""
    where, what, *more = task
    if where == HERE:
        decode_here()
    if what == "read":
        read_all()
        return
    from vsseval.cli import invoke

    raise SystemExit(invoke([*JOB, "--limit", *more]))


def read_all() -> None:
    """Read every shipped clip: its facts, its sound, its pictures sampled and at their own times."""
    from vsseval import benchmarks
    from vsseval.errors import Unmeasurable
    from vsseval.media import Video, load_audio, probe

    for path in sorted((Path(benchmarks.__file__).parent / "mini").glob("*/media/*")):
        try:
            if probe(path).has_audio:
                load_audio(path)
            if probe(path).has_video:
                Video(path).frames(25.0, (96, 96))
                list(Video(path).timed((64, 64), gray=True))
        except Unmeasurable:
            continue


def decode_here() -> None:
    """Have questions answered by this process."""
    from vsseval.media import apart, decoder

    class Here:
        def __init__(self) -> None:
            self.asked, self._server = 0, decoder.Server()

        def ask(self, name: str, question: object, files: list[int], _left: float) -> apart.Heard:
            try:
                served = self._server.serve(question, list(files))
            except Exception as error:  # noqa: BLE001
                served = decoder.Served(decoder.fault_of(error, Path(name)))
            return apart.Heard(served.answer, served.files[0] if served.files else -1)

        def close(self) -> None:
            pass

    apart.Decoder = Here


if __name__ == "__main__":
    main()
