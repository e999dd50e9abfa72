"""How far the fast sampler's latents lie from the authors', by solver and by evaluations spent.

    python benchmarks/vssflow_latent_error.py [--clips N] [--weights FILE] [--threads N] [--default] [--out FILE]

Relative RMS error of the latent against dopri5 at 1e-5, geometric mean over clips taken evenly from the three
benchmarks that ship, at guidance 3. The weights are those of the small model that ships: only trained weights say how
bent a path is. The authors' own forwards on the same clips are counted beside it, and the default sampler in bfloat16
is compared with itself in single precision; and, as the weights are shipped, guidance between two times, with itself in
many steps. `--default` leaves the other solvers out.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vsseval.benchmarks import mini
from vsseval.media import load_audio
from vssflow.prompt import Prompt
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.guidance import Velocity
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.reference import sample_reference
from vssflow.sampling.solvers import DEFAULT, DEFAULT_STEPS, SOLVERS, Solver, times
from vssflow.small.model import VSSFlow

GUIDANCE = 3.0
BUDGETS = (8, 12, 16, 24, 32)
"""Velocities; each is two forwards."""
FINE = 320
"""Steps that stand for infinitely many."""
WEIGHTS = Path(str(resources.files("vssflow") / "weights" / "vssflow-small.safetensors"))


@dataclass(frozen=True)
class DataPrediction:
    """DPM-Solver++(2M) (arXiv 2211.01095) on the straight path: exponential, multistep, of second order.

    With noise level 1 - t and signal level t the data prediction is x + (1 - t) v. At t = 0, where the logarithm of
    their ratio is infinite, and in the last step, it is of first order, as in its authors' code.
    """

    bend: float = 1.0
    per_step: int = 1

    def walk(self, velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
        grid, x = times(steps, self.bend), noise
        before: tuple[float, Tensor] | None = None
        for start, end in pairwise(grid):
            predicted = x + (1 - start) * velocity(x, start)
            joined = predicted
            if before is not None and before[0] > 0 and end < 1:
                gone, coming = (_log_ratio(b) - _log_ratio(a) for a, b in ((before[0], start), (start, end)))
                joined = predicted + coming / (2 * gone) * (predicted - before[1])
            x = (1 - end) / (1 - start) * x + (end - start) / (1 - start) * joined
            before = start, predicted
        return x


def _log_ratio(t: float) -> float:
    return math.log(t / (1 - t))


def contenders() -> dict[str, Solver]:
    even: dict[str, Solver] = {**SOLVERS, "dpm++2m": DataPrediction()}
    bent = {
        f"{name}, t = s^{bend}": replace(solver, bend=bend) for bend in (1.25, 1.5) for name, solver in even.items()
    }
    return even | {name: solver for name, solver in bent.items() if not name.startswith(("euler", "dpm"))}


def rms_error(latent: Tensor, reference: Tensor) -> float:
    return float(((latent - reference).square().mean() / reference.square().mean()).sqrt())


def prompts(clips: int) -> Iterator[Prompt]:
    each = max(1, clips // 3)
    for benchmark in (mini.mini_v2s(), mini.mini_vtts(), mini.mini_joint()):
        samples = benchmark.samples()
        for sample in samples[len(samples) // (2 * each) :: math.ceil(len(samples) / each)]:
            said = sample.speaker_prompt
            yield Prompt(
                seconds=sample.duration,
                video=sample.video.path if sample.video else None,
                transcript=sample.transcript,
                speech_window=sample.speech_window,
                voice=None if said is None else torch.from_numpy(load_audio(said.path).mono(16_000)),
            )


def measure(weights: Path, clips: int, solvers: dict[str, Solver]) -> dict[str, Any]:
    model = VSSFlow.load(weights)
    fast = FastSampler(model.vaflow, model.config.latent)
    half = FastSampler(model.vaflow, model.config.latent, dtype=torch.bfloat16)
    errors: dict[str, dict[int, list[float]]] = {}
    forwards, chosen, halved, shipped = [], [], [], []
    own = {"guidance": model.config.guidance, "guided": model.config.guided}
    for number, prompt in enumerate(prompts(clips)):
        with torch.no_grad():
            conditions = model.conditions(model.features(prompt))
        noise = clip_noise([number], model.config.latent, [conditions.locked.shape[-1]])
        reference = sample_reference(model.vaflow, conditions, noise, guidance=GUIDANCE)
        forwards.append(reference.evaluations)
        whole = fast.sample(conditions, noise, guidance=GUIDANCE).latent
        chosen.append(rms_error(whole, reference.latent))
        halved.append(rms_error(half.sample(conditions, noise, guidance=GUIDANCE).latent, whole))
        walked = [fast.sample(conditions, noise, steps=steps, **own).latent for steps in (DEFAULT_STEPS, FINE)]
        shipped.append(rms_error(*walked))
        for name, solver in solvers.items():
            for budget in BUDGETS:
                if budget % solver.per_step == 0:
                    steps = budget // solver.per_step
                    latent = fast.sample(conditions, noise, guidance=GUIDANCE, steps=steps, solver=solver).latent
                    errors.setdefault(name, {}).setdefault(budget, []).append(rms_error(latent, reference.latent))
    return {
        "reference_forwards": forwards,
        "default": {
            "solver": repr(DEFAULT),
            "forwards": 2 * DEFAULT_STEPS * DEFAULT.per_step,
            "mean": round(statistics.geometric_mean(chosen), 4),
            "worst": round(max(chosen), 4),
        },
        "bfloat16_against_single": {
            "mean": round(statistics.geometric_mean(halved), 4),
            "worst": round(max(halved), 4),
        },
        f"as_shipped_against_{FINE}_steps": {
            "mean": round(statistics.geometric_mean(shipped), 4),
            "worst": round(max(shipped), 4),
        },
        "relative_rms_error": {
            name: {budget: round(statistics.geometric_mean(values), 4) for budget, values in row.items()}
            for name, row in errors.items()
        },
    }


def table(figures: dict[str, Any]) -> str:
    head = "| solver | " + " | ".join(f"{2 * budget} forwards" for budget in BUDGETS) + " |"
    rows = [
        f"| {name} | " + " | ".join(f"{100 * row[budget]:.2f} %" if budget in row else "" for budget in BUDGETS) + " |"
        for name, row in figures["relative_rms_error"].items()
    ]
    return "\n".join([head, "|---" * (len(BUDGETS) + 1) + "|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=12, help="of the small model, from all three benchmarks")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--default", action="store_true", help="measure the default solver only")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    figures = measure(asked.weights, asked.clips, {} if asked.default else contenders())
    print(table(figures))
    print(json.dumps({name: figures[name] for name in figures if name != "relative_rms_error"}, indent=2))
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
