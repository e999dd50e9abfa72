"""The three stages of the small configuration in order: vision, features, flow; then the weights that ship."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from vsseval.errors import UsageError
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow
from vssflow.training.data import Split, summary
from vssflow.training.features import Item, fit_codec, fit_phones, fit_scenes, prepare
from vssflow.training.flow import FlowTraining
from vssflow.training.given import on_parts_of, teacher_for, trained_weights
from vssflow.training.loop import ProcessGroup, TrainingRecipe, fit, save_atomically
from vssflow.training.mixtures import Mixing, Mixtures
from vssflow.training.mouth import MouthTraining
from vssflow.training.recipe import require_same_training, training_facts
from vssflow.training.spectrum import SpectrumTraining
from vssflow.training.vision import VisionTraining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vssflow.sampling.guidance import Times

VISION = TrainingRecipe(steps=1500, batch=16, rate=1e-3, save_every=100)
MOUTH = TrainingRecipe(steps=1500, batch=32, rate=1e-3, save_every=250)
SPECTRUM = TrainingRecipe(steps=4000, batch=32, rate=2e-3, save_every=250)
FLOW = TrainingRecipe(steps=3000, batch=32, rate=1e-3, warmup=200, save_every=100, listen_every=500)
WEIGHTS = "vssflow-small.safetensors"
"""Name of the result in the folder of a training."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """What one training is: data, place for checkpoints, recipes."""

    data: Path
    out: Path
    encoders: Path | None = None
    """Folder of another training whose video encoder, codec and features are used as they are."""
    init: Path | None = None
    """Trained weights to start from; their video encoder and codec stay as they are."""
    parts_of: Path | None = None
    """Trained weights of which everything but the transformer and its projections is used as it is."""
    resize: bool = False
    """Start the transformer from that of `parts_of`, brought to the size of the configuration."""
    teacher: Path | None = None
    """Trained weights with the same parts, whose velocity is learnt in place of the data's."""
    config: str = "small"
    scheme: str = "paper"
    """Which conditions ride on the channel axis (`vssflow.conditions.SCHEMES`)."""
    width: int | None = None
    layers: int | None = None
    """Width and blocks of the transformer; None for the configuration's."""
    device: str = "cpu"
    """Where networks are trained; the features are made on the CPU."""
    vision: TrainingRecipe = VISION
    mouth: TrainingRecipe = MOUTH
    spectrum: TrainingRecipe = SPECTRUM
    flow: TrainingRecipe = FLOW
    tasks: tuple[str, ...] = ("v2s", "vtts", "joint")
    """Tasks whose clips are used by the flow stage."""
    even: bool = False
    """Every task gives the same share of a batch, and those clips that it would give if it were the only one."""
    mixing: Mixing | None = None
    guidance: float | None = None
    """Weight of guidance that the result is sampled with; None keeps the configuration's. May change afterwards."""
    guided: Times | None = None
    """Flow times between which there is guidance, likewise."""
    validation: int = 96

    @property
    def parts_given(self) -> bool:
        """Whether all but the transformer and its projections comes from trained weights."""
        return self.init is not None or self.parts_of is not None

    @property
    def sources(self) -> Path:
        """Folder of video encoder, codec and features."""
        return self.encoders or self.out

    def facts(self) -> dict[str, object]:
        """Say what must be the same when this training goes on."""
        mixing = None if self.mixing is None else [*self.mixing.modes, self.mixing.share]
        init = None if self.init is None else _digest(self.init)
        own = {
            "config": self.config,
            "scheme": self.scheme,
            "width": self.width,
            "layers": self.layers,
            "tasks": sorted(self.tasks),
            "even": self.even,
            "mixing": mixing,
            "init": init,
            "parts_of": None if self.parts_of is None else _digest(self.parts_of),
            "resize": self.resize,
            "teacher": None if self.teacher is None else _digest(self.teacher),
        }
        return training_facts(self.flow, own | {"validation": self.validation})


def train(training: Training) -> Path:
    """Run every stage that is not done yet; return the path of the trained weights.

    Kill it at any time and call it again: it goes on from the last checkpoint.

    Raises:
        UsageError: data, start and options do not go together; the message says which and what to do.
    """
    split = _split(training.data)
    processes = ProcessGroup.join(training.device)
    learn, validation = split.held_out(training.validation)
    model = starting_model(training, split)
    if training.guidance is not None:
        model.config = replace(model.config, guidance=training.guidance)
    if training.guided is not None:
        model.config = replace(model.config, guided=training.guided)
    if processes.rank == 0:
        require_same_training({"data": _digest(training.data / "index.jsonl")}, training.sources / "data_sha256.json")
        require_same_training(training.facts(), training.out / "flow" / "recipe.json")
    processes.wait()
    if not training.parts_given or training.encoders is not None:
        train_encoders(model, split, training, (learn, validation), processes)
    items = encode_split(model, split, training, processes)
    train_flow(model, split, items, training, (learn, validation), processes)
    if not training.parts_given:
        train_spectrum(model, split, training, (learn, validation), processes)
    weights = training.out / WEIGHTS
    if processes.rank == 0:
        (training.out / "data.json").write_text(json.dumps(summary(split), indent=2))
        model.cpu().eval().save(weights)  # last, and by renaming: where the weights are, the training is done
    processes.wait()
    return weights


def starting_model(training: Training, split: Split) -> VSSFlow:
    """Build the model with the weights that the flow stage starts from."""
    if training.init is not None:
        if training.width or training.layers:
            raise UsageError("--width and --layers are those of --init: leave them out")
        return trained_weights("--init", training.init)
    torch.manual_seed(training.flow.seed)  # initial weights
    config = ModelConfig.named(training.config).with_scheme(training.scheme)
    config = config.of_size(width=training.width, layers=training.layers)
    if training.resize and training.parts_of is None:
        raise UsageError("--resize needs the weights that are brought to another size: give them by --parts-of")
    if training.parts_of is not None:
        return on_parts_of(training.parts_of, config, split.labels())
    return VSSFlow(replace(config, vision=replace(config.vision, labels=split.labels())))


def train_encoders(
    model: VSSFlow,
    split: Split,
    training: Training,
    parts: tuple[Sequence[int], Sequence[int]],
    processes: ProcessGroup,
) -> None:
    """Train what sees, and what reads the curves of a mouth by its heads; or load both where that is done."""
    done = (training.sources / "codec.pt").exists()  # features are made from these: they are not to change any more
    if training.encoders is not None and not done:
        raise UsageError(f"--encoders {training.encoders}: no finished encoders there (codec.pt is missing)")
    given = [value.half() for value in model.vision.state_dict().values()]
    model.vision.to(processes.device)
    model.mouth.to(processes.device)
    speaking = [index for index in parts[0] if split.rows[index].voice is not None]
    for stage, recipe, learn, folder in (
        (VisionTraining(split, model.vision, parts[1]).stage(), training.vision, parts[0], "vision"),
        (MouthTraining(split, model, parts[1]).stage(), training.mouth, speaking, "mouth"),
    ):
        fit(
            stage,
            replace(recipe, steps=0) if done else recipe,
            [learn],
            split.lengths(),
            training.sources / folder,
            processes,
        )
        stage.module.requires_grad_(requires_grad=False)
    model.vision.cpu()
    model.mouth.cpu()
    found = [value.half() for value in model.vision.state_dict().values()]
    if training.parts_given and not all(map(torch.equal, given, found)):
        option, start = ("--init", training.init) if training.init is not None else ("--parts-of", training.parts_of)
        raise UsageError(
            f"--encoders {training.encoders} is not where {option} {start} comes from: the video encoders "
            f"differ. Leave --encoders out, and the features are made anew from those of {option}."
        )


def train_spectrum(
    model: VSSFlow,
    split: Split,
    training: Training,
    parts: tuple[Sequence[int], Sequence[int]],
    processes: ProcessGroup,
) -> None:
    """Train what draws the lines of the spectrum from mel bands, or go on, or load it where that is done."""
    model.lines.to(processes.device)
    stage = SpectrumTraining(split, model, parts[1]).stage()
    fit(stage, training.spectrum, [parts[0]], split.lengths(), training.sources / "spectrum", processes)
    model.lines.cpu().requires_grad_(requires_grad=False)


def encode_split(model: VSSFlow, split: Split, training: Training, processes: ProcessGroup) -> list[Item]:
    """Fit the components and the phones' statistics, and encode every clip, or load both where that is done."""
    codec = training.sources / "codec.pt"
    if processes.rank == 0 and not codec.exists():
        if not training.parts_given:
            fit_codec(model, split)
            fit_phones(model, split)
        known = {"codec": model.codec.state_dict(), "durations": model.phone_durations, "shares": model.phone_shares}
        save_atomically(known, codec)
    processes.wait()
    known = torch.load(codec, weights_only=True)
    model.codec.load_state_dict(known["codec"])
    model.phone_durations.copy_(known["durations"])
    model.phone_shares.copy_(known["shares"])
    items = prepare(model, split, training.sources / "features", processes)
    if not training.parts_given:
        fit_scenes(model, items, split)
    return items


def train_flow(
    model: VSSFlow,
    split: Split,
    items: list[Item],
    training: Training,
    parts: tuple[Sequence[int], Sequence[int]],
    processes: ProcessGroup,
) -> None:
    """Train the transformer and the projections."""
    mixtures = None
    if training.mixing is not None:
        mixtures = Mixtures(split, items, parts[0], model.codec, training.mixing)
    model.vaflow.to(processes.device)
    model.conditions.to(processes.device)
    teacher = None if training.teacher is None else teacher_for(model, training.teacher)
    flow = FlowTraining(model, split, items, parts[1], mixtures, teacher)
    if training.resize and training.parts_of is not None and not (training.out / "flow" / "checkpoint.pt").exists():
        flow.start_from(trained_weights("--parts-of", training.parts_of), parts[0])
    groups = [training.tasks] if not training.even else [(task,) for task in training.tasks]
    learn = [[index for index in parts[0] if split.rows[index].task in tasks] for tasks in groups]
    fit(flow.stage(), training.flow, learn, split.lengths(), training.out / "flow", processes)


def _split(root: Path) -> Split:
    try:
        split = Split.read(root)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    if not split.rows:
        raise UsageError(f"{root / 'index.jsonl'} holds no clip")
    return split


def _digest(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
