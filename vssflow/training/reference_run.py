"""Training of the reference configuration from start to the checkpoint that generates."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from vsseval.errors import UsageError
from vssflow.training.loop import fit
from vssflow.training.mixtures import Mixing
from vssflow.training.process_group import ProcessGroup
from vssflow.training.recipe import TrainingRecipe, require_same_training, training_facts
from vssflow.training.reference import Mixture, ReferenceTraining
from vssflow.training.rows import ReferenceRow, read_rows
from vssflow.training.start import Networks, ReferenceShape, read_parts, start_from_stable_audio

BATCH = 288
"""36 clips on each of 4 GPUs, twice accumulated."""
RATE_OF_A_CLIP = 4e-7
"""Learning rate divided by the clips in a step."""
REFERENCE = TrainingRecipe(
    steps=251_000, batch=BATCH, rate=BATCH * RATE_OF_A_CLIP, warmup=2000, cooldown=0.0, weight_decay=0.01,
    betas=(0.9, 0.999), clip=None, average=None, accumulate=2, bf16=False, seed=42, save_every=1000,
)  # fmt: skip
"""AdamW, linear warm-up, then constant; neither clipping nor averaged weights."""
WEIGHTS = "vssflow-reference.safetensors"


@dataclass(frozen=True, kw_only=True)
class ReferencePlan:
    """What one training is."""

    rows: Path
    out: Path
    shape: ReferenceShape
    init: Path | None = None
    """Checkpoint to start from, the authors' or one of an earlier training."""
    stable_audio: Path | None = None
    """Transformer of Stable Audio Open to start from."""
    frozen: tuple[Path, ...] = ()
    """AudioLDM2's VAE, and, for a result that generates, its vocoder and CLIP."""
    recipe: TrainingRecipe = REFERENCE
    device: str = "cpu"
    masks: tuple[float, ...] = (0.0,)
    """One is drawn for each batch: the probability that a frame of lips or motion is dropped."""
    mixing: Mixing | None = None
    mix_rows: Path | None = None
    """Rows that mixtures are drawn from; `rows` without it."""
    validation: int = 32

    def facts(self) -> dict[str, object]:
        """Say what must be the same when this training goes on."""
        mixing = None if self.mixing is None else [*self.mixing.modes, self.mixing.share]
        files = {"init": self.init, "stable_audio": self.stable_audio, "rows": self.rows, "mix_rows": self.mix_rows}
        marks: dict[str, object] = {key: None if path is None else _mark(path) for key, path in files.items()}
        own = {"masks": self.masks, "mixing": mixing, "validation": self.validation, "shape": asdict(self.shape)}
        return training_facts(self.recipe, marks | own)


def train_reference(plan: ReferencePlan) -> Path:
    """Train, or go on; return the path of the checkpoint, which has the names of the authors' own.

    With the vocoder and CLIP among `frozen` (or in `init`) the result holds all 750 tensors, and generates.

    Raises:
        UsageError: rows, weights and options do not go together; the message says which and what to do.
    """
    processes = ProcessGroup.join(plan.device)
    rows = read_rows(plan.rows)
    learn, validation = held_out(len(rows), plan.validation)
    mixture = _mixture(plan, rows, learn)
    networks = _networks(plan)
    if processes.rank == 0:
        require_same_training(plan.facts(), plan.out / "flow" / "recipe.json")
    processes.wait()
    if processes.device.type == "cuda":
        torch.set_float32_matmul_precision("medium")
    networks.to(processes.device)
    training = ReferenceTraining(
        networks.vaflow, networks.conditions, plan.shape.conditions, networks.vae, rows,
        validation=validation, masks=plan.masks, mixture=mixture, vocoder=networks.vocoder,
    )  # fmt: skip
    # all clips have ten seconds
    fit(training.stage(), plan.recipe, [learn], [0] * len(rows), plan.out / "flow", processes)
    path = plan.out / WEIGHTS
    if processes.rank == 0:
        partial = path.with_suffix(".partial")
        save_file(networks.checkpoint(), partial)
        partial.replace(path)
    processes.wait()
    return path


def held_out(rows: int, count: int) -> tuple[list[int], list[int]]:
    """Indices for training and for validation: every k-th row; at least every other row is trained on."""
    if count == 0 or rows == 1:
        return list(range(rows)), []
    stride = max(2, rows // count)
    return [row for row in range(rows) if row % stride], list(range(0, rows, stride))


def _networks(plan: ReferencePlan) -> Networks:
    torch.manual_seed(plan.recipe.seed)  # initial weights
    given = ((plan.init,) if plan.init is not None else ()) + plan.frozen
    networks = Networks(plan.shape, read_parts(given), source=", ".join(map(str, given)))
    if plan.stable_audio is not None:
        if plan.init is not None:
            raise UsageError("--init and --stable-audio both say what to start from: give one of them")
        start_from_stable_audio(networks.vaflow, plan.stable_audio)
    return networks


def _mixture(plan: ReferencePlan, rows: tuple[ReferenceRow, ...], learn: list[int]) -> Mixture | None:
    if plan.mixing is None:
        return None
    pool = tuple(rows[index] for index in learn) if plan.mix_rows is None else read_rows(plan.mix_rows)
    if not any(row.speaks for row in pool) or all(row.speaks for row in pool):
        raise UsageError(f"--mix needs rows with phones and rows without; {plan.mix_rows or plan.rows} has not both")
    return Mixture(pool, plan.mixing.modes, plan.mixing.share)


def _mark(path: Path) -> str:
    """Tell files apart by their first mebibyte and their size: checkpoints take gigabytes."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    with path.open("rb") as file:
        start = file.read(2**20)
    return f"{hashlib.sha256(start).hexdigest()[:16]} ({path.stat().st_size} bytes)"
