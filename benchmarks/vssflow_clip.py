"""A whole clip at the authors' true size, part by part: their sequence, ours in single precision, ours in bfloat16.

    python benchmarks/vssflow_clip.py [--rounds N] [--out FILE]

Seeded weights, ten seconds of noise for a video, one thread, processor seconds, the median of rounds in which the
three take turns. What is made of many equal pieces (segments, pictures, windows, forwards of the transformer) is timed
on a piece and multiplied; "authors" is their order of work on the plain networks, whose output equals theirs to the
goldens' 1e-5. Differences are the greatest of a part's output, relative to the greatest number in it, given the same
input; for the sampler that of one guided velocity (what fewer steps change: `vssflow_latent_error.py`).
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from vssflow_sampling import GUIDANCE, LATENT, SOLVE_FORWARDS, reference_velocity, timed, true_size

from vssflow.sampling.fast import FastSampler
from vssflow.sampling.solvers import DEFAULT, DEFAULT_STEPS

Act = Callable[[], Tensor]
PICTURES = 4
"""Of CLIP that are timed, of 100."""


class Part(NamedTuple):
    """One network, three ways: what runs, and how often a clip needs it."""

    name: str
    authors: tuple[Act, float]
    single: tuple[Act, float]
    half: tuple[Act, float]


class Row(NamedTuple):
    """Processor seconds of a clip, and differences from the authors' output."""

    part: str
    authors: float
    single: float
    half: float
    single_difference: float
    half_difference: float


def parts() -> Iterator[Part]:
    """Yield one part after the other; the networks of one are let go before the next."""
    yield clip()
    yield synchformer()
    yield from same()
    yield sampler()


def clip() -> Part:
    from vsseval.networks.clip import ClipVision
    from vsseval.networks.frozen_clip import FrozenClip

    network = drawn(ClipVision().eval())
    single, half = FrozenClip(network), FrozenClip(network, dtype=torch.bfloat16)
    pictures, times = noise(PICTURES, 3, 224, 224), 100 / PICTURES
    return Part(
        "CLIP, 100 pictures",
        *((lambda encode=one.encode: encode(pictures), times) for one in (network, single, half)),  # type: ignore[misc]
    )


def synchformer() -> Part:
    from vsseval.networks.frozen_synchformer import FrozenSynchformer
    from vsseval.networks.synchformer_vision import SynchformerVision

    network = drawn(SynchformerVision().eval())
    single, half = FrozenSynchformer(network), FrozenSynchformer(network, dtype=torch.bfloat16)
    frames = noise(16, 3, 224, 224)
    return Part(
        "Synchformer, 30 segments",
        *((lambda encode=one.encode: encode(frames), 30) for one in (network, single, half)),  # type: ignore[misc]
    )


def same() -> Iterator[Part]:
    """Yield what is the same in all three."""
    from vsseval.networks.rawnet3 import RawNet3
    from vssflow.reference.vae import MelVAE, latent_to_vae
    from vssflow.reference.vocoder import HifiGan

    rawnet, voice = RawNet3().eval(), 0.1 * noise(1, 48_000)
    vae, latent = MelVAE().eval(), noise(1, LATENT, 250)
    vocoder, mel = HifiGan().eval(), noise(1, 1000, 64)
    yield alike("RawNet3, 10 windows", lambda: rawnet(voice), 10)
    yield alike("VAE", lambda: vae.decode(latent_to_vae(latent)), 1)
    yield alike("vocoder", lambda: vocoder(mel), 1)


def alike(name: str, act: Act, times: float) -> Part:
    return Part(name, (act, times), (act, times), (act, times))


def sampler() -> Part:
    dit, conditions, start = true_size()
    ours = SOLVE_FORWARDS / 2, DEFAULT_STEPS * DEFAULT.per_step

    def fast(dtype: torch.dtype) -> Act:
        one = FastSampler(dit, dtype=dtype)
        context, token = one.folded.prepare(conditions), one.time_token(0.4)
        return lambda: one.folded(start, token, context, GUIDANCE)  # type: ignore[no-any-return]

    return Part(
        f"transformer, {SOLVE_FORWARDS} and {2 * ours[1]} forwards",
        (lambda: reference_velocity(dit, conditions, start), ours[0]),
        (fast(torch.float32), ours[1]),
        (fast(torch.bfloat16), ours[1]),
    )


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


def drawn(network: Any) -> Any:
    """Draw the weights at the scale of the goldens: classes and positions that start as zeros say nothing."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.named_parameters():
        tensor.normal_(0.0, 0.02, generator=generator)
        if tensor.ndim == 1 and "norm" in name.replace("ln_", "norm") and name.endswith("weight"):
            tensor.add_(1)
    return network


@torch.no_grad()
def measure(part: Part, rounds: int) -> Row:
    ways = [part.authors] if part.authors == part.half else [part.authors, part.single, part.half]
    costs: list[list[float]] = [[] for _ in ways]
    results: list[Tensor] = []
    for _ in range(rounds):
        results = []
        for (act, times), known in zip(ways, costs, strict=True):
            cost, result = timed(act)
            known.append(cost.processor * times)
            results.append(result)
    seconds = [round(statistics.median(known), 1) for known in costs]
    differences = [float((one - results[0]).abs().max() / results[0].abs().max()) for one in results]
    authors, single, half = seconds * (3 // len(ways))
    return Row(part.name, authors, single, half, differences[len(ways) > 1], differences[-1])


def table(rows: list[Row]) -> str:
    head = "| part | authors, s | ours, s | ours in bfloat16, s | difference | in bfloat16 |"
    rule = "|---|---:|---:|---:|---:|---:|"
    lines = [
        f"| {row.part} | {row.authors:.1f} | {row.single:.1f} | {row.half:.1f} | "
        f"{row.single_difference:.1e} | {row.half_difference:.1e} |"
        for row in rows
    ]
    authors, single, half = (sum(row[way] for row in rows) for way in (1, 2, 3))
    whole = (
        f"| **the clip** | {authors:.0f} | {single:.0f} ({authors / single:.2f} times quicker) | "
        f"{half:.0f} ({authors / half:.2f} times quicker) | | |"
    )
    return "\n".join([head, rule, *lines, whole])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with torch.no_grad():
        rows = [measure(part, asked.rounds) for part in parts()]
    print(table(rows))
    if asked.out:
        asked.out.write_text(json.dumps([row._asdict() for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
