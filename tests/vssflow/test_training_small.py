"""Training of the small configuration from a split to weights, and from weights on."""

from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from support.training_split import write_split
from vsseval.errors import UsageError
from vssflow.commands.train import command
from vssflow.prompt import Prompt
from vssflow.small.model import VSSFlow
from vssflow.training.data import Split
from vssflow.training.flow import FlowTraining
from vssflow.training.mixtures import Mixing
from vssflow.training.recipe import TrainingRecipe
from vssflow.training.run import Training, train

ONE = TrainingRecipe(steps=1, batch=2, rate=1e-3)
STEPS = {"vision": ONE, "mouth": ONE, "spectrum": ONE, "flow": ONE}


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    return write_split(tmp_path_factory.mktemp("small") / "split")


@pytest.fixture(scope="module")
def first(split, tmp_path_factory):
    """A training of one step a stage, and the weights that it wrote."""
    out = tmp_path_factory.mktemp("small") / "first"
    return out, train(Training(data=split, out=out, **STEPS))


def test_weights_start_a_fine_tuning_on_mixtures(split, first, tmp_path):
    out, weights = first
    on = Training(
        data=split, out=tmp_path / "on", init=weights, encoders=out, **STEPS, tasks=("v2s",),
        mixing=Mixing(("add", "insert"), 1.0),
    )  # fmt: skip
    before, after = VSSFlow.load(weights).state_dict(), VSSFlow.load(train(on)).state_dict()
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"vaflow", "conditions"}
    assert not (tmp_path / "on" / "features").exists()


def test_without_encoders_the_features_are_made_from_the_weights(split, first, tmp_path):
    train(Training(data=split, out=tmp_path / "on", init=first[1], **STEPS))
    assert (tmp_path / "on" / "features" / "0000.pt").exists()
    assert not (tmp_path / "on" / "vision").exists()


def test_another_transformer_stands_on_the_parts_of_trained_weights(split, first, tmp_path):
    on = Training(data=split, out=tmp_path / "on", parts_of=first[1], **STEPS)
    on = replace(on, flow=replace(ONE, seed=5))
    before, after = VSSFlow.load(first[1]).state_dict(), VSSFlow.load(train(on)).state_dict()
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"vaflow", "conditions"}
    assert not (tmp_path / "on" / "vision").exists()
    other = write_split(tmp_path / "other", label="dog")
    with pytest.raises(UsageError, match="knows other scenes"):
        train(replace(on, data=other, out=tmp_path / "out"))


def test_a_transformer_of_the_same_size_starts_where_the_trained_one_is(split, first, tmp_path):
    on = Training(data=split, out=tmp_path / "on", parts_of=first[1], resize=True, **STEPS)
    still = replace(on, flow=replace(ONE, rate=1e-12, warmup=0))
    before, after = VSSFlow.load(first[1]), VSSFlow.load(train(still))
    state, cross = torch.ones(1, before.config.dit.channels, 5), torch.ones(1, 6, before.config.dit.cross_width)
    with torch.no_grad():
        ways = [model.vaflow(state, torch.tensor([0.5]), cross) for model in (before, after)]
    assert (ways[0] - ways[1]).norm() < 0.01 * ways[0].norm()  # weights are kept in half precision
    with pytest.raises(UsageError, match="give them by --parts-of"):
        train(Training(data=split, out=tmp_path / "out", resize=True, **STEPS))


def test_a_student_comes_nearer_to_the_velocity_of_its_teacher(split, first, tmp_path):
    taught = replace(ONE, steps=30, average=None, save_every=30, warmup=0, cooldown=0, rate=3e-3)
    on = Training(data=split, out=tmp_path / "on", parts_of=first[1], teacher=first[1], **STEPS | {"flow": taught})

    def distance(path):
        teacher, student = VSSFlow.load(first[1]), VSSFlow.load(path)
        flow = FlowTraining(student, Split.read(split), torch.load(tmp_path / "on" / "features" / "0000.pt"), [])
        inputs = flow.training_batch([0, 1], torch.Generator().manual_seed(0))
        with torch.no_grad():
            return float(flow.taught_losses(inputs, teacher, torch.Generator().manual_seed(1)).mean())

    final = train(on)
    anew = train(replace(on, out=tmp_path / "anew", teacher=None, flow=replace(ONE, rate=1e-9)))
    assert distance(final) < 0.85 * distance(anew)
    weights = VSSFlow.load(first[1])
    with torch.no_grad():
        weights.mouth.state_dict()[next(iter(weights.mouth.state_dict()))].add_(1.0)
    weights.save(tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match="has other parts than the model"):
        train(replace(on, out=tmp_path / "out", teacher=tmp_path / "other.safetensors"))


def test_the_guidance_of_a_finished_training_is_changed_by_calling_again(split, first, tmp_path):
    out, weights = first
    begun = Training(data=split, out=tmp_path / "on", init=weights, encoders=out, **STEPS, guidance=2.0)
    before = VSSFlow.load(train(begun))
    after = VSSFlow.load(train(replace(begun, guidance=1.5)))
    assert (before.config.guidance, after.config.guidance) == (2.0, 1.5)
    assert all(torch.equal(value, after.state_dict()[key]) for key, value in before.state_dict().items())
    sounds = [after.generate(Prompt(0.4), seed=0, steps=2, guidance=weight) for weight in (None, 1.5, 2.0)]
    assert torch.equal(sounds[0], sounds[1])
    assert not torch.equal(sounds[0], sounds[2])
    spanned = VSSFlow.load(train(replace(begun, guidance=1.5, guided=(0.25, 0.75))))
    assert (after.config.guided, spanned.config.guided) == ((0.0, 1.0), (0.25, 0.75))
    assert not torch.equal(spanned.generate(Prompt(0.4), seed=0, steps=2), sounds[0])


def test_encoders_of_another_training_are_refused(split, first, tmp_path):
    weights = VSSFlow.load(first[1])
    with torch.no_grad():
        weights.vision.to_lip.weight.add_(1.0)
    weights.save(tmp_path / "other.safetensors")
    for change, message in (
        ({"init": tmp_path / "other.safetensors", "encoders": first[0]}, "the video encoders differ"),
        ({"init": first[0] / "codec.pt"}, r"codec\.pt cannot be loaded"),
        ({"encoders": tmp_path}, "no finished encoders there"),
        ({"encoders": first[0], "data": write_split(tmp_path / "other", seed=1, clips=4)}, "begun otherwise: data"),
        ({"data": tmp_path / "nothing"}, r"no training split in .*make it with"),
        ({"encoders": first[0], "tasks": ("joint",)}, "no clip to train flow on"),
    ):
        known = {"data": split, "out": tmp_path / "out" / message[:5], **STEPS}
        with pytest.raises(UsageError, match=message):
            train(Training(**{**known, **change}))


def test_options_that_go_against_each_other_are_refused(split, tmp_path):
    base = ["--data", str(split), "--out", str(tmp_path)]
    for wrong, message in (
        ([*base, "--width", "100"], "--width 100: 4 heads need a multiple of 16"),
        ([*base, "--mask-ratio", "1", "--frozen", str(split / "index.jsonl")], "--frozen, --mask-ratio are for"),
        ([*base, "--mix", "add", "--mix-share", "0"], "mixes nothing"),
        ([*base, "--guided", "0.9", "0.1"], "--guided 0.9 0.1: the first time has to come before the second"),
        (["--out", str(tmp_path)], "--data is missing"),
    ):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(command, wrong, catch_exceptions=False)
    done = CliRunner().invoke(command, [*base, "--tasks", "v2s,tts"])
    assert done.exit_code == 2
    assert "tts: tasks are v2s, vtts, joint" in done.output
