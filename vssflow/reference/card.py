"""What a table says of the reference configuration: which size, which sampler, what is absent. Text only, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from vsseval.networks.processor import multiplies_bfloat16
from vssflow.reference.checkpoint_networks import SIZES
from vssflow.reference.files import RAWNET3, SYNCHFORMER, WeightFiles

Sampler = Literal["fast", "reference"]

FAST_SOLVER, FAST_STEPS = "pec2", 16
"""Name and steps of what `vssflow.sampling.solvers` takes where nothing is asked for; a change there is a change of
every sound, so that a test holds the two together."""
FAST_ERROR = 0.077
"""Relative RMS error of the fast sampler's latent against that of the authors' solver at the default steps: the worst
of twelve clips of the shipped benchmarks (0.0216 in the geometric mean), on the small model's weights, for the
authors' are not public (`benchmarks/vssflow_latent_error.py --clips 12`). Cards print it."""
HALF_ERROR = 0.009
"""The same of the fast sampler in bfloat16 against itself in single precision: the worst of the same clips."""
_HASH_SHOWN = 8
_WINDOWS = "clips over 10 s are generated in overlapping windows"


class GenerationOptions(NamedTuple):
    """Options of a model beyond its weights."""

    sampler: Sampler = "fast"
    steps: int | None = None
    """Of the fast sampler; None for its default."""
    lips: Path | None = None
    """Folder of AV-HuBERT features."""
    half: bool = False
    """On a processor, ask for the matrices of the vision networks and of the sampler in bfloat16."""


def halved(generation: GenerationOptions, device: str) -> bool:
    """Say whether vision and sampler are computed in bfloat16 on a processor.

    That is so where it was asked for and the processor multiplies in it. Everywhere else they are computed in single
    precision, as if nobody had asked, and `version` and `note` say so.
    """
    return generation.half and device == "cpu" and multiplies_bfloat16()


def version(blocks: int, generation: GenerationOptions, device: str = "cpu") -> str:
    """Name the size and everything that changes the sound: `reference-10-fast-pec2-16-bf16-bf16vision-lips`."""
    parts = ["reference", str(blocks)]
    if generation.sampler == "reference":
        parts.append("dopri5")
    else:
        parts += ["fast", FAST_SOLVER, str(generation.steps or FAST_STEPS)]
        # elsewhere than on a CPU the fast sampler's matrices are in half precision, and vision in single
        half = halved(generation, device)
        parts += ["bf16"] if half or device != "cpu" else []
        parts += ["bf16vision"] if half else []
    return "-".join([*parts, *(["lips"] if generation.lips is not None else [])])


def note(
    blocks: int,
    files: WeightFiles,
    hashes: dict[str, str],
    generation: GenerationOptions,
    lip_files: int,
    device: str = "cpu",
) -> str:
    """Say under every table what the sound was made with, and without.

    Args:
        blocks: depth of the transformer.
        files: of weights.
        hashes: sha256 of each, by name.
        generation: sampler and lips.
        lip_files: how many there are in the folder of lips.
        device: where it runs.
    """
    size = f" ({SIZES[blocks]} size)" if blocks in SIZES else ""
    weights = ", ".join(f"{name} {hashes[name][:_HASH_SHOWN]}" for name in (path.name for path in files.present))
    return "; ".join([
        f"the reference configuration, {blocks} blocks{size}, weights {weights}",
        _sampling(generation),
        *_precision(generation, device),
        _lips(generation.lips, lip_files),
        *_absent(files),
        _WINDOWS,
    ])  # fmt: skip


def _sampling(generation: GenerationOptions) -> str:
    if generation.sampler == "reference":
        return "the authors' own sampler (dopri5 at 1e-5)"
    if generation.steps is None:
        return (
            f"fast sampler, whose latent differs from that of the authors' dopri5 by up to {FAST_ERROR:.1%} (relative "
            "RMS, measured on the small model's weights)"
        )
    return "fast sampler instead of the authors' dopri5"


def _precision(generation: GenerationOptions, device: str) -> list[str]:
    if not generation.half:
        return []
    if halved(generation, device):
        moved = f"{HALF_ERROR:.1%} more (relative RMS, measured for the sampler on the small model's weights)"
        return [f"vision and sampler multiply in bfloat16, which moves the latent by {moved}"]
    if device != "cpu":
        return ["bf16 was asked for: on a device it is always that of the sampler, and never that of vision"]
    return ["bf16 was asked for, and this processor does not multiply in it (AVX512_BF16, AMX): single precision"]


def _lips(folder: Path | None, count: int) -> str:
    if folder is None:
        return (
            "no lip features: zeros, as in the authors' own inference, so that speech is not the paper's VisualTTS, "
            "which sees lips (vssflow:lips=DIR)"
        )
    return f"AV-HuBERT lip features of {count} clips from {folder.resolve().name}, zeros for the others"


def _absent(files: WeightFiles) -> list[str]:
    found = []
    if files.synchformer is None:
        found.append(f"no {SYNCHFORMER} beside the checkpoint: zeros for the motion that Synchformer sees")
    if files.rawnet3 is None:
        found.append(f"no {RAWNET3} beside the checkpoint: zeros for the voice, whatever the prompt")
    return found
