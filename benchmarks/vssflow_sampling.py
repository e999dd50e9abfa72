"""Measure the two samplers of vssflow side by side: the authors' (adaptive dopri5) and the fast one.

    python benchmarks/vssflow_sampling.py [--threads N] [--quick] [--out FILE]

The network is the authors' at true size, ten seconds long, with seeded weights: how long a matrix product takes does
not depend on what is in it. A whole clip, from pictures to sound, is counted by `benchmarks/vssflow_clip.py`; how far
the fast sampler's latents lie from the authors' on trained weights is measured by `benchmarks/vssflow_latent_error.py`.

Each part runs in a process of its own, so that its peak memory is its own. Within a part the two samplers take turns,
so that whatever else the machine does meets both. `--quick` leaves out the one complete solve of the authors at true
size (half an hour on one thread), and reports seconds per clip from the forwards that such a solve once took.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig
from vssflow.flow import state
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.reference import sample_reference
from vssflow.sampling.solvers import DEFAULT, DEFAULT_STEPS

FRAMES, LATENT, GUIDANCE = 250, 128, 3.0
SOLVE_FORWARDS = 160
"""Of a complete solve at true size with seeded weights: the golden run c_cfg_true_T8, eight frames."""


@torch.no_grad()
def seeded(network: nn.Module) -> nn.Module:
    """Fill a network that was made on the meta device."""
    generator = torch.Generator().manual_seed(0)
    network = network.to_empty(device="cpu").eval()
    for name, tensor in network.state_dict(keep_vars=True).items():
        if not tensor.is_floating_point() or "running_var" in name:
            tensor.fill_(1)
        else:
            tensor.normal_(0.0, 0.02, generator=generator)
            if tensor.ndim == 1 and name.endswith("weight") and "time_proj" not in name:
                tensor.add_(1)
    return network


def true_size() -> tuple[DiT, Conditions, Tensor]:
    with torch.device("meta"):
        dit = DiT(DiTConfig())
    draw = torch.Generator().manual_seed(1)
    locked = 0.3 * torch.randn(1, dit.config.channels - LATENT, FRAMES, generator=draw)
    cross = 0.3 * torch.randn(1, FRAMES + 1, dit.config.cross_width, generator=draw)
    return seeded(dit), Conditions(locked, cross), clip_noise([0], LATENT, [FRAMES])


class Cost(NamedTuple):
    """Seconds by the wall clock, and seconds of processor time: the same where nothing else runs on one thread."""

    wall: float
    processor: float


def timed(act: Callable[[], Any]) -> tuple[Cost, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    result = act()
    return Cost(time.perf_counter() - wall, time.process_time() - processor), result


def peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def reference_velocity(dit: DiT, conditions: Conditions, latent: Tensor) -> Tensor:
    """Two forwards, as the authors make them: one after the other, the empty one on zeros."""
    empty, t = conditions.dropped(), torch.full((1,), 0.4)
    without = dit(state(latent, empty), t, empty.cross)[:, :LATENT]
    with_conditions = dit(state(latent, conditions), t, conditions.cross)[:, :LATENT]
    return without + GUIDANCE * (with_conditions - without)


@torch.no_grad()
def part_velocity(rounds: int) -> dict[str, Any]:
    dit, conditions, noise = true_size()
    fast = FastSampler(dit)
    context, token = fast.folded.prepare(conditions), fast.time_token(0.4)
    costs: dict[str, list[Cost]] = {"reference": [], "fast": []}
    error = 0.0
    for _ in range(rounds):
        cost, reference = timed(lambda: reference_velocity(dit, conditions, noise))
        costs["reference"].append(cost)
        cost, quick = timed(lambda: fast.folded(noise, token, context, GUIDANCE))
        costs["fast"].append(cost)
        error = float((quick - reference).abs().max() / reference.abs().max())
    pairs = list(zip(costs["reference"], costs["fast"], strict=True))
    return {
        # a velocity is two forwards
        "seconds_per_forward": {name: round(min(c.wall for c in runs) / 2, 3) for name, runs in costs.items()},
        "processor_seconds": {name: round(min(c.processor for c in runs) / 2, 3) for name, runs in costs.items()},
        "times_quicker": round(statistics.median(slow.wall / quick.wall for slow, quick in pairs), 2),
        "times_less_processor": round(statistics.median(slow.processor / quick.processor for slow, quick in pairs), 2),
        "largest_deviation_of_the_velocity": error,
        "seconds_to_prepare_a_clip": round(timed(lambda: fast.folded.prepare(conditions))[0].wall, 3),
    }


@torch.no_grad()
def part_memory_reference() -> dict[str, Any]:
    dit, conditions, noise = true_size()
    reference_velocity(dit, conditions, noise)
    return {"peak_gb": peak_gb()}


@torch.no_grad()
def part_memory_fast() -> dict[str, Any]:
    dit, conditions, noise = true_size()
    fast = FastSampler(dit)
    del dit
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fast.sample(conditions, noise, steps=1)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return {
        "peak_gb": peak_gb(),
        "peak_gb_while_folding": round(started / 1e6, 2),
        "gb_after": round(resident / 1e9, 2),
    }


def part_solve() -> dict[str, Any]:
    dit, conditions, noise = true_size()
    fast = FastSampler(dit)
    quick_cost, quick = timed(lambda: fast.sample(conditions, noise, guidance=GUIDANCE))
    cost, slow = timed(lambda: sample_reference(dit, conditions, noise, guidance=GUIDANCE))
    return {
        "seconds": {"reference": round(cost.wall, 1), "fast": round(quick_cost.wall, 1)},
        "processor_seconds": {"reference": round(cost.processor, 1), "fast": round(quick_cost.processor, 1)},
        "forwards": {"reference": slow.evaluations, "fast": quick.evaluations},
        "relative_rms_error": float((quick.latent - slow.latent).norm() / slow.latent.norm()),
    }


def alone(part: str, threads: int, *more: str) -> dict[str, Any]:
    """Run one part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--threads", str(threads), *more]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return result


def whole(threads: int, *, quick: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "machine": {"processor": platform.processor() or platform.machine(), "threads": threads},
        "velocity": alone("velocity", threads),
        "memory": {name: alone(f"memory-{name}", threads) for name in ("reference", "fast")},
    }
    solve = {} if quick else alone("solve", threads)
    forwards = solve.get("forwards", {"reference": SOLVE_FORWARDS, "fast": 2 * DEFAULT_STEPS * DEFAULT.per_step})
    one = figures["velocity"]["seconds_per_forward"]
    transformer = {name: forwards[name] * one[name] for name in forwards}
    figures["clip"] = {
        "forwards": forwards,
        "seconds_in_the_transformer": {name: round(value, 1) for name, value in transformer.items()},
        "times_quicker_in_the_transformer": round(transformer["reference"] / transformer["fast"], 2),
    }
    return figures | ({"solve": solve} if solve else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="leave out the complete solve at true size")
    parser.add_argument("--rounds", type=int, default=5, help="of the two velocities in turn")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    parser.add_argument("--part", help="measure this part only, in this process")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "velocity": lambda: part_velocity(asked.rounds),
        "memory-reference": part_memory_reference,
        "memory-fast": part_memory_fast,
        "solve": part_solve,
    }
    figures = parts[asked.part]() if asked.part else whole(asked.threads, quick=asked.quick)
    text = json.dumps(figures, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
