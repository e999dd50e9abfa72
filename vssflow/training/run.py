"""The three stages in order: vision, features, flow; then the weights that ship."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from vsseval.errors import UsageError
from vssflow.config import ModelConfig
from vssflow.small.audio import frames_of
from vssflow.small.model import VSSFlow
from vssflow.training.data import Split, summary
from vssflow.training.features import Item, fit_codec, fit_phones, prepare
from vssflow.training.flow import FlowTraining
from vssflow.training.loop import Crew, Recipe, fit, save_atomically
from vssflow.training.vision import VisionTraining

if TYPE_CHECKING:
    from collections.abc import Sequence

VISION = Recipe(steps=1500, batch=16, rate=1e-3, save_every=100)
FLOW = Recipe(steps=3000, batch=32, rate=1e-3, warmup=200, save_every=100)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What one training is: data, place for checkpoints, recipes."""

    data: Path
    out: Path
    encoders: Path | None = None
    """Folder of another training whose video encoder, codec and features are used as they are."""
    config: str = "small"
    vision: Recipe = VISION
    flow: Recipe = FLOW
    tasks: tuple[str, ...] = ("v2s", "vtts", "joint")
    """Tasks whose clips are used by the flow stage."""
    validation: int = 96

    @property
    def sources(self) -> Path:
        """Folder of video encoder, codec and features."""
        return self.encoders or self.out


def train(training: Training) -> Path:
    """Run every stage that is not done yet; return the path of the trained weights.

    Kill it at any time and call it again: it goes on from the last checkpoint.
    """
    split = Split.read(training.data)
    torch.manual_seed(training.flow.seed)  # initial weights
    config = ModelConfig.named(training.config)
    config = replace(config, vision=replace(config.vision, labels=split.labels()))
    model = VSSFlow(config)
    learn, validation = split.held_out(training.validation)
    train_vision(model, split, training, learn, validation)
    items = encode_split(model, split, training)
    train_flow(model, split, items, training, (learn, validation))
    weights = training.out / "vssflow-small.safetensors"
    if Crew.assemble().rank == 0:
        (training.out / "data.json").write_text(json.dumps(summary(split), indent=2))
        model.eval().save(weights)  # last, and by renaming: where the weights are, the training is done
    return weights


def train_vision(
    model: VSSFlow, split: Split, training: Training, learn: Sequence[int], validation: Sequence[int]
) -> None:
    """Train the video encoder, or load it where that is done."""
    stage = VisionTraining(split, model.vision, validation).stage()
    lengths = [frames_of(row.seconds) for row in split.rows]
    recipe = training.vision
    if (training.sources / "codec.pt").exists():  # features are made from this encoder: it is not to change any more
        recipe = replace(recipe, steps=0)
    elif training.encoders is not None:
        raise UsageError(f"--encoders {training.encoders}: no finished encoders there (codec.pt is missing)")
    fit(stage, recipe, learn, lengths, training.sources / "vision")
    model.vision.requires_grad_(requires_grad=False)


def encode_split(model: VSSFlow, split: Split, training: Training) -> list[Item]:
    """Fit the components and the phones' statistics, and encode every clip, or load both where that is done."""
    crew, codec = Crew.assemble(), training.sources / "codec.pt"
    if crew.rank == 0 and not codec.exists():
        fit_codec(model, split)
        fit_phones(model, split)
        known = {"codec": model.codec.state_dict(), "durations": model.phone_durations, "shares": model.phone_shares}
        save_atomically(known, codec)
    crew.wait()
    known = torch.load(codec, weights_only=True)
    model.codec.load_state_dict(known["codec"])
    model.phone_durations.copy_(known["durations"])
    model.phone_shares.copy_(known["shares"])
    return prepare(model, split, training.sources / "features", crew)


def train_flow(
    model: VSSFlow,
    split: Split,
    items: list[Item],
    training: Training,
    parts: tuple[Sequence[int], Sequence[int]],
) -> None:
    """Train the transformer and the projections."""
    flow = FlowTraining(model, split, items, parts[1])
    learn = [index for index in parts[0] if split.rows[index].task in training.tasks]
    lengths = [frames_of(row.seconds) for row in split.rows]
    fit(flow.stage(), training.flow, learn, lengths, training.out / "flow")
