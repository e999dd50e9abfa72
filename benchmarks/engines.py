"""Set `local`, Ray and Slurm side by side: the same units by k workers, the same bytes, and what engines cost besides.

    python benchmarks/engines.py waiting [--workers 1 2 4] [--units 24] [--repeats R]
    python benchmarks/engines.py real [--workers 1 2 4] [--model M] [--benchmark B] [--limit L] [--metric ID ...]

`waiting` gives units of one second that wait, as a unit does whose work is on a card or on another machine: there k
workers are k workers on any machine, and wall seconds are the figure. `real` runs a model and its metrics as
`vsseval run` does; where other work shares the cores, processor seconds are the figure. Ray has a cluster of k nodes of
one processor each on this machine, Slurm is submitit's local executor with k tasks.

`whole` is all that was spent, the cluster's start and end included. `without start` is for `waiting` the mean
worker's time from the begin of its first unit to the end of its last one; for `real` the processor seconds less those
of the same engine and k around units that load torch and wait. Percentages are over `local` with as many workers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from trees import Spent, spend
from waiting import Waiting, wait_in_turn

ENGINES = ("local", "ray", "slurm")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz", "flags.json")
HERE = Path(__file__).resolve().parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def with_cluster(workers: int, work: Any) -> Any:
    """Call something with the address of a Ray cluster of k nodes, each of one processor."""
    # without the latter Ray takes the address of a network card where it is given the loopback address
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(workers - 1):
            cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
        return work(cluster.address)
    finally:
        cluster.shutdown()


def carried_out(engine: str, workers: int, folder: Path, units: list[Waiting]) -> list[Any]:
    """Carry out units that wait; return when each began and ended, and in which process."""
    from vsseval.engines.listed import run_all
    from vsseval.engines.local import Local
    from vsseval.engines.on_ray import OnRay

    if engine == "local":
        with Local(workers) as local:
            return run_all(local, units)
    if engine == "ray":

        def on(address: str) -> list[Any]:
            with OnRay(address, workers) as ray:
                return run_all(ray, units)

        return with_cluster(workers, on)
    return _as_tasks(units, workers, folder)


def _as_tasks(units: list[Waiting], workers: int, folder: Path) -> list[Any]:
    from vsseval.engines.choice import Part
    from vsseval.engines.slurm import run_array, slurm_options

    parts = [Part(number, workers) for number in range(workers)]
    mine = [[unit for unit in units if part.takes_shard(unit.number)] for part in parts]
    tasks = [partial(wait_in_turn, some) for some in mine]
    ended = run_array(tasks, folder / "log", slurm_options("cluster=local"), lambda _: None, lambda _: None)
    assert not any(one.fault for one in ended), ended
    return [found for one in ended for found in one.result]


def real_run(engine: str, workers: int, asked: argparse.Namespace) -> None:
    """Run a model as the command line does, in this process's folder."""
    from vsseval.cli import main

    common = ["run", "--model", asked.model, "--benchmark", asked.benchmark, "--no-bounds", "--store", "store"]
    common += ["--limit", str(asked.limit)] if asked.limit else []
    common += [word for metric in asked.metric for word in ("--metric", metric)]

    def run(*more: str) -> None:
        sys.argv = ["vsseval", *common, *more]
        try:
            main()
        except SystemExit as end:
            if end.code not in {0, 3, None}:
                raise

    if engine == "local":
        run("--jobs", str(workers))
    elif engine == "ray":
        with_cluster(workers, lambda address: run("--engine", f"ray:{address}"))
    else:
        run("--engine", "slurm:cluster=local", "--workers", str(workers), "--jobs", "1")


def hash_of(folder: Path) -> str:
    """Return one hash of everything that was made: not of journals and headers, which tell seconds and hosts."""
    found = hashlib.sha256()
    outputs = sorted(folder.glob("runs/*/audio/*")) + sorted(folder.glob("out/*"))
    outputs += [path for name in RESULTS for path in sorted(folder.glob(f"runs/*/{name}"))]
    assert outputs, folder
    for path in outputs:
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def measured(kind: str, engine: str, workers: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Carry out one case in a process of its own."""
    folder = Path(tempfile.mkdtemp(prefix="vsseval-engines-"))
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, str(HERE / "engines.py"), *asked.words, "--one", kind, engine, str(workers)]
    try:
        spent: Spent = spend(command, folder, {**ONE_THREAD, "PYTHONPATH": paths})
        case = {"whole wall": spent.wall, "whole processor": spent.processor, "bytes": hash_of(folder)}
        times = folder / "times.json"
        return case | (json.loads(times.read_text()) if times.exists() else {})
    finally:
        shutil.rmtree(folder)


def carry_out_one(asked: argparse.Namespace) -> None:
    """Be the process of one case."""
    kind, engine, workers = asked.one[0], asked.one[1], int(asked.one[2])
    if kind == "real":
        real_run(engine, workers, asked)
        return
    seconds, count = (asked.seconds, asked.units) if kind == "waiting" else (0.3, 2 * workers)
    folder = Path.cwd()
    (folder / "out").mkdir()
    units = [Waiting(number, folder / "out", seconds, kind == "start") for number in range(count)]
    begun = time.time()
    found = carried_out(engine, workers, folder, units)
    first, last = min(one[0] for one in found), max(one[1] for one in found)
    mine: dict[int, list[tuple[float, float]]] = {}
    for start, end, process in found:
        mine.setdefault(process, []).append((start, end))
    busy = sum(max(end for _, end in one) - min(start for start, _ in one) for one in mine.values())
    times = {"start wall": first - begun, "wall without start": busy / workers, "end wall": time.time() - last}
    Path("times.json").write_text(json.dumps(times))


def compared(kind: str, workers: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure all engines with k workers, in turns, and set them beside `local`."""
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in asked.engines}
    for _ in range(asked.repeats):
        for engine in asked.engines:
            case = measured(kind, engine, workers, asked)
            if kind == "real":
                start = measured("start", engine, workers, asked)
                case["start processor"] = start["whole processor"]
                case["processor without start"] = case["whole processor"] - start["whole processor"]
            case["load"] = round(os.getloadavg()[0], 1)
            found[engine].append(case)
            print(workers, engine, {key: _short(value) for key, value in case.items()}, file=sys.stderr, flush=True)
    figures = [name for name in next(iter(found.values()))[0] if name not in {"bytes", "load"}]
    shown: dict[str, Any] = {
        engine: {name: round(statistics.median(one[name] for one in cases), 2) for name in figures}
        for engine, cases in found.items()
    }
    key = "wall" if kind == "waiting" else "processor"
    for engine in shown if "local" in shown else ():
        for name in (f"whole {key}", f"{key} without start"):
            shown[engine][f"{name}, % over local"] = round(100 * (shown[engine][name] / shown["local"][name] - 1), 1)
    if kind == "waiting":
        shown["no engine at all"] = {"wall without start": -(-asked.units // workers) * asked.seconds}
    shown["same bytes"] = len({case["bytes"] for cases in found.values() for case in cases}) == 1
    return shown


def _short(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("waiting", "real"))
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--units", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a unit that waits")
    parser.add_argument("--model", default="vssflow")
    parser.add_argument("--benchmark", default="mini_v2s")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--metric", nargs="+", default=["kl@aisfx", "clap_score@mini", "desync@onset"])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        carry_out_one(asked)
        return
    asked.words = sys.argv[1:]
    print(json.dumps({workers: compared(asked.kind, workers, asked) for workers in asked.workers}, indent=2))


if __name__ == "__main__":
    main()
