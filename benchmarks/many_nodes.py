"""Simulate k workers on a large benchmark, from the times of units that were measured, in the order our engines give.

    vsseval run --model vssflow --benchmark mini_v2s --no-bounds --jobs 1 --trace trace.json
    python benchmarks/many_nodes.py trace.json [--clips 15000] [--workers 2 4 ... 64] [--shard-sizes 64 16] [--seed S]

What a clip's sound takes, and what each medium's features take, is drawn again and again from the measured pieces
(processor seconds; of a device, seconds of the clock). The units are handed out by the same `Workload` that the engines
ask. Loading is what the first piece of a kind took more than the middle one; each worker and each task of Slurm loads.

`dynamic` is `local` and Ray: whoever is idle gets the next unit. `parts` is `--shard i/k`, torchrun and Slurm with
`--workers k`: shard and hash choose the part. `array` is Slurm's array as it is cut by itself, each of k nodes taking
the next task. Efficiency is the work over k times the makespan; the tail is what lies between the first worker without
work and the end. Scores and intervals, made by one process at the end, are not in it.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import statistics
from collections import defaultdict, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from vsseval.engines.choice import WHOLE, Part
from vsseval.stages import slurm_parts
from vsseval.stages.extract_job import CHUNK, ExtractUnit
from vsseval.stages.generate import GenerateUnit
from vsseval.stages.plan import shard_size
from vsseval.stages.progress import NoProgress
from vsseval.stages.workload import Workload
from vsseval.types import ModelCard


class Measured(NamedTuple):
    """What was measured of one run, in seconds."""

    sounds: list[tuple[float, int]]
    """Pieces of generation: seconds, and clips."""
    heard: list[float]
    """Features of one sound."""
    given: list[float]
    """Features of one medium that needs no model: videos, references."""
    given_per_clip: float
    loading: float
    """What a process spends before its work is steady."""


class Drawn(NamedTuple):
    """The seconds of every piece of a large benchmark."""

    sounds: list[float]
    """By clip."""
    heard: list[float]
    given: list[float]


class Ended(NamedTuple):
    """How a simulation ended."""

    makespan: float
    efficiency: float
    tail: float


def read_trace(path: Path) -> Measured:
    """Read a trace of one run by `--jobs 1`."""
    events = sorted(json.loads(path.read_text())["traceEvents"], key=lambda event: event["ts"])
    of_kind: dict[str, list[float]] = defaultdict(list)
    sounds, groups, loading = [], [], 0.0
    for event in events:
        seconds = _seconds(event)
        if event["cat"] not in {"model", "extractor"}:
            continue
        earlier = of_kind[event["cat"] + event["name"]]
        earlier.append(seconds / max(event["args"]["clips"], 1))
        if event["cat"] == "model":
            sounds.append((seconds, event["args"]["clips"]))
        elif event["name"].startswith("open "):
            groups.append([event["name"], event])
        elif groups:
            groups[-1].append(event)
    for name, rates in of_kind.items():
        loading += max(0.0, rates[0] - statistics.median(rates)) * (sounds[0][1] if name.startswith("model") else 1)
    media = [(group[0], sum(_steady(event, of_kind) for event in group[1:])) for group in groups]
    clips = sum(count for _, count in sounds)
    videos = [seconds for name, seconds in media if name == "open video"]
    audio = [seconds for name, seconds in media if name != "open video"]
    if len(sounds) < 2 or len(audio) < clips:
        raise SystemExit(f"{path}: a trace of a run of many clips, made from nothing, is needed")
    return Measured(sounds[1:], audio, videos or audio, (len(media) - clips) / clips, loading)


def _seconds(event: dict[str, Any]) -> float:
    on_processor = event["args"]["device"].startswith("cpu")
    return float(event["args"]["processor_seconds"]) if on_processor else event["dur"] / 1e6


def _steady(event: dict[str, Any], of_kind: dict[str, list[float]]) -> float:
    """Return the seconds of a piece; of the first of its kind the middle one's, for loading is counted apart."""
    rates = of_kind[event["cat"] + event["name"]]
    seconds = _seconds(event)
    return statistics.median(rates) if seconds == rates[0] and len(rates) > 1 else seconds


def draw(measured: Measured, clips: int, random_: random.Random) -> Drawn:
    """Draw the pieces of a benchmark; clips that were measured together stay together."""
    sounds: list[float] = []
    while len(sounds) < clips:
        seconds, count = random_.choice(measured.sounds)
        sounds += [seconds / count] * count
    given = round(clips * measured.given_per_clip)
    return Drawn(
        sounds[:clips],
        [random_.choice(measured.heard) for _ in range(clips)],
        [random_.choice(measured.given) for _ in range(given)],
    )


class Run:
    """What `Workload` asks of a run, without files."""

    lost = False

    def __init__(self, drawn: Drawn, size: int, part: Part) -> None:
        self.drawn, self.done = drawn, 0
        self.ungenerated: deque[GenerateUnit] = deque()
        for shard, start in enumerate(range(0, len(drawn.sounds), size)):
            if part.takes_shard(shard):
                samples = range(start, min(start + size, len(drawn.sounds)))
                self.ungenerated.append(GenerateUnit(_plan(samples), shard))
        self.left = len(self.ungenerated)
        mine = [seconds for place, seconds in enumerate(drawn.given) if place % part.total == part.number]
        self.unextracted: deque[ExtractUnit] = deque(_units(mine))
        self.media = len(mine) + sum(len(unit.plan.samples) for unit in self.ungenerated)

    @property
    def generated(self) -> bool:
        return not self.left

    def take_generated(self, unit: GenerateUnit) -> None:
        self.left -= 1
        self.unextracted += _units([self.drawn.heard[clip] for clip in unit.plan.samples])

    def settle(self, _maker: Any, unit: ExtractUnit, _faults: Any) -> None:
        self.done += len(unit.jobs)

    def seconds(self, unit: GenerateUnit | ExtractUnit) -> float:
        if isinstance(unit, GenerateUnit):
            return sum(self.drawn.sounds[clip] for clip in unit.plan.samples)
        return sum(unit.jobs)  # type: ignore[arg-type]


def _plan(samples: range) -> Any:
    def journal(_shard: int) -> Path:
        return Path("/nonexistent/journal")

    return SimpleNamespace(samples=samples, model=SimpleNamespace(threads=1), paths=SimpleNamespace(journal=journal))


def _units(seconds: list[float]) -> list[ExtractUnit]:
    return [
        ExtractUnit(tuple(seconds[start : start + CHUNK]), Path())  # type: ignore[arg-type]
        for start in range(0, len(seconds), CHUNK)
        if any(seconds)
    ]


def dynamic(drawn: Drawn, size: int, workers: int, loading: float, part: Part = WHOLE) -> Ended:
    """Let k workers take unit after unit."""
    run = Run(drawn, size, part)
    work = Workload([run], run, NoProgress(), lambda *_: None, lambda _: None, workers)  # type: ignore[list-item,arg-type]
    idle = [(loading, place) for place in range(workers)]
    busy: list[tuple[float, int, int, Any]] = []
    spent, number, last = 0.0, 0, [0.0] * workers
    now = loading
    while True:
        while idle and (unit := work.next()) is not None:
            free, place = heapq.heappop(idle)
            seconds = run.seconds(unit)
            spent, number, last[place] = spent + seconds, number + 1, max(free, now) + seconds
            heapq.heappush(busy, (last[place], number, place, unit))
        if not busy:
            return Ended(max(last), spent / (workers * max(*last, loading)), max(last) - min(last))
        now, _, place, unit = heapq.heappop(busy)
        work.take(unit, [])
        heapq.heappush(idle, (now, place))


def parts(drawn: Drawn, size: int, count: int, nodes: int, loading: float) -> Ended:
    """Let each of k nodes take one part after the other."""
    each = [dynamic(drawn, size, 1, loading, Part(number, count)) for number in range(count)]
    free = [0.0] * min(nodes, count)
    for one in each:
        heapq.heapreplace(free, free[0] + one.makespan)
    spent = sum(one.makespan * one.efficiency for one in each)
    return Ended(max(free), spent / (nodes * max(free)), max(free) - (min(free) if count >= nodes else 0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--clips", type=int, default=15_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8, 16, 32, 64])
    parser.add_argument("--shard-sizes", type=int, nargs="+", help="clips; without it as a plan has it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sounds-alone", action="store_true", help="all features are there already")
    asked = parser.parse_args()
    measured = read_trace(asked.trace)
    drawn = draw(measured, asked.clips, random.Random(asked.seed))
    if asked.sounds_alone:
        drawn = Drawn(drawn.sounds, [0.0] * asked.clips, [])
    print(
        f"{asked.clips} clips: sounds {sum(drawn.sounds):.0f} s, features {sum(drawn.heard) + sum(drawn.given):.0f} s, "
        f"loading {measured.loading:.1f} s a process; measured on {sum(count for _, count in measured.sounds)} clips\n"
    )
    print("| clips a shard | k | way | makespan, s | efficiency | tail, s |\n|---|---|---|---|---|---|")
    for size in asked.shard_sizes or [shard_size(asked.clips, ModelCard(name="measured", version="1", tasks=()))]:
        shards = -(-asked.clips // size)
        tasks = -(-shards // slurm_parts.SHARDS_OF_A_TASK)
        for k in asked.workers:
            ways = {
                "dynamic": dynamic(drawn, size, k, measured.loading),
                "parts": parts(drawn, size, k, k, measured.loading),
                f"array of {tasks}": parts(drawn, size, tasks, k, measured.loading),
            }
            for way, ended in ways.items():
                print(f"| {size} | {k} | {way} | {ended.makespan:.0f} | {ended.efficiency:.1%} | {ended.tail:.1f} |")


if __name__ == "__main__":
    main()
